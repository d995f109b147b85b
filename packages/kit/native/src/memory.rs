//! Files in memory: the plan, sealed, so that nobody changes it while it is read, and never a pipe,
//! which would block at 64 KiB. See memfd_create(2).

use crate::Failed;
use srcon_step::sys;
use std::{
    ffi::CStr,
    os::fd::{AsRawFd, OwnedFd},
};

/// A sealed file with these bytes, not executable, at offset 0.
pub fn sealed(name: &CStr, bytes: &[u8]) -> Result<OwnedFd, Failed> {
    let fd = sys::memfd(name, false).map_err(|e| Failed::new("memfd_create", e.raw_os_error()))?;
    write_all(&fd, bytes)?;
    seal(&fd)?;
    Ok(fd)
}

/// Forbids every change from now on.
pub fn seal(fd: &OwnedFd) -> Result<(), Failed> {
    let seals = libc::F_SEAL_SEAL | libc::F_SEAL_SHRINK | libc::F_SEAL_GROW | libc::F_SEAL_WRITE;
    // SAFETY: no memory is passed.
    match unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_ADD_SEALS, seals) } {
        -1 => Err(Failed::last("fcntl")),
        _ => Ok(()),
    }
}

/// Writes without moving the offset, which the launcher reads from.
pub fn write_all(fd: &OwnedFd, bytes: &[u8]) -> Result<(), Failed> {
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        let offset = i64::try_from(at).map_err(|_| Failed::new("pwrite", libc::EFBIG))?;
        // SAFETY: `rest` is readable for its length.
        let n = unsafe { libc::pwrite(fd.as_raw_fd(), rest.as_ptr().cast(), rest.len(), offset) };
        match usize::try_from(n) {
            Ok(n) if n > 0 => at += n,
            _ if n < 0 && Failed::last("pwrite").errno == libc::EINTR => {}
            _ => return Err(Failed::last("pwrite")),
        }
    }
    Ok(())
}
