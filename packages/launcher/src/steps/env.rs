//! `run.env`: edits of the command's environment. See environ(7).

use serde::{Deserialize, de::IgnoredAny};
use srcon_step::{Bytes, Failure, Launch, Step};

/// One variable; the order of edits is the order in which they are made.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Edit {
    name: Bytes,
    /// Absent: the variable is removed.
    value: Option<Bytes>,
}

/// Sets and removes variables.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Env {
    #[serde(rename = "do")]
    _do: IgnoredAny,
    /// Nothing of the caller's environment is passed on.
    #[serde(default)]
    clear: bool,
    edits: Vec<Edit>,
}

impl Step for Env {
    fn name(&self) -> &'static str {
        "run.env"
    }

    fn validate(&self) -> Result<(), String> {
        let odd = self
            .edits
            .iter()
            .find(|e| e.name.as_bytes().is_empty() || e.name.as_bytes().contains(&b'='));
        odd.map_or(Ok(()), |e| {
            Err(format!(
                "edits: {:?} cannot be the name of a variable",
                e.name
            ))
        })
    }

    fn act(&self, launch: &mut dyn Launch) -> Result<(), Failure> {
        if self.clear {
            launch.clear_env();
        }
        for edit in &self.edits {
            launch.set_env(
                edit.name.as_bytes(),
                edit.value.as_ref().map(Bytes::as_bytes),
            );
        }
        Ok(())
    }
}
