//! A private copy of a tree: every file as it is there, with its owner, mode, times, links, holes and
//! extended attributes, the root included. Where the file system can, files share their blocks until one of
//! them is written (ioctl_ficlone(2)); else copy_file_range(2) copies them, piece by piece around the holes.
//!
//! Both trees are gone through by descriptors, one component at a time, and no link is followed. The copy
//! is made aside, see [`Aside`], so that what has the name is whole.

mod aside;
mod attributes;
mod content;
mod walk;

pub use aside::Aside;

use crate::failure::{Failure, Kind, system};
use crate::report::Monitor;
use rustix::fs::{CWD, Mode, OFlags, openat, syncfs};

/// How the content of a file comes into the copy.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Method {
    /// Shared blocks where the file system has them, else copied.
    #[default]
    Best,
    /// Shared blocks, or it fails.
    Reflink,
    /// No copy: the same file under another name. Whoever writes one writes both.
    HardLink,
}

/// What was copied.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Copied {
    /// Files, directories and links, without the root.
    pub entries: u64,
    /// Bytes of all regular files, holes included.
    pub bytes: u64,
    /// Files that share their blocks with the original.
    pub reflinked: u64,
    /// Files that are the original's under another name.
    pub linked: u64,
}

/// Copies what `source` is into `aside`, and brings it to disk.
///
/// # Errors
/// If something cannot be read, made or kept exactly, changes meanwhile, or the caller gives up. What is in
/// `aside` then is half of something.
pub fn copy_tree(
    source: &[u8],
    aside: &Aside,
    method: Method,
    monitor: &Monitor,
) -> Result<Copied, Failure> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let from =
        openat(CWD, source, flags, Mode::empty()).map_err(|e| system("openat")(e).at(source))?;
    let copied = walk::Copier::new(method, monitor).run(from, aside.fd())?;
    // One call for all files; since Linux 5.8 it also reports what could not be written.
    syncfs(aside.fd()).map_err(system("syncfs"))?;
    Ok(copied)
}

fn changed(message: &str) -> Failure {
    Failure::new(Kind::Unsupported, message)
}
