//! What supervisor, keeper and worker have in common: settled before they part, never changed after.

use crate::start::Start;
use std::os::fd::OwnedFd;

/// What the roles share from before they part.
pub struct Common {
    /// What the launcher was told.
    pub start: Start,
    /// `/proc` of the caller.
    pub proc: OwnedFd,
    /// Unique name of this run, for what must have one on the host.
    pub run_name: String,
    /// The parent-death signal that the launcher was started with; 0: none.
    pub parent_death: i32,
    /// Here an init of ours says that the command has stopped, and the supervisor hears it.
    pub stopped: Option<(OwnedFd, OwnedFd)>,
}
