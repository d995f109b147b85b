//! What the kernel shows: processes, mounts, groups. See proc(5).

use std::fs;

/// Sends a signal; a process that is gone is none of our worries.
pub fn kill(pid: i32, signal: i32) {
    assert!(pid > 1, "{pid} is not a process of ours");
    // SAFETY: a positive number names one process.
    unsafe { libc::kill(pid, signal) };
}

/// One process as a line of the table.
#[derive(Debug, Clone)]
pub struct Process {
    pub pid: i32,
    pub parent: i32,
    pub state: char,
    pub name: String,
}

/// One process, if it is there (also as a zombie).
pub fn process(pid: i32) -> Option<Process> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (head, tail) = stat.rsplit_once(") ")?;
    let (_, name) = head.split_once('(')?;
    let mut fields = tail.split(' ');
    Some(Process {
        pid,
        state: fields.next()?.chars().next()?,
        parent: fields.next()?.parse().ok()?,
        name: name.to_owned(),
    })
}

/// This process and all below it, whichever of its threads started them.
pub fn below(top: i32) -> Vec<Process> {
    let mut found: Vec<Process> = process(top).into_iter().collect();
    let mut at = 0;
    while at < found.len() {
        found.extend(children(found[at].pid));
        at += 1;
    }
    found
}

/// The direct children, zombies too.
pub fn children(pid: i32) -> Vec<Process> {
    let threads = fs::read_dir(format!("/proc/{pid}/task"))
        .into_iter()
        .flatten();
    let lists = threads
        .flatten()
        .map(|t| fs::read_to_string(t.path().join("children")));
    let text = lists.map(Result::unwrap_or_default).collect::<String>();
    text.split_whitespace()
        .filter_map(|p| process(p.parse().ok()?))
        .collect()
}

/// One field of /proc/PID/status.
pub fn status(pid: i32, field: &str) -> Option<String> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let value = text
        .lines()
        .find_map(|l| l.strip_prefix(field)?.strip_prefix(':'))?;
    Some(value.trim().to_owned())
}

/// Open descriptors of this process.
pub fn descriptors() -> usize {
    fs::read_dir("/proc/self/fd")
        .expect("/proc/self/fd")
        .count()
}

/// Kilobytes of memory that are this process's share.
pub fn pss(pid: i32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).expect("smaps_rollup");
    let line = text
        .lines()
        .find_map(|l| l.strip_prefix("Pss:"))
        .expect("Pss");
    line.trim()
        .trim_end_matches(" kB")
        .trim()
        .parse()
        .expect("a number")
}
