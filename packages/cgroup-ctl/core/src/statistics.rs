//! What a group counted, read before it is removed. The words differ on v1 and v2, the numbers do
//! not. v1 counts OOM kills and refused forks in the group where they happened, so nested groups
//! are added up; v2's counters include what is below.

use crate::directory::Directory;
use srcon_step::page::Page;
use std::sync::atomic::Ordering::Relaxed;

/// Counters of a transient group; `None` where the kernel does not count it there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Processes killed by the memory limit.
    pub oom_kills: Option<u64>,
    /// Forks refused by the pids limit.
    pub pids_refused: Option<u64>,
    /// Highest memory use, bytes.
    pub peak_bytes: Option<u64>,
    /// CPU time, microseconds.
    pub cpu_usec: Option<u64>,
    /// Highest number of processes.
    pub peak_pids: Option<u64>,
    /// Bytes read from and written to block devices.
    pub io_bytes: Option<(u64, u64)>,
}

/// `key N` of a flat keyed file.
fn keyed(directory: &Directory, file: &str, key: &str) -> Option<u64> {
    let text = directory.read(file).ok()?;
    let line = text
        .lines()
        .find_map(|l| l.strip_prefix(key)?.strip_prefix(' '))?;
    line.trim().parse().ok()
}

fn number(directory: &Directory, file: &str) -> Option<u64> {
    directory.read(file).ok()?.parse().ok()
}

/// Sum of `key=N` over all devices of `io.stat`.
fn io_sum(text: &str, key: &str) -> u64 {
    (text.split_whitespace())
        .filter_map(|word| {
            word.strip_prefix(key)?
                .strip_prefix('=')?
                .parse::<u64>()
                .ok()
        })
        .sum()
}

impl Statistics {
    pub(crate) fn read(group: &Directory, version: u8) -> Self {
        if version == 2 {
            let io = group.read("io.stat").ok();
            return Self {
                oom_kills: keyed(group, "memory.events", "oom_kill"),
                pids_refused: keyed(group, "pids.events", "max"),
                peak_bytes: number(group, "memory.peak"),
                cpu_usec: keyed(group, "cpu.stat", "usage_usec"),
                peak_pids: number(group, "pids.peak"),
                io_bytes: io.map(|t| (io_sum(&t, "rbytes"), io_sum(&t, "wbytes"))),
            };
        }
        Self {
            oom_kills: keyed(group, "memory.oom_control", "oom_kill"),
            pids_refused: keyed(group, "pids.events", "max"),
            peak_bytes: number(group, "memory.max_usage_in_bytes"),
            cpu_usec: number(group, "cpuacct.usage").map(|ns| ns / 1000),
            peak_pids: number(group, "pids.peak"),
            io_bytes: None,
        }
    }

    /// The same with a nested group's counters that v1 does not pass upwards.
    pub(crate) fn with_nested(mut self, nested: &Self) -> Self {
        let add = |a: Option<u64>, b: Option<u64>| match (a, b) {
            (Some(a), Some(b)) => Some(a + b),
            (a, b) => a.or(b),
        };
        self.oom_kills = add(self.oom_kills, nested.oom_kills);
        self.pids_refused = add(self.pids_refused, nested.pids_refused);
        self
    }

    /// Puts them where the caller sees them. Several groups of one run (one for each hierarchy)
    /// come one after the other: a larger number stands.
    pub(crate) fn record(&self, page: &Page) {
        let (read, written) = self.io_bytes.unzip();
        for (field, value) in [
            (&page.oom_kills, self.oom_kills),
            (&page.pids_refused, self.pids_refused),
            (&page.peak_bytes, self.peak_bytes),
            (&page.cpu_usec, self.cpu_usec),
            (&page.peak_pids, self.peak_pids),
            (&page.read_bytes, read),
            (&page.written_bytes, written),
        ] {
            if let Some(value) = value {
                field.fetch_max(value, Relaxed);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::tests::Tree;

    #[test]
    fn both_versions_count_the_same() {
        let v1 = Tree::new(&[
            (
                "memory.oom_control",
                "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n",
            ),
            ("memory.max_usage_in_bytes", "8192\n"),
            ("pids.events", "max 4\n"),
            ("pids.peak", "6\n"),
            ("cpuacct.usage", "1500900\n"),
        ]);
        let v2 = Tree::new(&[
            ("memory.events", "oom 3\noom_kill 2\noom_group_kill 9\n"),
            ("memory.peak", "8192\n"),
            ("pids.events", "max 4\n"),
            ("pids.peak", "6\n"),
            ("cpu.stat", "usage_usec 1500\nuser_usec 1\n"),
        ]);
        let expected = Statistics {
            oom_kills: Some(2),
            pids_refused: Some(4),
            peak_bytes: Some(8192),
            cpu_usec: Some(1500),
            peak_pids: Some(6),
            io_bytes: None,
        };
        assert_eq!(Statistics::read(&v1.open(), 1), expected);
        assert_eq!(Statistics::read(&v2.open(), 2), expected);
        assert_eq!(
            Statistics::read(&Tree::new(&[("x", "")]).open(), 2),
            Statistics::default()
        );
    }

    #[test]
    fn nested_groups_of_v1_are_added_up() {
        let kills = |oom_kills| Statistics {
            oom_kills,
            peak_bytes: Some(7),
            ..Statistics::default()
        };
        assert_eq!(kills(Some(1)).with_nested(&kills(Some(2))), kills(Some(3)));
        assert_eq!(kills(None).with_nested(&kills(Some(2))), kills(Some(2)));
    }

    #[test]
    fn io_is_summed_over_devices() {
        let text = "8:0 rbytes=10 wbytes=1 rios=3\n8:16 rbytes=5 wbytes=2 rios=3";
        assert_eq!((io_sum(text, "rbytes"), io_sum(text, "wbytes")), (15, 3));
    }
}
