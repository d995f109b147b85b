//! In place: this process executes the launcher, under the same pid, from the main thread or from a
//! Worker; the kernel ends all other threads. See execve(2).
//!
//! The installed file is executed, not a copy in memory: a command line starts once, and the launcher
//! seals itself again where a container could see it. Signals stay blocked through the exec, so that
//! one that arrives meanwhile is not lost in Node's handlers: the launcher unblocks them.

use crate::{
    BecomeRequest, Failed, memory, nofile,
    signals::Blocked,
    words::{self, Words},
};
use std::{
    convert::Infallible,
    ffi::CString,
    os::fd::{AsRawFd, FromRawFd, OwnedFd},
};

/// Executes the launcher.
pub fn replace(
    request: &BecomeRequest,
    packed: &[u8],
    env: Option<&[u8]>,
) -> Result<Infallible, Failed> {
    let file =
        CString::new(request.launcher.as_str()).map_err(|_| Failed::new("execve", libc::EINVAL))?;
    let highest = request.keep.iter().copied().fold(2, i32::max);
    // Not close-on-exec: it survives this exec, and the launcher closes it in the command.
    let plan = above(
        &memory::sealed(c"srcon-plan", request.plan.as_bytes())?,
        highest,
    )?;
    let first = head(request, &plan);
    let argv = Words::new(&["srcon-launch", &first], packed);
    let own = env.map(|packed| Words::new(&[], packed));
    let envp = own.as_ref().map_or_else(words::environment, Words::as_ptr);
    let _blocked = Blocked::all();
    let _kept = Kept::open(&request.keep)?;
    // SAFETY: both vectors end with a null pointer, their strings live until this returns.
    unsafe { libc::execve(file.as_ptr(), argv.as_ptr(), envp) };
    Err(Failed::last("execve"))
}

fn head(request: &BecomeRequest, plan: &OwnedFd) -> String {
    let mut head = format!(
        "@plan={},nofile={}",
        plan.as_raw_fd(),
        nofile::of_the_shell()
    );
    if !request.keep.is_empty() {
        let numbers: Vec<String> = request.keep.iter().map(ToString::to_string).collect();
        head.push_str(&format!(",keep={}", numbers.join(":")));
    }
    if request.explain > 0 {
        head.push_str(&format!(",explain={}", request.explain));
    }
    head
}

/// The same file under a number above `highest`.
fn above(fd: &OwnedFd, highest: i32) -> Result<OwnedFd, Failed> {
    // SAFETY: no memory is passed.
    match unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_DUPFD, highest + 1) } {
        -1 => Err(Failed::last("fcntl")),
        // SAFETY: the kernel has just given us this descriptor.
        new => Ok(unsafe { OwnedFd::from_raw_fd(new) }),
    }
}

/// Descriptors that are open through an exec; close-on-exec again if it fails.
struct Kept<'a>(&'a [i32]);

impl<'a> Kept<'a> {
    fn open(all: &'a [i32]) -> Result<Self, Failed> {
        // What libraries left open without the flag is the launcher's to close: it is told what to keep.
        let kept = Self(all);
        for fd in [0, 1, 2].iter().chain(all) {
            // SAFETY: only a flag of a descriptor changes.
            if unsafe { libc::fcntl(*fd, libc::F_SETFD, 0) } == -1 && *fd > 2 {
                return Err(Failed::last("fcntl"));
            }
        }
        Ok(kept)
    }
}

impl Drop for Kept<'_> {
    fn drop(&mut self) {
        for fd in self.0 {
            // SAFETY: only a flag of a descriptor changes; a closed one is EBADF.
            unsafe { libc::fcntl(*fd, libc::F_SETFD, libc::FD_CLOEXEC) };
        }
    }
}
