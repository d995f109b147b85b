//! The thin napi-rs layer over cgroup-ctl-core: a group that a library holds for several commands.
//! Plain data both ways; a failure is a result, since an asynchronous task cannot carry its fields.

use cgroup_ctl_core::{Group, Holding, Statistics};
use napi::bindgen_prelude::{AsyncTask, Either};
use napi::{Env, Result, Task};
use napi_derive::napi;

/// A system call failed; nothing is left of the group.
#[napi(object)]
pub struct Failed {
    /// Name of the call, as in its man page.
    pub syscall: String,
    /// The kernel's error number, or 0.
    pub errno: i32,
    /// The file concerned.
    pub path: String,
    /// What more is known.
    pub note: String,
}

/// What a group has counted.
#[napi(object, use_nullable = true)]
pub struct Counted {
    /// Processes killed by the memory limit.
    pub oom_kills: Option<f64>,
    /// Forks refused by the pids limit.
    pub pids_refused: Option<f64>,
    /// Highest memory use, bytes.
    pub peak_memory: Option<f64>,
    /// CPU time, microseconds.
    pub cpu_usec: Option<f64>,
    /// Highest number of processes.
    pub peak_pids: Option<f64>,
}

/// A group that is held: locked until it is ended or this object is collected.
#[napi]
pub struct Held(Option<Holding>);

/// Makes the group `name` in all hierarchies of `groups` (JSON, as in `cgroup.join`).
#[napi]
pub fn hold(name: String, groups: String) -> Either<Held, Failed> {
    let made = serde_json::from_str::<Vec<Group>>(&groups)
        .map_err(|e| srcon_step::Failure::wrong(e.to_string()))
        .and_then(|groups| Holding::make(&name, &groups));
    match made {
        Ok(holding) => Either::A(Held(Some(holding))),
        Err(f) => Either::B(Failed {
            syscall: f.syscall.to_owned(),
            errno: f.errno,
            path: f.path,
            note: f.note,
        }),
    }
}

#[napi]
impl Held {
    /// What it has counted so far; nothing once it is ended.
    #[napi]
    pub fn counted(&self) -> Counted {
        let all = self.0.as_ref().map(Holding::statistics).unwrap_or_default();
        #[allow(
            clippy::cast_precision_loss,
            reason = "JavaScript has no larger integers"
        )]
        let highest = |field: fn(&Statistics) -> Option<u64>| {
            all.iter().filter_map(field).max().map(|value| value as f64)
        };
        Counted {
            oom_kills: highest(|s| s.oom_kills),
            pids_refused: highest(|s| s.pids_refused),
            peak_memory: highest(|s| s.peak_bytes),
            cpu_usec: highest(|s| s.cpu_usec),
            peak_pids: highest(|s| s.peak_pids),
        }
    }

    /// Kills all members and removes it, off the JavaScript thread. Whether it is gone.
    #[napi(ts_return_type = "Promise<boolean>")]
    pub fn end(&mut self) -> AsyncTask<Ending> {
        AsyncTask::new(Ending(self.0.take()))
    }
}

/// The end of a group, which waits for its members to die.
pub struct Ending(Option<Holding>);

impl Task for Ending {
    type Output = bool;
    type JsValue = bool;

    fn compute(&mut self) -> Result<bool> {
        Ok(self.0.take().is_none_or(Holding::end))
    }

    fn resolve(&mut self, _env: Env, gone: bool) -> Result<bool> {
        Ok(gone)
    }
}
