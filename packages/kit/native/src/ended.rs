//! How a process ended, from the one wait that takes it away. See waitid(2).

use napi_derive::napi;
use std::os::fd::{AsRawFd, OwnedFd};

/// How a process ended.
#[napi(object)]
#[derive(Debug, Clone, Copy)]
pub struct Exit {
    /// wait(2) status.
    pub status: i32,
    /// CPU time of it and of the children that it has waited for, microseconds.
    pub cpu_usec: i64,
}

/// Waits until it has ended.
pub fn wait_for_end(pidfd: &OwnedFd) {
    wait_with(pidfd, 0);
}

/// Waits for a process that has ended; none: it has not.
pub fn wait(pidfd: &OwnedFd) -> Option<Exit> {
    wait_with(pidfd, libc::WNOHANG)
}

fn wait_with(pidfd: &OwnedFd, options: i32) -> Option<Exit> {
    // SAFETY: plain data, filled in by the call below.
    let (mut info, mut usage): (libc::siginfo_t, libc::rusage) = unsafe { std::mem::zeroed() };
    // The C library's waitid hides the usage that the kernel gives.
    // SAFETY: both outputs live through the call.
    let result = unsafe {
        let options = libc::WEXITED | libc::__WALL | options;
        libc::syscall(
            libc::SYS_waitid,
            libc::P_PIDFD,
            pidfd.as_raw_fd(),
            &raw mut info,
            options,
            &raw mut usage,
        )
    };
    // Somebody else's waitpid(-1) has taken it: it has ended, and how is lost.
    if result != 0 {
        let gone = std::io::Error::last_os_error().raw_os_error() == Some(libc::ECHILD);
        return gone.then_some(Exit {
            status: 0,
            cpu_usec: 0,
        });
    }
    // SAFETY: waitid fills these fields in.
    let (pid, value) = unsafe { (info.si_pid(), info.si_status()) };
    if pid == 0 {
        return None;
    }
    let status = match info.si_code {
        libc::CLD_EXITED => (value & 0xff) << 8,
        libc::CLD_DUMPED => value | 0x80,
        _ => value,
    };
    let usec = |t: libc::timeval| t.tv_sec * 1_000_000 + t.tv_usec;
    Some(Exit {
        status,
        cpu_usec: usec(usage.ru_utime) + usec(usage.ru_stime),
    })
}
