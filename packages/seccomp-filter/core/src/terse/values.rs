//! Values and tests for one call on one architecture: constants by name, over the bits that the kernel
//! reads of the argument.

use super::{
    ast::{Comparison, Test, Value},
    constants,
    lexer::Token,
    nearest::hint,
};
use crate::{
    Arch, Condition, Op, PolicyError,
    table::{Call, Place},
};

/// Most rules that one line may come to, by lists of values and `or`.
const MOST: usize = 4096;

/// A call by one way in.
pub(super) struct Site {
    pub(super) call: &'static Call,
    pub(super) arch: Arch,
    /// Values that do not fit are refused; else they can never be met.
    pub(super) strict: bool,
}

impl Site {
    /// A line's condition as lists of conditions, of which one must hold entirely.
    pub(super) fn alternatives(
        &self,
        any: &[Vec<Test<'_>>],
    ) -> Result<Vec<Vec<Condition>>, PolicyError> {
        let mut alternatives = Vec::new();
        for all in any {
            let mut product: Vec<Vec<Condition>> = vec![Vec::new()];
            for test in all {
                let ways = self.test(test)?;
                if product.len() * ways.len() + alternatives.len() > MOST {
                    return Err(test.argument.refuse(format!(
                        "the lists of this line come to more than {MOST} rules"
                    )));
                }
                let joined = product.iter().flat_map(|before| {
                    ways.iter()
                        .map(move |way| before.iter().chain(way).copied().collect())
                });
                product = joined.collect();
            }
            alternatives.extend(product);
        }
        Ok(alternatives)
    }

    fn test(&self, test: &Test<'_>) -> Result<Vec<Vec<Condition>>, PolicyError> {
        let (arg, read) = self.argument(test.argument)?;
        let mask = match &test.mask {
            Some(mask) => self.value(mask, read)?,
            None => u64::MAX,
        };
        let one = |op: Op, value: &Value<'_>| -> Result<Condition, PolicyError> {
            let number = self.value(value, read)?;
            if self.strict && number & !mask != 0 {
                let message = format!("this has bits that {mask:#x} has not, so it can never be");
                return Err(value.items[0].refuse(message));
            }
            Ok(Condition {
                arg,
                mask,
                op,
                value: number,
            })
        };
        Ok(match &test.comparison {
            Comparison::Op(op, value) => vec![vec![one(*op, value)?]],
            Comparison::In(values) => {
                let each = values.iter().map(|value| Ok(vec![one(Op::Eq, value)?]));
                each.collect::<Result<_, PolicyError>>()?
            }
            Comparison::NotIn(values) => {
                let all: Result<_, PolicyError> =
                    values.iter().map(|value| one(Op::Ne, value)).collect();
                vec![all?]
            }
        })
    }

    /// Its register, and the bits of it that the kernel reads.
    fn argument(&self, name: Token<'_>) -> Result<(u8, u64), PolicyError> {
        if let Some(index) = register(name.text) {
            return Ok((index, self.call.read_mask(self.arch, index)));
        }
        let arguments = self.call.arguments(self.arch);
        let found = arguments.iter().find(|a| a.names.contains(&name.text));
        let (call, arch) = (self.call.name, self.arch.name());
        match found.map(|argument| (argument.place, argument.mask)) {
            Some((Place::Register(index), mask)) => Ok((index, mask)),
            Some((Place::Split, _)) => Err(name.refuse(format!("on {arch} two registers hold {} of {call}, or come before it: name one, arg0 to arg5", name.text))),
            Some((Place::Memory, _)) => Err(name.refuse(format!("on {arch} the arguments of {call} lie in memory, where a filter cannot look"))),
            None => {
                let names: Vec<&str> = arguments.iter().flat_map(|a| a.names.iter().copied()).collect();
                let near = hint(name.text, names.iter().copied());
                let firsts: Vec<&str> = arguments.iter().filter_map(|a| a.names.last().copied()).collect();
                let known = if firsts.is_empty() { String::new() } else { format!("; it has {}", firsts.join(", ")) };
                Err(name.refuse(format!("{call} has no argument {}{near}{known}; any call has arg0 to arg5", name.text)))
            }
        }
    }

    /// A value, as the bits that the kernel reads.
    fn value(&self, value: &Value<'_>, read: u64) -> Result<u64, PolicyError> {
        let mut sum = 0_i128;
        for item in &value.items {
            let number = number(*item, self.arch)?;
            if number < 0 && value.items.len() > 1 {
                return Err(
                    item.refuse("a negative number has no bits to put together with others")
                );
            }
            sum |= number;
        }
        let lowest = -(i128::from(read) + 1) / 2;
        if self.strict && !(lowest..=i128::from(read)).contains(&sum) {
            return Err(value.items[0].refuse(format!(
                "{sum} does not fit: the kernel reads {} bits of this argument",
                read.count_ones()
            )));
        }
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // two's complement
        let bits = sum as u64;
        Ok(if self.strict { bits & read } else { bits })
    }
}

/// `arg0` to `arg5`.
fn register(name: &str) -> Option<u8> {
    let index: u8 = name.strip_prefix("arg")?.parse().ok()?;
    (index < 6 && name.len() == 4).then_some(index)
}

fn number(item: Token<'_>, arch: Arch) -> Result<i128, PolicyError> {
    let text = item.text;
    if !text.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '+') {
        return constants::value(text, arch).map(i128::from).ok_or_else(|| {
            item.refuse(format!(
                "there is no constant {text}{}",
                hint(text, constants::names())
            ))
        });
    }
    let (digits, radix) = match text.get(..2) {
        Some("0x") => (&text[2..], 16),
        Some("0o") => (&text[2..], 8),
        _ => (text, 10),
    };
    let plain = radix == 10 || digits.starts_with(|c: char| c.is_ascii_alphanumeric());
    let octal = radix == 10 && digits.len() > 1 && digits.starts_with('0');
    if octal {
        return Err(item.refuse(format!(
            "{text}: an octal number is written 0o{}",
            digits.trim_start_matches('0')
        )));
    }
    let range = i128::from(i64::MIN)..=i128::from(u64::MAX);
    let number = i128::from_str_radix(digits, radix).ok();
    number
        .filter(|number| plain && !text.starts_with('+') && range.contains(number))
        .ok_or_else(|| {
            item.refuse(format!(
                "{text} is no number of 64 bits; there are 38, 0x26, 0o46, -1"
            ))
        })
}
