//! The thin napi-rs layer of kit: it starts the launcher beside this process, or becomes it.
//!
//! What a command must not inherit from Node is split in two: descriptors, working directory and the
//! way into the launcher are arranged here; signals, limits of files, `O_NONBLOCK` and the session
//! keyring are the launcher's, which does the same when a shell starts it. See docs/launcher.md.

#![warn(missing_docs)]

mod child;
mod ended;
mod memory;
mod nofile;
mod program;
mod replace;
mod signals;
mod start;
mod status;
mod stdio;
mod watch;
mod words;

use ended::Exit;
use napi::{
    Either, Status as NapiStatus,
    bindgen_prelude::Function,
    threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode},
};
use napi_derive::napi;
use status::Status;
use std::sync::Arc;

/// A system call that failed before the launcher ran.
#[napi(object)]
pub struct SystemError {
    /// Name of the call as in its man page.
    pub syscall: String,
    /// The kernel's error number, positive.
    pub errno: i32,
}

/// The same inside this crate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Failed {
    call: &'static str,
    errno: i32,
}

impl Failed {
    fn new(call: &'static str, errno: i32) -> Self {
        Self { call, errno }
    }

    /// With `errno` of the calling thread.
    fn last(call: &'static str) -> Self {
        let errno = std::io::Error::last_os_error()
            .raw_os_error()
            .unwrap_or(libc::EIO);
        Self { call, errno }
    }
}

impl From<Failed> for SystemError {
    fn from(failed: Failed) -> Self {
        Self {
            syscall: failed.call.to_owned(),
            errno: failed.errno,
        }
    }
}

/// What this process is to become.
#[napi(object)]
pub struct BecomeRequest {
    /// The launcher's program.
    pub launcher: String,
    /// The plan, JSON.
    pub plan: String,
    /// How many of the words are the explainer's.
    pub explain: u32,
    /// Descriptors from 3 on that the command inherits, at the numbers they have.
    pub keep: Vec<i32>,
}

/// Becomes the launcher: same process, nothing of Node is left. `words`: the explainer's, `--`, the
/// command's, each ended by a NUL. `env`: the same for `NAME=VALUE`; without it the environment is
/// this process's own. Returns only if that failed, and then nothing has changed.
#[napi]
#[must_use]
pub fn become_launcher(request: BecomeRequest, words: &[u8], env: Option<&[u8]>) -> SystemError {
    match replace::replace(&request, words, env) {
        Ok(never) => match never {},
        Err(failed) => failed.into(),
    }
}

/// What is to be started.
#[napi(object)]
pub struct StartRequest {
    /// The launcher's program.
    pub launcher: String,
    /// The plan, JSON.
    pub plan: String,
    /// Working directory of the launcher.
    pub cwd: Option<String>,
    /// For each of the command's descriptors from 0 on one of ours, or: -1 ignore, -2 a pipe that it
    /// reads, -3 a pipe that it writes.
    pub stdio: Vec<i32>,
}

/// A launcher that runs.
#[napi(object)]
pub struct Running {
    /// For `kill`, and in what is reported of it.
    pub id: u32,
    /// Its pid.
    pub pid: i32,
    /// Our ends of pipes, now the caller's to close; -1 where there is none.
    pub pipes: Vec<i32>,
}

/// Something happened to a process: set-up is over, or, with `exit`, it has ended.
#[napi(object)]
pub struct Event {
    /// Which.
    pub id: u32,
    /// Microseconds since its start.
    pub elapsed_usec: i64,
    /// What the launcher has recorded.
    pub status: Status,
    /// How it ended.
    pub exit: Option<Exit>,
}

/// Starts launchers for one environment of Node: the main thread or a Worker.
#[napi]
pub struct Starter {
    owner: u32,
    report: watch::Report,
}

#[napi]
impl Starter {
    /// `report` is called from the event loop, which it does not keep alive.
    ///
    /// # Errors
    /// Where there is no thread to be had.
    #[napi(constructor)]
    pub fn new(report: Function<'_, Event, ()>) -> napi::Result<Self> {
        let watch = watch::watch()
            .map_err(|f| napi::Error::from_reason(format!("{}: error {}", f.call, f.errno)))?;
        let report: ThreadsafeFunction<Event, (), Event, NapiStatus, false, true> =
            report.build_threadsafe_function().weak::<true>().build()?;
        let call = move |event| {
            // An environment that is just going away does not want to know.
            let _ = report.call(event, ThreadsafeFunctionCallMode::NonBlocking);
        };
        Ok(Self {
            owner: watch.number(),
            report: Arc::new(call),
        })
    }

    /// Starts a launcher. `words`: `--` and the command's, each ended by a NUL; `env`: the same for
    /// `NAME=VALUE`; without it the environment is this process's own.
    #[napi]
    pub fn start(
        &self,
        request: StartRequest,
        words: &[u8],
        env: Option<&[u8]>,
    ) -> Either<Running, SystemError> {
        match start::start(&request, words, env, self.owner, self.report.clone()) {
            Ok(start::Running { id, pid, pipes }) => Either::A(Running { id, pid, pipes }),
            Err(failed) => Either::B(failed.into()),
        }
    }

    /// Sends a signal; false: it has ended.
    #[napi]
    pub fn kill(&self, id: u32, signal: i32) -> bool {
        watch::watch()
            .ok()
            .and_then(|w| w.with(id, |started| started.signal(signal)))
            .unwrap_or(false)
    }
}

impl Drop for Starter {
    fn drop(&mut self) {
        if let Ok(watch) = watch::watch() {
            watch.forget(self.owner);
        }
    }
}
