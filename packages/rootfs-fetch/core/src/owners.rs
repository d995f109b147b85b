//! Whether this process can give files to the owners that an archive names. An ordinary user cannot,
//! and neither can the root of a user namespace that maps one id: see user_namespaces(7).

/// What becomes of the owners in an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owners {
    /// As the archive says; an owner that cannot be given is an error.
    Exact,
    /// Everything belongs to the caller.
    Squash,
}

/// Ids that distributions hand out; a map without them cannot hold a root file system.
const NEEDED: u64 = 65_536;

const CAP_CHOWN: u32 = 0;

/// Exact where this process has CAP_CHOWN over the ids 0 to 65535.
#[must_use]
pub fn owners_of_this_process() -> Owners {
    let read =
        |file: &str| std::fs::read_to_string(format!("/proc/self/{file}")).unwrap_or_default();
    let capable = effective(&read("status")).is_some_and(|set| set & (1 << CAP_CHOWN) != 0);
    if capable && covers(&read("uid_map")) && covers(&read("gid_map")) {
        Owners::Exact
    } else {
        Owners::Squash
    }
}

fn effective(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|l| l.strip_prefix("CapEff:"))?;
    u64::from_str_radix(line.trim(), 16).ok()
}

/// Whether lines of `inside outside length` together hold the ids 0 to 65535.
fn covers(map: &str) -> bool {
    let mut ranges: Vec<(u64, u64)> = map
        .lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace().map(str::parse::<u64>);
            let (inside, _, length) = (
                words.next()?.ok()?,
                words.next()?.ok()?,
                words.next()?.ok()?,
            );
            Some((inside, inside + length))
        })
        .collect();
    ranges.sort_unstable();
    let end = ranges.iter().fold(
        0,
        |end, &(from, to)| if from <= end { end.max(to) } else { end },
    );
    end >= NEEDED
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_covers_or_not() {
        assert!(covers("         0          0 4294967295\n"));
        assert!(covers("0 1000 1\n1 100000 65536\n"));
        assert!(!covers("0 1000 1\n"));
        assert!(!covers("1 100000 65536\n"));
        assert!(!covers("0 1000 1\n2 100000 65536\n"));
        assert!(!covers(""));
    }

    #[test]
    fn the_effective_set_is_found() {
        assert_eq!(
            effective("Name:\tx\nCapEff:\t00000000a80425fb\n"),
            Some(0xa804_25fb)
        );
        assert_eq!(effective("nothing"), None);
    }
}
