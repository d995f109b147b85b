//! Making a group: the directory, a lock that says that somebody still answers for it, controllers,
//! limits. A group of an earlier step of the same run is gone *into*, not out of: two links with
//! limits on one hierarchy nest, so the second never takes the first one's limits away.

use crate::{controllers, cpuset, directory::Directory, hierarchy::Group, limits, sweep};
use rustix::fs::{FlockOperation, Mode, OFlags, fchmod, flock, fstat, mkdirat};
use rustix::io::Errno;
use srcon_step::{Failure, fail};
use std::{
    ffi::CStr,
    os::fd::{AsFd, OwnedFd},
    time::Duration,
};

/// How often a sweeper of another run may get between mkdir and flock.
const TRIES: u32 = 64;
/// How many links of one run may have a group in the same hierarchy.
const DEEPEST: usize = 16;

/// A group that was made.
pub(crate) struct Made {
    /// The group; its descriptor holds the lock.
    pub(crate) directory: Directory,
    /// Its parent, to remove it again.
    pub(crate) parent: Directory,
}

/// Makes the group called `name` with its limits; `worker` is the process that is to join it.
/// Nothing is left of it on failure.
pub(crate) fn make(group: &Group, name: &CStr, worker: Option<i32>) -> Result<Made, Failure> {
    let mut parent = group.open_parent()?;
    sweep::sweep(&parent);
    if group.version == 2 {
        controllers::enable(group)?;
    }
    let mut nested = false;
    for _ in 0..DEEPEST {
        match parent.child(name) {
            Ok(Some(outer)) => (parent, nested) = (outer, true),
            Ok(None) => break,
            Err(errno) => return Err(fail("open")(errno).at(parent.path())),
        }
    }
    let directory = create(&parent, name)?;
    let made = Made { directory, parent };
    match furnish(group, &made, worker.filter(|_| nested)) {
        Ok(()) => Ok(made),
        Err(failure) => {
            let _ = made.parent.remove(name);
            Err(failure)
        }
    }
}

/// The descriptor through which a process joins: permission is taken when it is opened, so the
/// worker may have lost all its own by then.
pub(crate) fn procs(directory: &Directory) -> Result<OwnedFd, Failure> {
    directory.open("cgroup.procs", OFlags::WRONLY)
}

fn furnish(group: &Group, made: &Made, mover: Option<i32>) -> Result<(), Failure> {
    if let Some(pid) = mover.filter(|_| group.version == 2) {
        // The outer group of this run holds the worker, and a v2 group with processes cannot
        // enable controllers: so the worker goes ahead of its limits.
        made.directory.write("cgroup.procs", &pid.to_string())?;
        controllers::enable_in(&made.parent, &group.controllers)?;
    }
    cpuset::inherit(&made.parent, &made.directory, group)?;
    limits::apply(&made.directory, &group.write)
}

/// mkdir and flock. Between the two a sweeper may take the new group for an abandoned one: then
/// the lock is refused, or is that of a directory already removed, and we begin again.
fn create(parent: &Directory, name: &CStr) -> Result<Directory, Failure> {
    let path = parent.path_of(&name.to_string_lossy());
    // Nobody else may open, and so lock, it before us.
    let (closed, open) = (Mode::from_raw_mode(0o700), Mode::from_raw_mode(0o755));
    for _ in 0..TRIES {
        match mkdirat(parent, name, closed) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(errno) => return Err(fail("mkdir")(errno).at(&path)),
        }
        if let Ok(Some(directory)) = parent.child(name)
            && flock(&directory, FlockOperation::NonBlockingLockExclusive).is_ok()
            && still_there(parent, name, &directory)
        {
            fchmod(&directory, open).map_err(|e| fail("chmod")(e).at(&path))?;
            return Ok(directory);
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    Err(fail("flock")(Errno::WOULDBLOCK).at(&path))
}

/// Whether the name still means the directory that is open.
pub(crate) fn still_there(parent: &Directory, name: &CStr, directory: &impl AsFd) -> bool {
    let Ok(Some(now)) = parent.child(name) else {
        return false;
    };
    matches!((fstat(&now), fstat(directory)), (Ok(a), Ok(b)) if (a.st_dev, a.st_ino) == (b.st_dev, b.st_ino))
}
