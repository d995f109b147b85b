//! Attributes of one mount, as mount_setattr(2) and fsmount(2) take them. They are only ever
//! added: in a user namespace the ones that came with a mount are locked, and a call that drops
//! one of them fails as a whole.

use rustix::fs::AtFlags;
use serde::Deserialize;
use srcon_step::{Failure, sys};
use std::os::fd::BorrowedFd;

/// One attribute, named as mount(8) names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Attribute {
    /// Nothing can be written through this mount.
    Ro,
    /// Set-user-ID bits and file capabilities have no effect.
    NoSuid,
    /// Device nodes cannot be opened.
    NoDev,
    /// Nothing can be executed.
    NoExec,
    /// Symbolic links are not followed.
    NoSymFollow,
    /// Access times are not kept.
    NoAtime,
    /// … not those of directories.
    NoDirAtime,
    /// … updated when older than the modification.
    RelAtime,
    /// … updated always.
    StrictAtime,
}

/// `MOUNT_ATTR__ATIME`: the field that holds how access times are kept.
const ATIME: u64 = libc::MOUNT_ATTR__ATIME;

impl Attribute {
    const fn bits(self) -> u64 {
        match self {
            Self::Ro => libc::MOUNT_ATTR_RDONLY,
            Self::NoSuid => libc::MOUNT_ATTR_NOSUID,
            Self::NoDev => libc::MOUNT_ATTR_NODEV,
            Self::NoExec => libc::MOUNT_ATTR_NOEXEC,
            Self::NoSymFollow => libc::MOUNT_ATTR_NOSYMFOLLOW,
            Self::NoAtime => libc::MOUNT_ATTR_NOATIME,
            Self::NoDirAtime => libc::MOUNT_ATTR_NODIRATIME,
            Self::RelAtime => libc::MOUNT_ATTR_RELATIME,
            Self::StrictAtime => libc::MOUNT_ATTR_STRICTATIME,
        }
    }

    const fn is_atime(self) -> bool {
        matches!(self, Self::NoAtime | Self::RelAtime | Self::StrictAtime)
    }
}

/// All bits together.
pub fn bits(attributes: &[Attribute]) -> u64 {
    attributes.iter().fold(0, |all, a| all | a.bits())
}

/// Adds attributes to the mount that `mount` is the root of (and to all below it).
pub fn add(
    mount: BorrowedFd<'_>,
    attributes: &[Attribute],
    recursive: bool,
) -> Result<(), Failure> {
    if attributes.is_empty() {
        return Ok(());
    }
    // How access times are kept is a number, not a bit: to set it, the field must be cleared.
    let clear = if attributes.iter().any(|a| a.is_atime()) {
        ATIME
    } else {
        0
    };
    let attr = sys::MountAttr {
        attr_set: bits(attributes),
        attr_clr: clear,
        ..sys::MountAttr::default()
    };
    set(mount, &attr, recursive)
}

/// mount_setattr(2) of an open mount.
pub fn set(mount: BorrowedFd<'_>, attr: &sys::MountAttr, recursive: bool) -> Result<(), Failure> {
    let recurse = if recursive {
        libc::AT_RECURSIVE.cast_unsigned()
    } else {
        0
    };
    let flags = AtFlags::EMPTY_PATH.bits() | recurse;
    sys::mount_setattr(mount, c"", flags, attr).map_err(|e| Failure::new("mount_setattr", e))
}
