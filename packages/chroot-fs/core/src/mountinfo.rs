//! `/proc/PID/mountinfo`, read. See proc_pid_mountinfo(5). Paths are bytes; blanks in them are
//! written `\040` by the kernel.

use std::fs;
use std::io;

/// One mount of a mount namespace, as the process sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MountEntry {
    /// Number of this mount.
    pub id: u32,
    /// Number of the mount that it is on.
    pub parent: u32,
    /// Device of its files, `major:minor`.
    pub device: String,
    /// Which directory of the file system is its root.
    pub root: Vec<u8>,
    /// Where it is, from the process's root.
    pub target: Vec<u8>,
    /// Attributes of this mount: `rw`, `nosuid`, …
    pub attributes: Vec<String>,
    /// `shared:N`, `master:N`, `propagate_from:N`, `unbindable`; empty: private.
    pub propagation: Vec<String>,
    /// Type of the file system.
    pub kind: String,
    /// What is mounted, as whoever mounted it called it.
    pub source: Vec<u8>,
    /// Options of the file system.
    pub options: Vec<String>,
}

/// The mounts of a process; `pid` 0 is the caller.
///
/// # Errors
/// Of reading the file: no such process, or not permitted.
pub fn read(pid: u32) -> io::Result<Vec<MountEntry>> {
    let who = if pid == 0 {
        "thread-self".to_owned()
    } else {
        pid.to_string()
    };
    Ok(parse(&fs::read(format!("/proc/{who}/mountinfo"))?))
}

/// Lines that are not as the man page says are left out.
#[must_use]
pub fn parse(text: &[u8]) -> Vec<MountEntry> {
    text.split(|&b| b == b'\n').filter_map(parse_line).collect()
}

fn parse_line(line: &[u8]) -> Option<MountEntry> {
    let mut fields = line.split(|&b| b == b' ');
    let id = number(fields.next()?)?;
    let parent = number(fields.next()?)?;
    let device = text(fields.next()?);
    let root = unescape(fields.next()?);
    let target = unescape(fields.next()?);
    let attributes = list(fields.next()?);
    let propagation = fields
        .by_ref()
        .take_while(|f| *f != b"-")
        .map(text)
        .collect();
    let kind = text(fields.next()?);
    let source = unescape(fields.next()?);
    let options = list(fields.next()?);
    Some(MountEntry {
        id,
        parent,
        device,
        root,
        target,
        attributes,
        propagation,
        kind,
        source,
        options,
    })
}

fn text(field: &[u8]) -> String {
    String::from_utf8_lossy(field).into_owned()
}

fn number(field: &[u8]) -> Option<u32> {
    std::str::from_utf8(field).ok()?.parse().ok()
}

fn list(field: &[u8]) -> Vec<String> {
    field.split(|&b| b == b',').map(text).collect()
}

/// `\ooo` becomes the byte.
fn unescape(field: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((&first, after)) = rest.split_first() {
        match (first, after) {
            (b'\\', [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', tail @ ..]) => {
                bytes.push((a - b'0') * 64 + (b - b'0') * 8 + (c - b'0'));
                rest = tail;
            }
            _ => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_manual() {
        let line = b"36 35 98:0 /mnt1 /mnt\\0402 rw,noatime master:1 shared:2 - ext3 /dev/root rw,errors=continue\n";
        let mounts = parse(line);
        assert_eq!(mounts.len(), 1);
        assert_eq!(mounts[0].target, b"/mnt 2");
        assert_eq!(mounts[0].attributes, ["rw", "noatime"]);
        assert_eq!(mounts[0].propagation, ["master:1", "shared:2"]);
        assert_eq!(mounts[0].kind, "ext3");
        assert_eq!(mounts[0].options, ["rw", "errors=continue"]);
    }

    #[test]
    fn backslashes_that_are_no_numbers_stay() {
        assert_eq!(unescape(b"a\\134b\\9\\04"), b"a\\b\\9\\04");
    }

    #[test]
    fn lines_cut_short_are_left_out() {
        for line in [
            "",
            "36",
            "36 35 98:0 / / rw",
            "36 35 98:0 / / rw - ext3",
            "x 35 98:0 / / rw - a b c",
        ] {
            assert_eq!(parse(line.as_bytes()), []);
        }
    }

    #[test]
    fn our_own_mounts() {
        assert!(read(0).unwrap().iter().any(|m| m.target == b"/"));
    }
}
