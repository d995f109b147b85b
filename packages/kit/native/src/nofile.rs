//! The limit of open files that the user's shell has. Node raises its own soft limit to the hard one
//! when it starts and keeps no note of the old; programs that use select(2) or that close every
//! possible descriptor need the small one. See getrlimit(2), proc_pid_limits(5).

use std::fs;

/// What Linux gives the first process, and what nearly every login has.
const USUAL: u64 = 1024;

/// `SOFT:HARD` as the launcher's word wants it: soft as our parent has it, hard as we do.
pub fn of_the_shell() -> String {
    // SAFETY: never fails.
    let parent = unsafe { libc::getppid() };
    let (_, hard) = limits("self").unwrap_or((USUAL, USUAL));
    let soft = limits(&parent.to_string()).map_or(USUAL, |(soft, _)| soft);
    format!("{}:{hard}", soft.min(hard))
}

fn limits(pid: &str) -> Option<(u64, u64)> {
    let text = fs::read_to_string(format!("/proc/{pid}/limits")).ok()?;
    let line = text
        .lines()
        .find_map(|l| l.strip_prefix("Max open files"))?;
    let mut numbers = line.split_whitespace().map(|n| {
        if n == "unlimited" {
            Some(u64::MAX)
        } else {
            n.parse().ok()
        }
    });
    Some((numbers.next()??, numbers.next()??))
}
