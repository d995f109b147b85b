//! A small file of a tree that nobody vouches for: looked up as if the tree were `/`, so that no
//! link in it leads to a file of the host. See openat2(2), `RESOLVE_IN_ROOT`.

use crate::failure::{Failure, system};
use rustix::fs::{CWD, FileType, Mode, OFlags, ResolveFlags, fstat, openat, openat2};
use rustix::io::Errno;
use std::io::Read;

/// The first `limit` bytes of the regular file `path` inside `root`. `None` where there is none, or
/// what is there is no regular file.
///
/// # Errors
/// If the directory or the file cannot be opened or read.
pub fn read_inside(root: &[u8], path: &[u8], limit: u64) -> Result<Option<Vec<u8>>, Failure> {
    let folder = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let root =
        openat(CWD, root, folder, Mode::empty()).map_err(|e| system("openat")(e).at(root))?;
    // Not blocking on a FIFO that nobody writes to.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
    let file = match openat2(&root, path, flags, Mode::empty(), resolve) {
        Ok(file) => file,
        Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::NXIO) => return Ok(None),
        Err(e) => return Err(system("openat2")(e).at(path)),
    };
    let stat = fstat(&file).map_err(system("fstat"))?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    std::fs::File::from(file)
        .take(limit)
        .read_to_end(&mut bytes)
        .map_err(|e| system("read")(Errno::from_io_error(&e).unwrap_or(Errno::IO)).at(path))?;
    Ok(Some(bytes))
}
