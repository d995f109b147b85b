//! `run.time-limit`: the wall clock. The keeper watches it, since ^Z stops the supervisor.

use serde::{Deserialize, de::IgnoredAny};
use srcon_step::{Failure, Launch, Needs, Step};
use std::time::Duration;

/// Ends the command after a time: first with TERM, after the grace with KILL.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct TimeLimit {
    #[serde(rename = "do")]
    _do: IgnoredAny,
    wall_ms: u64,
    grace_ms: Option<u64>,
}

impl Step for TimeLimit {
    fn name(&self) -> &'static str {
        "run.time-limit"
    }

    fn needs(&self) -> Needs {
        Needs {
            time_limit: Some(Duration::from_millis(self.wall_ms)),
            grace: self.grace_ms.map(Duration::from_millis),
            ..Needs::default()
        }
    }

    fn validate(&self) -> Result<(), String> {
        const LONGEST: u64 = 100 * 366 * 24 * 3_600_000;
        let too_long = self.wall_ms > LONGEST || self.grace_ms.is_some_and(|g| g > LONGEST);
        if too_long {
            Err("wallMs, graceMs: at most a hundred years".to_owned())
        } else {
            Ok(())
        }
    }

    /// Nothing in the worker: the roles are fixed before the first step, the clock with them.
    fn act(&self, _: &mut dyn Launch) -> Result<(), Failure> {
        Ok(())
    }
}
