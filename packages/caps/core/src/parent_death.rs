//! `caps.pdeathsig`: the signal that the command gets when its parent ends. A change of credentials
//! clears it, so the launcher arms it again after each one, and once more in the process that becomes
//! the command. See PR_SET_PDEATHSIG(2const).

use serde::{Deserialize, Deserializer, de::Error, de::IgnoredAny};
use srcon_step::{Failure, Launch, Needs, ParentDeath, Step};

struct Asked(ParentDeath);

impl std::fmt::Debug for Asked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de> Deserialize<'de> for Asked {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        let number = value.as_i64().and_then(|n| i32::try_from(n).ok());
        match (value.as_str(), number) {
            (Some("keep"), _) => Ok(Self(ParentDeath::Keep)),
            (Some("clear"), _) => Ok(Self(ParentDeath::Signal(0))),
            (_, Some(signal @ 1..=64)) => Ok(Self(ParentDeath::Signal(signal))),
            _ => Err(D::Error::custom(
                "signal: \"keep\", \"clear\" or a number from 1 to 64",
            )),
        }
    }
}

/// Arms the parent-death signal.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pdeathsig {
    #[serde(rename = "do")]
    _do: IgnoredAny,
    signal: Asked,
}

impl Step for Pdeathsig {
    fn name(&self) -> &'static str {
        "caps.pdeathsig"
    }

    fn needs(&self) -> Needs {
        Needs {
            parent_death: Some(self.signal.0),
            // Where another signal than KILL is armed, the keeper ends the command if a supervisor is killed.
            keeper: true,
            ..Needs::default()
        }
    }

    fn act(&self, launch: &mut dyn Launch) -> Result<(), Failure> {
        let armed = launch.parent_death(self.signal.0);
        let wanted = match self.signal.0 {
            ParentDeath::Keep => armed,
            ParentDeath::Signal(signal) => signal,
        };
        let mut now: libc::c_int = -1;
        // SAFETY: the kernel stores one int.
        if unsafe { libc::syscall(libc::SYS_prctl, libc::PR_GET_PDEATHSIG, &raw mut now) } < 0 {
            return Err(Failure::last("prctl").note("PR_GET_PDEATHSIG"));
        }
        if now != wanted {
            return Err(Failure::wrong(format!(
                "the parent-death signal is {now}, not {wanted}"
            )));
        }
        Ok(())
    }
}
