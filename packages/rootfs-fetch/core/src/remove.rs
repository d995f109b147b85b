//! Removes a tree by descriptors: of a tree that was left half made, also the directories that its
//! owner may not enter, and never what a link in it points to.

use crate::failure::{Failure, system};
use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, fstat, openat, statat, unlinkat};
use rustix::io::Errno;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

/// Removes `path` and all below; nothing there is no error.
///
/// # Errors
/// If something cannot be removed.
pub fn remove_tree(path: &[u8]) -> Result<(), Failure> {
    remove_at(CWD, path, &mut |_| {}).map_err(|f| f.at(path))
}

/// Removes `name` in `parent`; `gone` hears of each directory. Depth is bounded by the limits of who
/// made the tree, so one descriptor a level is few enough.
pub(crate) fn remove_at(
    parent: impl AsFd,
    name: &[u8],
    gone: &mut dyn FnMut((u64, u64)),
) -> Result<(), Failure> {
    let stat = match statat(&parent, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => stat,
        Err(Errno::NOENT) => return Ok(()),
        Err(e) => return Err(system("fstatat")(e)),
    };
    if !FileType::from_raw_mode(stat.st_mode).is_dir() {
        return missing_is_fine(unlinkat(&parent, name, AtFlags::empty()));
    }
    let fd = open_writable(&parent, name).map_err(system("openat"))?;
    let mut names = Dir::read_from(&fd).map_err(system("getdents64"))?;
    while let Some(entry) = names.read() {
        let entry = entry.map_err(system("getdents64"))?;
        let name = entry.file_name().to_bytes();
        if !matches!(name, b"." | b"..") {
            remove_at(&fd, name, gone)?;
        }
    }
    let stat = fstat(&fd).map_err(system("fstat"))?;
    gone((stat.st_dev, stat.st_ino));
    missing_is_fine(unlinkat(&parent, name, AtFlags::REMOVEDIR))
}

/// Opens a directory after giving its owner all rights on it. chmod goes by descriptor through
/// /proc/self/fd, since fchmod(2) refuses O_PATH and a name could be swapped for a link.
fn open_writable(parent: impl AsFd, name: &[u8]) -> Result<OwnedFd, Errno> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let path = openat(&parent, name, flags, Mode::empty())?;
    let mode = Mode::from_raw_mode(fstat(&path)?.st_mode);
    if !mode.contains(Mode::RWXU) {
        rustix::fs::chmod(
            format!("/proc/self/fd/{}", path.as_raw_fd()),
            mode | Mode::RWXU,
        )?;
    }
    openat(
        &path,
        c".",
        OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC,
        Mode::empty(),
    )
}

fn missing_is_fine(result: Result<(), Errno>) -> Result<(), Failure> {
    match result {
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        Err(e) => Err(system("unlinkat")(e)),
    }
}
