//! The root that steps work in: the one being prepared, between `fs.attach` and `fs.pivot`, else
//! the current one. Mounts are made below the *clone's* descriptor: one that was opened before the
//! clone was attached would take mounts "successfully" and show none of them.

use rustix::fs::{CWD, Mode, OFlags, openat};
use srcon_step::{Failure, Launch, fail};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// Names that begin so are ours, never a plan's.
const OURS: &str = "fs:";
/// The clone that is attached and not yet `/`.
const PREPARED: &str = "fs:root";

/// A root, `O_PATH`.
pub enum Root<'a> {
    /// Attached by `fs.attach`, entered by `fs.pivot`.
    Prepared(BorrowedFd<'a>),
    /// `/` of this process.
    Current(OwnedFd),
}

impl AsFd for Root<'_> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Prepared(fd) => *fd,
            Self::Current(fd) => fd.as_fd(),
        }
    }
}

impl<'a> Root<'a> {
    /// The root in which this step works.
    pub fn of(launch: &'a mut dyn Launch) -> Result<Self, Failure> {
        match launch.descriptors().get(PREPARED) {
            Some(fd) => Ok(Self::Prepared(fd)),
            None => Ok(Self::Current(current()?)),
        }
    }
}

/// `/` of this process.
pub fn current() -> Result<OwnedFd, Failure> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    openat(CWD, c"/", flags, Mode::empty()).map_err(|e| Failure::new("openat", e).at("/"))
}

/// From here on the steps work in `fd`.
pub fn prepare(launch: &mut dyn Launch, fd: OwnedFd) {
    launch.descriptors().put(PREPARED, fd);
}

/// The prepared root, given away: whoever enters it.
pub fn take(launch: &mut dyn Launch) -> Option<OwnedFd> {
    launch.descriptors().take(PREPARED)
}

/// A tree that `fs.open` has named.
pub fn take_tree(launch: &mut dyn Launch, name: &str) -> Result<OwnedFd, Failure> {
    (launch.descriptors().take(name))
        .ok_or_else(|| Failure::wrong(format!("no fs.open before it names the tree '{name}'")))
}

/// A plan may not name what is ours.
pub fn check_name(name: &str) -> Result<(), String> {
    if name.is_empty() || name.starts_with(OURS) {
        return Err(format!(
            "tree: a name is wanted that does not begin with '{OURS}'"
        ));
    }
    Ok(())
}

/// `/` is entered and nothing is prepared any more: the directory is the new root's.
pub fn stand_at_root() -> Result<(), Failure> {
    rustix::process::chdir(c"/").map_err(fail("chdir"))
}
