//! Removing a group and all below it, children first: the command may have made groups of its own,
//! as deep as it likes. So one descriptor walks down and up again (`..` of a group cannot be moved
//! elsewhere) and only names are kept. rmdir is EBUSY while members are still dying, and nothing
//! tells when they are gone on v1: it is tried again, ever more slowly, until a deadline.

use crate::{
    directory::{Directory, OPEN},
    members,
};
use rustix::{
    fs::{Mode, openat},
    io::Errno,
};
use std::{
    ffi::{CStr, CString},
    time::{Duration, Instant},
};

/// How long the members of one group may take to die.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);
/// Most children of one group that are looked at in a pass; passes are repeated.
const BREADTH: usize = 4096;

/// Removes the group `name` below `parent`, killing what is in it. Whether it is gone.
pub(crate) fn remove(parent: &Directory, name: &CStr, deadline: Instant) -> bool {
    let mut wait = Duration::from_millis(1);
    loop {
        match parent.remove(name) {
            Ok(()) | Err(Errno::NOENT) => return true,
            Err(Errno::BUSY | Errno::NOTEMPTY) => {}
            Err(_) => return false,
        }
        if let Ok(Some(group)) = parent.child(name) {
            members::kill(&group);
            clear(&group, deadline);
        }
        match parent.remove(name) {
            Ok(()) | Err(Errno::NOENT) => return true,
            Err(_) if Instant::now() >= deadline => return false,
            Err(_) => std::thread::sleep(wait),
        }
        wait = (wait * 2).min(Duration::from_millis(50));
    }
}

/// A group on the way down: its name in its parent and the children still to do.
struct Level {
    name: CString,
    children: Vec<CString>,
}

/// One pass over all groups below `top`: kills their members and removes the empty ones.
fn clear(top: &Directory, deadline: Instant) {
    let Ok(fd) = openat(top, c".", OPEN, Mode::empty()) else {
        return;
    };
    let mut at = Directory::new(fd, String::new());
    let mut levels: Vec<Level> = Vec::new();
    let mut children = at.children(BREADTH);
    while Instant::now() < deadline {
        let Some(name) = children.pop() else {
            let Some(level) = levels.pop() else { return };
            let Ok(up) = openat(&at, c"..", OPEN, Mode::empty()) else {
                return;
            };
            at = Directory::new(up, String::new());
            let _ = at.remove(&level.name);
            children = level.children;
            continue;
        };
        if at.remove(&name).is_ok() {
            continue;
        }
        let Ok(Some(child)) = at.child(&name) else {
            continue;
        };
        members::kill(&child);
        levels.push(Level { name, children });
        // The path is for messages and there are none here; kept, it would grow with each level.
        at = Directory::new(child.into_fd(), String::new());
        children = at.children(BREADTH);
    }
}
