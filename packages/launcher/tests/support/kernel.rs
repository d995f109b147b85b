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

/// All processes. A kernel thread or one that ends meanwhile is left out.
pub fn processes() -> Vec<Process> {
    let numbers = fs::read_dir("/proc").expect("/proc").filter_map(|e| {
        let name = e.ok()?.file_name();
        name.to_str()?.parse::<i32>().ok()
    });
    numbers.filter_map(process).collect()
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

/// This process and all below it.
pub fn below(top: i32) -> Vec<Process> {
    let all = processes();
    let mut found: Vec<Process> = all.iter().filter(|p| p.pid == top).cloned().collect();
    let mut at = 0;
    while at < found.len() {
        let pid = found[at].pid;
        found.extend(all.iter().filter(|p| p.parent == pid).cloned());
        at += 1;
    }
    found
}

/// The direct children that are not zombies.
pub fn children(pid: i32) -> Vec<Process> {
    let all = processes().into_iter();
    all.filter(|p| p.parent == pid && p.state != 'Z').collect()
}

/// Processes whose words or environment contain this mark, this process aside. A launcher's roles that
/// are not dumpable are seen by root only, so an ordinary user asks [`below`] as well.
pub fn marked(mark: &str) -> Vec<i32> {
    let contains = |pid: i32| {
        ["cmdline", "environ"].iter().any(|file| {
            let bytes = fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
            String::from_utf8_lossy(&bytes).contains(mark)
        })
    };
    let me = std::process::id() as i32;
    let all = processes().into_iter().map(|p| p.pid);
    all.filter(|&pid| pid != me && contains(pid)).collect()
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
