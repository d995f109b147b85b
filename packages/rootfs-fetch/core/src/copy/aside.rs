//! The place where a copy is made: a directory beside the target, known by its name, locked by who makes it.
//! A process that is killed leaves the directory but not the lock (flock(2)), so the next one for the same
//! target may take it away. The target is there when it is whole: rename(2) also replaces an empty directory,
//! and nothing else.

use crate::failure::{Failure, Kind, system};
use crate::lock::sync_directory;
use crate::remove::remove_tree;
use rustix::fs::{
    AtFlags, CWD, FlockOperation, Mode, OFlags, flock, fremovexattr, fstat, mkdirat, openat,
    renameat, statat,
};
use rustix::io::Errno;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// A directory in the making.
#[derive(Debug)]
pub struct Aside {
    path: Vec<u8>,
    fd: OwnedFd,
    swept: bool,
}

impl Aside {
    /// Makes `path`; what a killed process left there goes first.
    ///
    /// # Errors
    /// If another process works there, or it cannot be made.
    pub fn make(path: &[u8]) -> Result<Self, Failure> {
        let at = |f: Failure| f.at(path);
        let mut swept = false;
        // Twice: what is left of a killed process, or what another has just renamed.
        for _ in 0..3 {
            match mkdirat(CWD, path, Mode::RWXU) {
                Ok(()) => {
                    let fd = locked(path)?.ok_or_else(|| at(busy()))?;
                    // It may have been taken away before the lock was held.
                    if !is_at(&fd, path) {
                        continue;
                    }
                    // What the directory above hands down would go on to all that is made in here.
                    match fremovexattr(&fd, c"system.posix_acl_default") {
                        Ok(()) | Err(Errno::NODATA | Errno::OPNOTSUPP) => {}
                        Err(e) => return Err(at(system("fremovexattr")(e))),
                    }
                    let path = path.to_vec();
                    return Ok(Self { path, fd, swept });
                }
                Err(Errno::EXIST) => {
                    let fd = locked(path)?.ok_or_else(|| at(busy()))?;
                    if is_at(&fd, path) {
                        remove_tree(path)?;
                        swept = true;
                    }
                }
                Err(e) => return Err(at(system("mkdirat")(e))),
            }
        }
        Err(at(busy()))
    }

    /// Whether something of a killed process was there.
    #[must_use]
    pub const fn swept(&self) -> bool {
        self.swept
    }

    /// Gives it its name, for good.
    ///
    /// # Errors
    /// If something is there that is no empty directory, or the names cannot be brought to disk.
    pub fn commit(self, target: &[u8], parent: &[u8]) -> Result<(), Failure> {
        if let Err(e) = renameat(CWD, &self.path, CWD, target) {
            self.discard()?;
            return Err(system("rename")(e).at(target));
        }
        sync_directory(parent)
    }

    /// Takes it away.
    ///
    /// # Errors
    /// If something cannot be removed.
    pub fn discard(self) -> Result<(), Failure> {
        remove_tree(&self.path)
    }

    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// The directory with its lock; `None` while another holds it.
fn locked(path: &[u8]) -> Result<Option<OwnedFd>, Failure> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let fd = openat(CWD, path, flags, Mode::empty()).map_err(|e| system("openat")(e).at(path))?;
    match flock(&fd, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Some(fd)),
        Err(Errno::WOULDBLOCK) => Ok(None),
        Err(e) => Err(system("flock")(e).at(path)),
    }
}

fn is_at(fd: &OwnedFd, path: &[u8]) -> bool {
    match (fstat(fd), statat(CWD, path, AtFlags::SYMLINK_NOFOLLOW)) {
        (Ok(a), Ok(b)) => (a.st_dev, a.st_ino) == (b.st_dev, b.st_ino),
        _ => false,
    }
}

fn busy() -> Failure {
    Failure::new(Kind::Busy, "another process makes a copy there")
}
