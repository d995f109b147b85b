//! Sweeping up after runs that ended by a power of which nothing is left to undo (all their roles
//! killed). A group called `srcon-…` that nobody holds locked belongs to nobody: its members are
//! killed and it is removed. One that is locked is never touched. Bounded, since the start of
//! somebody else's command waits for it.

use crate::{directory::Directory, make::still_there, remove::remove};
use rustix::fs::{FlockOperation, flock};
use std::time::{Duration, Instant};

/// Every run's name, and so every group of ours, begins with it.
pub(crate) const PREFIX: &[u8] = b"srcon-";
/// Most abandoned groups handled at one start.
const AT_ONCE: usize = 32;
/// Most children of the parent that are looked at.
const LOOK_AT: usize = 16_384;
/// How long one start may wait for abandoned members to die.
const PATIENCE: Duration = Duration::from_millis(500);

/// Removes abandoned groups of ours in `parent`.
pub(crate) fn sweep(parent: &Directory) {
    let deadline = Instant::now() + PATIENCE;
    let ours = (parent.children(LOOK_AT).into_iter())
        .filter(|name| name.to_bytes().starts_with(PREFIX))
        .take(AT_ONCE * 8);
    let mut left = AT_ONCE;
    for name in ours {
        if left == 0 || Instant::now() >= deadline {
            return;
        }
        let Ok(Some(group)) = parent.child(&name) else {
            continue;
        };
        // Our own lock stands until it is removed: a second sweeper keeps off, and a run that has
        // only just made it sees that it lost.
        if flock(&group, FlockOperation::NonBlockingLockExclusive).is_err()
            || !still_there(parent, &name, &group)
        {
            continue;
        }
        remove(parent, &name, deadline);
        left -= 1;
    }
}
