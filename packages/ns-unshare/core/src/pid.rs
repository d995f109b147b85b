//! `ns.pid`: a new pid namespace, whose first process the worker becomes. Unshare and fork are one
//! act of the launcher: whatever were forked in between would be its init. See pid_namespaces(7).

use serde::{Deserialize, de::IgnoredAny};
use srcon_step::{Failure, Launch, Mark, Needs, Step};

/// A new pid namespace.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pid {
    #[serde(rename = "do")]
    _do: IgnoredAny,
    /// A pid 1 of the launcher's stays: reaps orphans and passes signals on.
    #[serde(default)]
    init: bool,
}

impl Step for Pid {
    fn name(&self) -> &'static str {
        "ns.pid"
    }

    fn needs(&self) -> Needs {
        Needs {
            supervisor: true,
            encloses: true,
            visible: self.init,
            ..Needs::default()
        }
    }

    fn marks(&self) -> Vec<Mark> {
        vec![Mark::Pid]
    }

    fn act(&self, launch: &mut dyn Launch) -> Result<(), Failure> {
        launch.enter_pid_namespace(self.init)
    }
}
