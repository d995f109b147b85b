//! `caps.securebits`: what uid 0, a change of ids and exec mean for capabilities, each bit with a lock
//! that only exec of a set-uid program cannot undo either. The step says what to set and what to
//! clear, so that bits that a newer kernel knows and we do not stay as they are. See
//! capabilities(7) "The securebits flags".

use crate::kernel;
use serde::{Deserialize, Deserializer, de::Error, de::IgnoredAny};
use srcon_step::{Failure, Launch, Step};

/// In the kernel's order; each is followed by its lock. See linux/securebits.h.
const NAMES: [&str; 6] = [
    "noroot",
    "no_setuid_fixup",
    "keep_caps",
    "no_cap_ambient_raise",
    "exec_restrict_file",
    "exec_deny_interactive",
];

/// `SECBIT_NO_SETUID_FIXUP`.
pub const NO_SETUID_FIXUP: u32 = 1 << 2;
/// `SECBIT_KEEP_CAPS`.
pub const KEEP_CAPS: u32 = 1 << 4;

#[derive(Debug, Clone, Copy, Default)]
struct Bits(u32);

fn bit(name: &str) -> Option<u32> {
    let (plain, lock) = match name.strip_suffix("_locked") {
        Some(plain) => (plain, 1),
        None => (name, 0),
    };
    let at = NAMES.iter().position(|n| *n == plain)?;
    Some(1 << (2 * at + lock))
}

impl<'de> Deserialize<'de> for Bits {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut bits = 0;
        for name in Vec::<String>::deserialize(deserializer)? {
            bits |= bit(&name).ok_or_else(|| {
                let shown: String = name.chars().take(40).collect();
                D::Error::custom(format!("unknown securebit '{shown}'"))
            })?;
        }
        Ok(Self(bits))
    }
}

/// Changes securebits.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Securebits {
    #[serde(rename = "do")]
    _do: IgnoredAny,
    #[serde(default)]
    set: Bits,
    #[serde(default)]
    clear: Bits,
}

impl Step for Securebits {
    fn name(&self) -> &'static str {
        "caps.securebits"
    }

    fn validate(&self) -> Result<(), String> {
        if self.set.0 | self.clear.0 == 0 {
            return Err("set or clear is needed".to_owned());
        }
        if self.set.0 & self.clear.0 != 0 {
            return Err("set: one of them is in clear too".to_owned());
        }
        Ok(())
    }

    fn act(&self, _launch: &mut dyn Launch) -> Result<(), Failure> {
        let now = kernel::securebits()?;
        let wanted = now & !self.clear.0 | self.set.0;
        if wanted == now {
            return Ok(());
        }
        let what = "PR_SET_SECUREBITS";
        kernel::prctl(what, libc::PR_SET_SECUREBITS, u64::from(wanted), 0)
            .map_err(|f| f.note(format!("{what} {now:#x} to {wanted:#x}")))?;
        let after = kernel::securebits()?;
        if after != wanted {
            return Err(Failure::wrong(format!(
                "securebits are {after:#x}, not {wanted:#x}"
            )));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        assert_eq!(bit("noroot"), Some(1));
        assert_eq!(bit("no_setuid_fixup"), Some(NO_SETUID_FIXUP));
        assert_eq!(bit("keep_caps_locked"), Some(KEEP_CAPS << 1));
        assert_eq!(bit("exec_deny_interactive_locked"), Some(1 << 11));
        for none in ["", "_locked", "noroot_locked_locked", "root"] {
            assert_eq!(bit(none), None, "{none}");
        }
    }
}
