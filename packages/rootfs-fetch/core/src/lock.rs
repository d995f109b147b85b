//! What a cache that survives `kill -9` needs and Node lacks: a lock that the kernel frees with its
//! holder (flock(2)), and a directory on disk (fsync(2)).

use crate::failure::{Failure, system};
use rustix::fs::{CWD, FlockOperation, Mode, OFlags, flock, fsync, openat};
use rustix::io::Errno;
use std::os::fd::OwnedFd;

/// Takes the lock of `path`, which is made where it is missing. `None` while another holds it.
///
/// # Errors
/// If the file cannot be opened or locked.
pub fn try_lock(path: &[u8]) -> Result<Option<OwnedFd>, Failure> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let fd = openat(CWD, path, flags, Mode::from_raw_mode(0o600))
        .map_err(|e| system("openat")(e).at(path))?;
    loop {
        match flock(&fd, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(Some(fd)),
            Err(Errno::INTR) => {}
            Err(Errno::WOULDBLOCK) => return Ok(None),
            Err(e) => return Err(system("flock")(e).at(path)),
        }
    }
}

/// Shares the lock of `path`, as long as the descriptor is open. `None` where there is no such file, or
/// another holds it alone: who removes a tree.
///
/// # Errors
/// If it cannot be opened or locked.
pub fn share_lock(path: &[u8]) -> Result<Option<OwnedFd>, Failure> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let fd = match openat(CWD, path, flags, Mode::empty()) {
        Ok(fd) => fd,
        Err(Errno::NOENT) => return Ok(None),
        Err(e) => return Err(system("openat")(e).at(path)),
    };
    match flock(&fd, FlockOperation::NonBlockingLockShared) {
        Ok(()) => Ok(Some(fd)),
        Err(Errno::WOULDBLOCK) => Ok(None),
        Err(e) => Err(system("flock")(e).at(path)),
    }
}

/// Brings the names in a directory to disk: a rename counts only after this.
///
/// # Errors
/// If it cannot be opened or written.
pub fn sync_directory(path: &[u8]) -> Result<(), Failure> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let fd = openat(CWD, path, flags, Mode::empty()).map_err(|e| system("openat")(e).at(path))?;
    fsync(&fd).map_err(|e| system("fsync")(e).at(path))
}
