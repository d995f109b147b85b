//! `caps.ambient`: what an ordinary program keeps through exec. A capability must be permitted and
//! inheritable to be raised, and a change of uid away from 0 empties the set: so it comes after ids
//! and sets. See capabilities(7), "Ambient".

use crate::{Cap, CapSet, kernel};
use serde::{Deserialize, de::IgnoredAny};
use srcon_step::{Failure, Launch, Step};

/// Raises ambient capabilities.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ambient {
    #[serde(rename = "do")]
    _do: IgnoredAny,
    raise: CapSet,
    /// First empties the set, so that it is exactly `raise` afterwards.
    #[serde(default)]
    clear: bool,
    /// What `all` did not cover since the process lacks it: for people, not acted on.
    #[serde(default, rename = "lacks")]
    _lacks: CapSet,
}

fn ask(what: &'static str, operation: i32, cap: Option<Cap>) -> Result<i32, Failure> {
    let number = cap.map_or(0, |c| u64::from(c.number()));
    let operation = u64::from(operation.cast_unsigned());
    kernel::prctl(what, libc::PR_CAP_AMBIENT, operation, number)
        .map_err(|f| f.note(cap.map_or_else(|| what.to_owned(), |c| format!("{what} {c}"))))
}

impl Step for Ambient {
    fn name(&self) -> &'static str {
        "caps.ambient"
    }

    fn validate(&self) -> Result<(), String> {
        if self.raise.is_empty() && !self.clear {
            return Err("raise: names none, and clear is not asked for".to_owned());
        }
        Ok(())
    }

    fn act(&self, _launch: &mut dyn Launch) -> Result<(), Failure> {
        if self.clear {
            ask(
                "PR_CAP_AMBIENT_CLEAR_ALL",
                libc::PR_CAP_AMBIENT_CLEAR_ALL,
                None,
            )?;
        }
        for cap in self.raise.iter() {
            ask(
                "PR_CAP_AMBIENT_RAISE",
                libc::PR_CAP_AMBIENT_RAISE,
                Some(cap),
            )?;
            if ask(
                "PR_CAP_AMBIENT_IS_SET",
                libc::PR_CAP_AMBIENT_IS_SET,
                Some(cap),
            )? != 1
            {
                return Err(Failure::wrong(format!(
                    "{cap} was raised and is not ambient"
                )));
            }
        }
        Ok(())
    }
}
