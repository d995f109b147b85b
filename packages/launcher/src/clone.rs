//! clone3(2) as a fork: the C library's fork has no way to ask for a pidfd or for another parent.

use rustix::io::Errno;
use std::os::fd::RawFd;

/// Copies this process. 0 in the child; the child's pid, as this process sees it, in the parent.
///
/// # Safety
/// The process must be single-threaded. `flags` must not share memory with the child. `pidfd` is
/// written where CLONE_PIDFD is given, `parent_tid` (may be null) where CLONE_PARENT_SETTID is.
pub unsafe fn copy(
    flags: i32,
    exit_signal: i32,
    pidfd: &mut RawFd,
    parent_tid: *mut i32,
) -> Result<i32, Errno> {
    // SAFETY: clone_args is plain data; zero is its neutral value.
    let mut args: libc::clone_args = unsafe { std::mem::zeroed() };
    args.flags = flags as u64;
    args.pidfd = std::ptr::from_mut(pidfd) as u64;
    args.parent_tid = parent_tid as u64;
    args.exit_signal = exit_signal as u64;
    // SAFETY: without CLONE_VM the child has its own copy of everything; the pointers live through
    // the call.
    let pid = unsafe {
        libc::syscall(
            libc::SYS_clone3,
            std::ptr::from_ref(&args),
            size_of::<libc::clone_args>(),
        )
    };
    if pid < 0 {
        return Err(Errno::from_raw_os_error(
            std::io::Error::last_os_error()
                .raw_os_error()
                .unwrap_or(libc::EIO),
        ));
    }
    Ok(i32::try_from(pid).unwrap_or(i32::MAX))
}
