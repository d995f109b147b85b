//! Arguments of a call as they are typed: in order or as `name=value`; numbers in any base, negative ones, constants, and
//! several joined by `|`.

use crate::{Arch, PolicyError, names, words};

/// Up to six words to six values.
pub(crate) fn arguments(
    way: Arch,
    call: Option<&str>,
    given: &[String],
) -> Result<[u64; 6], PolicyError> {
    let mut args = [0; 6];
    let refuse = |message: String| PolicyError::whole(message);
    for (place, word) in given.iter().enumerate() {
        let (index, value) = match word.split_once('=') {
            Some((name, value)) => {
                let index = (0..6).find(|&i| {
                    format!("arg{i}") == name || names::argument_names(way, call, i).contains(&name)
                });
                let known = || {
                    (0..6)
                        .map(|i| names::argument(way, call, i))
                        .filter(|n| !n.starts_with("arg"))
                };
                let index = index.ok_or_else(|| {
                    refuse(format!(
                        "{} has no argument {name:?}; there are {}",
                        call.unwrap_or("the call"),
                        known().collect::<Vec<_>>().join(", ")
                    ))
                })?;
                (usize::from(index), value)
            }
            None => (place, word.as_str()),
        };
        let slot = args.get_mut(index).ok_or_else(|| {
            refuse(format!(
                "{word:?} is one too many: a call has six arguments"
            ))
        })?;
        *slot = sum(way, call, u8::try_from(index).unwrap_or(0), value).map_err(refuse)?;
    }
    Ok(args)
}

fn sum(way: Arch, call: Option<&str>, index: u8, text: &str) -> Result<u64, String> {
    text.split('|').try_fold(0, |sum, part| {
        let part = part.trim();
        let value = number(part, words::read_mask(way, call, index))
            .or_else(|| names::constant(way, part, words::read_mask(way, call, index)));
        value.map(|value| sum | value).ok_or_else(|| {
            format!(
                "{part:?} is neither a number nor a constant of {}",
                names::argument(way, call, index)
            )
        })
    })
}

/// A negative number fills the bits that the kernel reads.
fn number(text: &str, read: u64) -> Option<u64> {
    if let Some(positive) = text.strip_prefix('-') {
        return number(positive, read).map(|n| n.wrapping_neg() & read);
    }
    match text.get(..2) {
        Some("0x") => u64::from_str_radix(&text[2..], 16).ok(),
        Some("0o") => u64::from_str_radix(&text[2..], 8).ok(),
        _ => text.parse().ok(),
    }
}
