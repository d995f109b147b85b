//! Removes a tree by descriptors: of a tree that was left half made, also the directories that its
//! owner may not enter, and never what a link in it points to. One descriptor, however deep it is: the
//! way up is `..`, and must lead to where the way down came from.

use crate::failure::{Failure, Kind, system};
use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, fstat, openat, statat, unlinkat};
use rustix::io::Errno;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

/// A directory on the way down.
struct Level {
    /// Its name in the level above.
    name: Vec<u8>,
    id: (u64, u64),
    /// Directories in it that are still there.
    inner: Vec<Vec<u8>>,
}

/// Removes `path` and all below; nothing there is no error.
///
/// # Errors
/// If something cannot be removed.
pub fn remove_tree(path: &[u8]) -> Result<(), Failure> {
    remove_at(CWD, path, &mut |_| {}).map_err(|f| f.at(path))
}

/// Removes `name` in `parent`; `gone` hears of each directory.
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
    let mut here = open_writable(&parent, name).map_err(system("openat"))?;
    let mut way = vec![enter(&here, name)?];
    while let Some(level) = way.last_mut() {
        if let Some(inner) = level.inner.pop() {
            let fd = open_writable(&here, &inner).map_err(system("openat"))?;
            way.push(enter(&fd, &inner)?);
            here = fd;
            continue;
        }
        gone(level.id);
        let name = way.pop().map(|level| level.name).unwrap_or_default();
        let Some(above) = way.last() else {
            return missing_is_fine(unlinkat(&parent, name, AtFlags::REMOVEDIR));
        };
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let up = openat(&here, c"..", flags, Mode::empty()).map_err(system("openat"))?;
        let stat = fstat(&up).map_err(system("fstat"))?;
        if (stat.st_dev, stat.st_ino) != above.id {
            return Err(Failure::new(
                Kind::Unsafe,
                "a directory was moved while it was removed",
            ));
        }
        missing_is_fine(unlinkat(&up, name, AtFlags::REMOVEDIR))?;
        here = up;
    }
    Ok(())
}

/// Removes all but the directories in it, which it lists.
fn enter(fd: &OwnedFd, name: &[u8]) -> Result<Level, Failure> {
    let stat = fstat(fd).map_err(system("fstat"))?;
    let mut inner = Vec::new();
    let mut names = Dir::read_from(fd).map_err(system("getdents64"))?;
    while let Some(entry) = names.read() {
        let entry = entry.map_err(system("getdents64"))?;
        let name = entry.file_name().to_bytes();
        if matches!(name, b"." | b"..") {
            continue;
        }
        match unlinkat(fd, name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => {}
            // POSIX has EPERM for a directory, Linux EISDIR; what it is decides.
            Err(e @ (Errno::ISDIR | Errno::PERM)) => {
                let stat = statat(fd, name, AtFlags::SYMLINK_NOFOLLOW);
                match stat.map(|s| FileType::from_raw_mode(s.st_mode).is_dir()) {
                    Ok(true) => inner.push(name.to_vec()),
                    _ => return Err(system("unlinkat")(e)),
                }
            }
            Err(e) => return Err(system("unlinkat")(e)),
        }
    }
    Ok(Level {
        name: name.to_vec(),
        id: (stat.st_dev, stat.st_ino),
        inner,
    })
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
