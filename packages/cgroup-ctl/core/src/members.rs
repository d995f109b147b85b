//! Ending the members of a group. v2 has `cgroup.kill`; v1 has a list of pids, and a pid read from
//! a list may be another process's by the time it is signalled: so each is opened as a pidfd first,
//! then the list is read again, and only who is still in it is signalled. See pidfd_open(2).

use crate::directory::Directory;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

/// Most pids handled in one round; the caller repeats until the group is empty.
const ROUND: usize = 4096;

/// Kills all members once; whoever was forked meanwhile is met in the next round.
pub(crate) fn kill(directory: &Directory) {
    if directory.write("cgroup.kill", "1").is_ok() {
        return;
    }
    let opened: Vec<_> = (pids(directory).into_iter())
        .filter_map(|pid| Some((pid, pidfd_open(pid, PidfdFlags::empty()).ok()?)))
        .collect();
    if opened.is_empty() {
        return;
    }
    let now = pids(directory);
    for (pid, fd) in opened {
        if now.contains(&pid) {
            let _ = pidfd_send_signal(fd, Signal::KILL);
        }
    }
    // A frozen v1 member dies only when it is thawed; the file is there on the freezer's hierarchy.
    let _ = directory.write("freezer.state", "THAWED");
}

/// The members that can be seen from here (0 stands for one in a foreign pid namespace).
fn pids(directory: &Directory) -> Vec<Pid> {
    let text = directory.read("cgroup.procs").unwrap_or_default();
    (text.lines().take(ROUND))
        .filter_map(|line| line.trim().parse().ok().and_then(Pid::from_raw))
        .collect()
}
