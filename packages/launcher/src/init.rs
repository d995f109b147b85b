//! Pid 1 of a container that has one of ours: reaps orphans and passes signals on, since a pid 1
//! without handlers ignores TERM and TSTP. See pid_namespaces(7).
//!
//! It stands in the container's own root, with no capability and not dumpable, and holds nothing
//! but the pipe by which the supervisor learns that the command has stopped.

use crate::{common::Common, hygiene};
use std::{
    os::fd::AsRawFd,
    sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release},
};

/// In the child that goes on: records which process the command will be, as the caller sees it, and
/// which one, the supervisor's child, stands above it.
pub fn note_worker(common: &Common) {
    let page = common.start.page;
    let above = page.worker.load(Acquire);
    let _ = page.init.compare_exchange(0, above, AcqRel, Acquire);
    if let Some(pid) = own_pid_outside(common) {
        page.worker.store(pid, Release);
    }
}

/// `self` in the caller's proc is our pid as the caller sees it.
fn own_pid_outside(common: &Common) -> Option<i32> {
    let link = rustix::fs::readlinkat(&common.proc, c"self", Vec::new()).ok()?;
    link.to_str().ok()?.parse().ok()
}

/// Waits as an init until `child` ends; then ends with its code, and the namespace with it.
pub fn stay(common: &Common, child: i32) -> ! {
    let page = common.start.page;
    hygiene::set_name(c"srcon-init");
    hygiene::set_dumpable(false);
    blank(&common.start.words);
    drop_capabilities();
    let notify = common.stopped.as_ref().map(|(_, write)| write.as_raw_fd());
    hygiene::close_all_but(notify.as_slice());
    // SAFETY: standard error is not needed either: this process is silent.
    unsafe { libc::close(2) };
    loop {
        let (signal, code) = next_signal();
        if signal == libc::SIGCHLD {
            while let Some((pid, status)) = wait_any() {
                if pid != child {
                    continue;
                }
                if libc::WIFSTOPPED(status) {
                    if let Some(fd) = notify {
                        // SAFETY: `fd` was kept open above; one byte is read from a static.
                        unsafe { libc::write(fd, b"s".as_ptr().cast(), 1) };
                    }
                    continue;
                }
                // An inner init has recorded how the command itself ended.
                if page.ended.load(Acquire) == 0 {
                    page.status.store(status, Relaxed);
                    page.ended.store(1, Release);
                }
                let code = if libc::WIFEXITED(status) {
                    libc::WEXITSTATUS(status)
                } else {
                    128 + libc::WTERMSIG(status)
                };
                crate::process::end(code);
            }
        } else if code <= 0 {
            // Sent by a process: a terminal's have reached the command already. A stop is made certain:
            // in an orphaned process group the kernel ignores TSTP, TTIN and TTOU.
            let sure = match signal {
                libc::SIGTSTP | libc::SIGTTIN | libc::SIGTTOU => libc::SIGSTOP,
                other => other,
            };
            // SAFETY: `child` is ours and not yet waited for.
            unsafe { libc::kill(child, sure) };
        }
    }
}

/// The next signal and its `si_code`; all are blocked, so none is lost between two calls.
fn next_signal() -> (i32, i32) {
    // SAFETY: siginfo_t is plain data; the set is initialised before it is used.
    unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigfillset(&raw mut set);
        let mut info: libc::siginfo_t = std::mem::zeroed();
        loop {
            let signal = libc::sigwaitinfo(&raw const set, &raw mut info);
            if signal > 0 {
                return (signal, info.si_code);
            }
        }
    }
}

fn wait_any() -> Option<(i32, i32)> {
    let mut status = 0;
    // SAFETY: `status` lives through the call. This process has no children but the container's.
    let pid = unsafe {
        libc::waitpid(
            -1,
            &raw mut status,
            libc::WNOHANG | libc::WUNTRACED | libc::__WALL,
        )
    };
    (pid > 0).then_some((pid, status))
}

/// Our words name files of the host, and `/proc/1/cmdline` may be read by everybody.
fn blank(words: &[&'static std::ffi::CStr]) {
    for word in words {
        let bytes = word.to_bytes();
        // SAFETY: the argument vector is this process's own writable memory, and nobody reads the
        // words any more: this process only waits from here on.
        unsafe { std::ptr::write_bytes(bytes.as_ptr().cast_mut(), 0, bytes.len()) };
    }
}

fn drop_capabilities() {
    let none = rustix::thread::CapabilitySet::empty();
    let sets = rustix::thread::CapabilitySets {
        effective: none,
        permitted: none,
        inheritable: none,
    };
    // Without a capability left nothing of this process is worth taking over.
    let _ = rustix::thread::set_capabilities(None, sets);
    hygiene::prctl(libc::PR_SET_NO_NEW_PRIVS, 1);
}
