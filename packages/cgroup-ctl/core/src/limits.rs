//! Writing limits: in which order, and whether the kernel took them. What was written is read back,
//! since a limit that was rounded, clamped or ignored is no limit. See the kernel's
//! admin-guide/cgroup-v1/memory.rst and admin-guide/cgroup-v2.rst.

use crate::{directory::Directory, hierarchy::Write};
use srcon_step::Failure;

const LIMIT: &str = "memory.limit_in_bytes";
const MEMSW: &str = "memory.memsw.limit_in_bytes";

/// Writes the limits and reads each back.
pub(crate) fn apply(directory: &Directory, writes: &[Write]) -> Result<(), Failure> {
    let memsw = match writes.iter().any(|w| w.file == MEMSW) {
        true => directory.read(MEMSW)?.parse().ok(),
        false => None,
    };
    let writes = order(writes, memsw);
    for write in &writes {
        directory.write(&write.file, &write.value)?;
    }
    writes.iter().try_for_each(|w| verify(directory, w))
}

/// The order of writing. v1 wants limit ≤ memsw at every moment, else EINVAL: so what is lowered is
/// lowered from the inside, what is raised is raised from the outside. `memsw` is its present value.
fn order(writes: &[Write], memsw: Option<i64>) -> Vec<&Write> {
    let mut ordered: Vec<&Write> = writes.iter().collect();
    let value = |file: &str| {
        let write = writes.iter().find(|w| w.file == file)?;
        // -1 is "no limit".
        let bytes = write.value.parse::<i64>().ok()?;
        Some(if bytes < 0 { i64::MAX } else { bytes })
    };
    let raised = matches!((value(LIMIT), memsw), (Some(new), Some(now)) if new > now);
    let rank = |w: &&Write| match w.file.as_str() {
        MEMSW => u8::from(!raised),
        LIMIT => u8::from(raised),
        _ => 0,
    };
    ordered.sort_by_key(rank);
    ordered
}

fn verify(directory: &Directory, write: &Write) -> Result<(), Failure> {
    let now = directory.read(&write.file)?;
    if same(
        &write.file,
        &write.value,
        &now,
        rustix::param::page_size() as u64,
    ) {
        return Ok(());
    }
    let note = format!("{} was written, {} is in force", write.value, clip(&now));
    Err(Failure::wrong(note).at(directory.path_of(&write.file)))
}

fn clip(text: &str) -> String {
    text.chars().take(100).collect()
}

/// Whether the value read back is the one written, in the kernel's own spelling.
fn same(file: &str, written: &str, read: &str, page: u64) -> bool {
    if written.split_whitespace().eq(read.split_whitespace()) {
        return true;
    }
    if file.starts_with("cpuset.") {
        return set_of(written).is_some_and(|a| set_of(read) == Some(a));
    }
    let unit = match file.split('.').collect::<Vec<_>>()[..] {
        ["memory", ..] => page,
        ["hugetlb", size, ..] => huge_page(size).unwrap_or(page),
        _ => return false,
    };
    match (written, read.parse::<u64>()) {
        // v1 reads "no limit" back as the highest number of whole pages.
        ("-1", Ok(now)) => now >= (i64::MAX as u64) / unit * unit,
        (_, Ok(now)) => (written.parse::<u64>()).is_ok_and(|w| w / unit * unit == now),
        _ => false,
    }
}

/// `2MB` of `hugetlb.2MB.max`, in bytes.
fn huge_page(size: &str) -> Option<u64> {
    let digits = size.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let shift = match &size[digits.len()..] {
        "KB" => 10,
        "MB" => 20,
        "GB" => 30,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_shl(shift)
}

/// `0-2,5` as the numbers it means.
fn set_of(list: &str) -> Option<Vec<u32>> {
    let mut numbers = Vec::new();
    for part in list.trim().split(',') {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        let number = |text: &str| text.trim().parse::<u32>().ok();
        let (from, to) = (number(from)?, number(to)?);
        if to < from || to - from > 1 << 16 {
            return None;
        }
        numbers.extend(from..=to);
    }
    numbers.sort_unstable();
    numbers.dedup();
    Some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(memory: &str, memsw: &str, now: i64) -> Vec<String> {
        let write = |file: &str, value: &str| Write {
            file: file.into(),
            value: value.into(),
        };
        let writes = [write(MEMSW, memsw), write(LIMIT, memory)];
        let ordered = order(&writes, Some(now));
        ordered.iter().map(|w| w.file.clone()).collect()
    }

    #[test]
    fn lowering_begins_inside_raising_outside() {
        assert_eq!(files("100", "200", 1000), [LIMIT, MEMSW]);
        assert_eq!(files("2000", "3000", 1000), [MEMSW, LIMIT]);
        assert_eq!(files("-1", "-1", 1000), [MEMSW, LIMIT]);
    }

    #[test]
    fn only_page_rounding_is_tolerated() {
        let same = |file, written, read| same(file, written, read, 4096);
        assert!(same(LIMIT, "20000000", "19996672"));
        assert!(!same(LIMIT, "20000000", "20000768"));
        assert!(!same(LIMIT, "20000000", "9223372036854771712"));
        assert!(same(LIMIT, "-1", "9223372036854771712"));
        assert!(same("memory.max", "max", "max"));
        assert!(!same("memory.max", "4096", "max"));
        assert!(same("cpu.max", "20000 100000", "20000  100000"));
        assert!(!same("cpu.shares", "1", "2"));
        assert!(!same("pids.max", "20", "19"));
        assert!(same("hugetlb.2MB.max", "3000000", "2097152"));
    }

    #[test]
    fn lists_of_cpus_are_compared_as_sets() {
        let same = |written, read| same("cpuset.cpus", written, read, 4096);
        assert!(same("0,1", "0-1"));
        assert!(same("3,0-2", "0-3"));
        assert!(!same("0-1", "0"));
        assert!(!same("0-1", ""));
    }
}
