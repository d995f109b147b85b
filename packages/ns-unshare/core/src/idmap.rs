//! One line of an id map, and what the kernel accepts as a map: see user_namespaces(7), "Defining
//! user and group ID mappings". Checked before anything is done, since the kernel answers all of it
//! with one EINVAL.

use serde::Deserialize;

/// Most lines of a map since Linux 4.15.
pub const MAX_LINES: usize = 340;
/// A map is one write, and the kernel takes less than a page.
pub const MAX_BYTES: usize = 4095;
/// `(uid_t) -1` is no id.
const NO_ID: u64 = u32::MAX as u64;

/// Ids `inside..inside + count` of the new namespace are `outside..outside + count` of its parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdMap {
    /// First id in the new namespace.
    pub inside: u32,
    /// First id in the parent namespace.
    pub outside: u32,
    /// How many.
    pub count: u32,
}

impl IdMap {
    /// Whether `id` of the new namespace is mapped by this line.
    #[must_use]
    pub fn has(&self, id: u32) -> bool {
        id.checked_sub(self.inside).is_some_and(|n| n < self.count)
    }
}

/// The map as it is written to `/proc/PID/uid_map`.
#[must_use]
pub fn to_text(map: &[IdMap]) -> String {
    let line = |m: &IdMap| format!("{} {} {}\n", m.inside, m.outside, m.count);
    map.iter().map(line).collect()
}

fn overlap(a: u32, a_count: u32, b: u32, b_count: u32) -> bool {
    u64::from(a) < u64::from(b) + u64::from(b_count)
        && u64::from(b) < u64::from(a) + u64::from(a_count)
}

/// What the kernel would refuse, said; `field` is the name of the map in the step.
///
/// # Errors
/// What is wrong, one line.
pub fn check(field: &str, map: &[IdMap]) -> Result<(), String> {
    if map.len() > MAX_LINES {
        return Err(format!("{field}: more than {MAX_LINES} lines"));
    }
    for (i, a) in map.iter().enumerate() {
        if a.count == 0 {
            return Err(format!("{field}[{i}]: count must be at least 1"));
        }
        for first in [a.inside, a.outside] {
            if u64::from(first) + u64::from(a.count) > NO_ID {
                return Err(format!("{field}[{i}]: goes beyond the largest id"));
            }
        }
        for (j, b) in map[..i].iter().enumerate() {
            if overlap(a.inside, a.count, b.inside, b.count) {
                return Err(format!("{field}[{i}]: overlaps line {j} inside"));
            }
            if overlap(a.outside, a.count, b.outside, b.count) {
                return Err(format!("{field}[{i}]: overlaps line {j} outside"));
            }
        }
    }
    if to_text(map).len() > MAX_BYTES {
        return Err(format!("{field}: longer than {MAX_BYTES} bytes as text"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(inside: u32, outside: u32, count: u32) -> IdMap {
        IdMap {
            inside,
            outside,
            count,
        }
    }

    #[test]
    fn text_is_the_kernels() {
        let map = [line(0, 1000, 1), line(1, 100_000, 65536)];
        assert_eq!(to_text(&map), "0 1000 1\n1 100000 65536\n");
        assert!(map[1].has(1) && map[1].has(65536) && !map[1].has(65537) && !map[1].has(0));
    }

    #[test]
    fn what_the_kernel_refuses_is_refused_with_a_reason() {
        assert_eq!(check("m", &[line(0, 0, u32::MAX)]), Ok(()));
        assert_eq!(check("m", &[line(0, 5, 5), line(5, 0, 5)]), Ok(()));
        for (map, word) in [
            (vec![line(0, 0, 0)], "count"),
            (vec![line(1, 0, u32::MAX)], "largest"),
            (vec![line(0, 1, u32::MAX)], "largest"),
            (vec![line(0, 0, 5), line(4, 10, 1)], "inside"),
            (vec![line(0, 0, 5), line(5, 4, 1)], "outside"),
            (
                (0..341).map(|i| line(i, i, 1)).collect::<Vec<_>>(),
                "more than",
            ),
            (
                (0..300)
                    .map(|i| line(1_000_000_000 + i, 2_000_000_000 + i, 1))
                    .collect(),
                "longer",
            ),
        ] {
            let message = check("m", &map).unwrap_err();
            assert!(
                message.contains(word) && message.starts_with('m'),
                "{message}"
            );
        }
    }
}
