//! `ns.hostname`: the host name of the current UTS namespace. See sethostname(2).

use serde::{Deserialize, de::IgnoredAny};
use srcon_step::{Bytes, Failure, Launch, Mark, Step, fail};

/// Longest name, bytes: `__NEW_UTS_LEN`.
const MAX_BYTES: usize = 64;

/// Sets the host name.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hostname {
    #[serde(rename = "do")]
    _do: IgnoredAny,
    name: Bytes,
}

impl Step for Hostname {
    fn name(&self) -> &'static str {
        "ns.hostname"
    }

    fn marks(&self) -> Vec<Mark> {
        vec![Mark::Hostname]
    }

    fn validate(&self) -> Result<(), String> {
        match self.name.as_bytes().len() {
            1..=MAX_BYTES => Ok(()),
            n => Err(format!("name: 1 to {MAX_BYTES} bytes, not {n}")),
        }
    }

    fn may_follow_pid(&self) -> bool {
        true
    }

    fn act(&self, _launch: &mut dyn Launch) -> Result<(), Failure> {
        rustix::system::sethostname(self.name.as_bytes()).map_err(fail("sethostname"))
    }
}
