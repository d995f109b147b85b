//! Users and groups by name, from the passwd(5) and group(5) of the root that the process has at that
//! moment: behind a new root that is the new one's, never the host's. The files may be hostile: they
//! are opened inside the root only, must be regular, and are read up to a limit; a line that does not
//! say what it must is passed over, as the C library does.

use rustix::fs::{FileType, Mode, OFlags, fstat, open};
use srcon_step::{Failure, fail, resolve::open_in_root};
use std::{ffi::CStr, fs::File, io::Read, os::fd::AsFd};

/// Largest file that is read, bytes: some 50,000 accounts.
const MAX_BYTES: u64 = 4 << 20;

/// Where users are.
pub const PASSWD: &CStr = c"/etc/passwd";
/// Where groups are.
pub const GROUP: &CStr = c"/etc/group";

/// Reads one of them below the root of this process.
///
/// # Errors
/// Of open, or what is wrong with the file.
pub fn read(path: &CStr) -> Result<Vec<u8>, Failure> {
    let shown = path.to_string_lossy();
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let root = open(c"/", flags, Mode::empty()).map_err(fail("open"))?;
    // Not blocking: a FIFO of that name would hold us for ever.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = open_in_root(root.as_fd(), path, flags, Mode::empty())
        .map_err(|e| fail("openat2")(e).at(shown.clone()))?;
    let about = fstat(&file).map_err(|e| fail("fstat")(e).at(shown.clone()))?;
    if FileType::from_raw_mode(about.st_mode) != FileType::RegularFile {
        return Err(Failure::wrong(format!("{shown} is not a regular file")));
    }
    let mut bytes = Vec::new();
    let read = File::from(file).take(MAX_BYTES + 1).read_to_end(&mut bytes);
    let size = read.map_err(|e| Failure {
        errno: e.raw_os_error().unwrap_or(0),
        ..Failure::wrong("").at(shown.clone())
    })?;
    if size as u64 > MAX_BYTES {
        return Err(Failure::wrong(format!(
            "{shown} is larger than {MAX_BYTES} bytes"
        )));
    }
    Ok(bytes)
}

/// A line of passwd(5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Account {
    /// The user.
    pub uid: u32,
    /// Its own group.
    pub gid: u32,
}

/// The fields of each line that has at least `least` of them.
fn lines(file: &[u8], least: usize) -> impl Iterator<Item = Vec<&[u8]>> {
    file.split(|&b| b == b'\n')
        .map(|line| line.split(|&b| b == b':').collect::<Vec<_>>())
        .filter(move |fields| fields.len() >= least)
}

/// Digits only: a sign, a space or an overflow is no id, and 2^32-1 means "no change" to the kernel.
fn id(field: &[u8]) -> Option<u32> {
    if field.is_empty() || !field.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let id = std::str::from_utf8(field).ok()?.parse().ok()?;
    (id != u32::MAX).then_some(id)
}

/// The first line of that name.
#[must_use]
pub fn user(passwd: &[u8], name: &str) -> Option<Account> {
    lines(passwd, 4)
        .filter(|f| f[0] == name.as_bytes())
        .find_map(|f| {
            Some(Account {
                uid: id(f[2])?,
                gid: id(f[3])?,
            })
        })
}

/// The name of the first line with that id.
#[must_use]
pub fn name_of(passwd: &[u8], uid: u32) -> Option<Vec<u8>> {
    lines(passwd, 4)
        .find(|f| id(f[2]) == Some(uid) && !f[0].is_empty())
        .map(|f| f[0].to_vec())
}

/// The id of the first group of that name.
#[must_use]
pub fn group(file: &[u8], name: &str) -> Option<u32> {
    lines(file, 3)
        .filter(|f| f[0] == name.as_bytes())
        .find_map(|f| id(f[2]))
}

/// The groups that have this member.
#[must_use]
pub fn groups_of(file: &[u8], member: &[u8]) -> Vec<u32> {
    lines(file, 4)
        .filter(|f| f[3].split(|&b| b == b',').any(|m| m == member))
        .filter_map(|f| id(f[2]))
        .collect()
}

/// Whether a plan may ask for that name: what could not stand in a field, or reads as a number, is none.
#[must_use]
pub fn is_name(name: &str) -> bool {
    let odd = |c: char| c == ':' || c == ',' || c.is_control() || c.is_whitespace();
    !name.is_empty()
        && name.len() <= 256
        && !name.starts_with(['-', '+'])
        && !name.contains(odd)
        && !name.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    const USERS: &[u8] = b"root:x:0:0:root:/root:/bin/sh\n+nis::::::\nbad:x:-1:5::\nhuge:x:4294967296:5\nlast:x:4294967295:5::\nshort:x\nbad:x:7:8::\n\nweb:x:33:34:a\xff:/:\nroot:x:9:9::\n";
    const GROUPS: &[u8] =
        b"root:x:0:\nadm:x:4:web,other\nwebs:x:34:web\nodd:x:y:web\nwebadm:x:35:other,webb\n";

    #[test]
    fn the_first_line_that_says_it() {
        assert_eq!(user(USERS, "root"), Some(Account { uid: 0, gid: 0 }));
        assert_eq!(user(USERS, "web"), Some(Account { uid: 33, gid: 34 }));
        assert_eq!(user(USERS, "bad"), Some(Account { uid: 7, gid: 8 }));
        for none in ["huge", "last", "short", "", "nobody", "+nis"] {
            assert_eq!(user(USERS, none), None, "{none}");
        }
        assert_eq!(name_of(USERS, 33), Some(b"web".to_vec()));
        assert_eq!(name_of(USERS, 1), None);
    }

    #[test]
    fn groups_and_members() {
        assert_eq!(group(GROUPS, "adm"), Some(4));
        assert_eq!(group(GROUPS, "odd"), None);
        assert_eq!(groups_of(GROUPS, b"web"), [4, 34]);
        assert_eq!(groups_of(GROUPS, b""), [0], "an empty member list");
    }

    #[test]
    fn names() {
        for name in ["web", "_apt", "a.b-c@d", "machine$", "user1", "1user"] {
            assert!(is_name(name), "{name}");
        }
        let long = "x".repeat(257);
        for name in ["", "5", "-x", "+x", "a:b", "a\nb", "a b", "a,b", &long] {
            assert!(!is_name(name), "{name}");
        }
    }
}
