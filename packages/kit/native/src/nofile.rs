//! The limit of open files that the user's shell has. Node raises its own soft limit to the hard one
//! when it starts and keeps no note of the old; programs that use select(2) or that close every
//! possible descriptor need the small one. See getrlimit(2), proc_pid_limits(5).

use std::{fs, sync::OnceLock};

/// What Linux gives the first process, and what nearly every login has.
const USUAL: u64 = 1024;

static SOFT: OnceLock<u64> = OnceLock::new();

/// `SOFT:HARD` as the launcher's word wants it: soft as our parent had it first, hard as we have it.
pub fn of_the_shell() -> String {
    // SAFETY: plain data, filled in by the call below.
    let mut own: libc::rlimit = unsafe { std::mem::zeroed() };
    // SAFETY: `own` lives through the call, which cannot fail.
    unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut own) };
    let soft = SOFT.get_or_init(|| {
        // SAFETY: never fails.
        let parent = unsafe { libc::getppid() };
        soft_limit_of(parent).unwrap_or(USUAL)
    });
    format!("{}:{}", soft.min(&own.rlim_max), own.rlim_max)
}

fn soft_limit_of(pid: i32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/limits")).ok()?;
    let line = text
        .lines()
        .find_map(|l| l.strip_prefix("Max open files"))?;
    match line.split_whitespace().next()? {
        "unlimited" => Some(u64::MAX),
        number => number.parse().ok(),
    }
}
