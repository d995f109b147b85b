//! What every role does with processes: fork, wait for a certain one, end at once, say a line.

use std::os::fd::{BorrowedFd, RawFd};

/// Ends this process at once, without a destructor: the roles have closed by number what Rust still
/// believes open.
pub fn end(code: i32) -> ! {
    // SAFETY: nothing is left to be run at exit.
    unsafe { libc::_exit(code) }
}

/// fork(2). The launcher is single-threaded, so the child may do whatever it likes.
pub fn fork() -> Result<i32, ()> {
    // SAFETY: one thread; no lock can be held by another.
    match unsafe { libc::fork() } {
        -1 => Err(()),
        pid => Ok(pid),
    }
}

/// Waits for exactly this child and returns its wait status.
pub fn wait_for(pid: i32) -> Option<i32> {
    if pid <= 0 {
        return None;
    }
    let mut status = 0;
    // SAFETY: `status` lives through the call.
    while unsafe { libc::waitpid(pid, &raw mut status, libc::__WALL) } < 0 {
        if std::io::Error::last_os_error().raw_os_error() != Some(libc::EINTR) {
            return None;
        }
    }
    Some(status)
}

/// Writes text to one of our own standard descriptors; there is nobody to tell if that fails.
pub fn print(fd: RawFd, text: &str) {
    // SAFETY: 0 to 2 are never closed while a text is printed.
    let fd = unsafe { BorrowedFd::borrow_raw(fd) };
    let mut rest = text.as_bytes();
    while !rest.is_empty() {
        match rustix::io::write(fd, rest) {
            Ok(n) if n > 0 => rest = &rest[n..],
            Err(rustix::io::Errno::INTR) => {}
            _ => return,
        }
    }
}
