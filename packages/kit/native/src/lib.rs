//! The thin napi-rs layer of kit: it starts the launcher beside this process, or becomes it.
//!
//! What a command must not inherit from Node is split in two: descriptors, working directory and the
//! way into the launcher are arranged here; signals, limits of files, `O_NONBLOCK` and the session
//! keyring are the launcher's, which does the same when a shell starts it. See docs/launcher.md.

#![warn(missing_docs)]

mod memory;
mod nofile;
mod replace;
mod signals;
mod words;

use napi_derive::napi;

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
