//! Where a group belongs: one hierarchy (v1: one of several, v2: the only one) and the parent in
//! it. The magic number of the mounted file system tells the version, never the path: on a hybrid
//! host v2 may be mounted anywhere. See cgroups(7).

use crate::directory::{Directory, OPEN};
use rustix::fs::{Mode, OFlags, ResolveFlags, fstatfs, open, openat2};
use serde::Deserialize;
use srcon_step::{Bytes, Failure, fail};

const CGROUP_SUPER_MAGIC: u64 = 0x0027_e0eb;
const CGROUP2_SUPER_MAGIC: u64 = 0x6367_7270;
const TMPFS_MAGIC: u64 = 0x0102_1994;

/// One control file and what is written to it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Write {
    /// `memory.max`, as the kernel names it.
    pub file: String,
    /// As the kernel takes it.
    pub value: String,
}

/// A group in one hierarchy.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// 1 or 2.
    pub version: u8,
    /// The controllers that are wanted of it; on v2 they are enabled for it.
    pub controllers: Vec<String>,
    /// Where the hierarchy is mounted.
    pub mount: Bytes,
    /// The parent, below the mount; empty: its top.
    pub parent: Bytes,
    /// The limits.
    pub write: Vec<Write>,
}

impl Group {
    /// Whether `name` is among its controllers.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.controllers.iter().any(|c| c == name)
    }

    pub(crate) fn validate(&self) -> Result<(), String> {
        if !matches!(self.version, 1 | 2) {
            return Err(format!("version: {} is neither 1 nor 2", self.version));
        }
        if self.mount.as_bytes().first() != Some(&b'/') {
            return Err("mount: not an absolute path".into());
        }
        if components(&self.parent).any(|part| part == b"..") {
            return Err("parent: '..' would leave the mount".into());
        }
        if self.controllers.is_empty() || !self.controllers.iter().all(|c| is_word(c)) {
            return Err("controllers: a list of names such as memory".into());
        }
        self.write.iter().try_for_each(|w| self.validate_write(w))
    }

    /// Only files of its own controllers: `cgroup.procs` or `release_agent` are no limits.
    fn validate_write(&self, write: &Write) -> Result<(), String> {
        let controller = write.file.split('.').next().unwrap_or_default();
        let plain = (write.file.bytes())
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
        if !plain || !write.file.contains('.') || !self.has(controller) {
            return Err(format!(
                "write: '{}' is no file of its controllers",
                write.file.escape_default()
            ));
        }
        if write.value.is_empty() || write.value.len() > 4096 || write.value.contains('\0') {
            return Err(format!("write: the value of {} is not usable", write.file));
        }
        Ok(())
    }

    /// Opens the parent, after a check that the mount is what `version` says.
    pub(crate) fn open_parent(&self) -> Result<Directory, Failure> {
        let mount = self.mount.to_text();
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let top = open(self.mount.as_c_str(), flags, Mode::empty())
            .map_err(|e| fail("open")(e).at(&mount))?;
        let found = fstatfs(&top).map_err(|e| fail("statfs")(e).at(&mount))?;
        check_magic(self.version, u64::try_from(found.f_type).unwrap_or(0))
            .map_err(|note| Failure::wrong(note).at(&mount))?;
        let parts: Vec<_> = components(&self.parent).collect();
        let below = if parts.is_empty() {
            b".".to_vec()
        } else {
            parts.join(&b'/')
        };
        let path = match parts.is_empty() {
            true => mount,
            false => format!(
                "{}/{}",
                mount.trim_end_matches('/'),
                String::from_utf8_lossy(&below)
            ),
        };
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_XDEV;
        let fd = openat2(&top, below, OPEN, Mode::empty(), resolve)
            .map_err(|e| fail("open")(e).at(&path))?;
        Ok(Directory::new(fd, path))
    }
}

/// The parts of a path below the mount, with or without a leading slash.
pub(crate) fn components(path: &Bytes) -> impl Iterator<Item = &[u8]> {
    (path.as_bytes().split(|&b| b == b'/')).filter(|part| !matches!(*part, b"" | b"."))
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && (text.bytes()).all(|b| b.is_ascii_lowercase() || matches!(b, b'_' | b'-'))
}

/// Whether the file system found is the version that the step says.
fn check_magic(version: u8, magic: u64) -> Result<(), String> {
    let found = match magic {
        CGROUP_SUPER_MAGIC if version == 1 => return Ok(()),
        CGROUP2_SUPER_MAGIC if version == 2 => return Ok(()),
        CGROUP_SUPER_MAGIC => "a cgroup v1 hierarchy".into(),
        CGROUP2_SUPER_MAGIC => "the cgroup v2 hierarchy".into(),
        TMPFS_MAGIC => "a tmpfs, no cgroup hierarchy".into(),
        other => format!("a file system of type {other:#x}, no cgroup hierarchy"),
    };
    Err(format!("expected cgroup v{version}, found {found}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(parent: &str, file: &str) -> Group {
        Group {
            version: 1,
            controllers: vec!["memory".into()],
            mount: Bytes::new("/sys/fs/cgroup/memory").unwrap(),
            parent: Bytes::new(parent).unwrap(),
            write: vec![Write {
                file: file.into(),
                value: "1".into(),
            }],
        }
    }

    #[test]
    fn only_files_of_its_own_controllers() {
        assert_eq!(group("", "memory.limit_in_bytes").validate(), Ok(()));
        for file in [
            "cgroup.procs",
            "tasks",
            "release_agent",
            "memory/../x.y",
            "memory",
            "pids.max",
        ] {
            assert!(group("", file).validate().is_err(), "{file}");
        }
    }

    #[test]
    fn the_parent_stays_below_the_mount() {
        assert_eq!(group("/a/b", "memory.x").validate(), Ok(()));
        assert!(group("a/../../b", "memory.x").validate().is_err());
    }

    #[test]
    fn the_magic_number_tells_the_version() {
        assert_eq!(check_magic(1, CGROUP_SUPER_MAGIC), Ok(()));
        assert_eq!(check_magic(2, CGROUP2_SUPER_MAGIC), Ok(()));
        assert!(
            check_magic(2, CGROUP_SUPER_MAGIC)
                .unwrap_err()
                .contains("v1")
        );
        assert!(check_magic(1, TMPFS_MAGIC).unwrap_err().contains("tmpfs"));
    }
}
