//! The tree that an archive becomes, below one descriptor.
//!
//! Every directory in it was made here and is known by device and inode; a name is resolved from the
//! root's descriptor alone, with links inside the tree taken as if the root were `/`. So a link that an
//! archive plants can redirect later entries within the tree and never out of it. Directories get
//! their attributes last, deepest first: a 0555 directory must take its files before.

mod attributes;
mod place;
mod seal;
mod walk;

pub(crate) use attributes::Attributes;

use crate::failure::{Failure, Kind, over, system};
use crate::limits::Limits;
use crate::owners::Owners;
use crate::report::Report;
use crate::unpack::Options;
use rustix::fs::{AtFlags, CWD, Mode, OFlags, Stat, fstat, mkdirat, openat, statat};
use rustix::io::Errno;
use std::collections::HashMap;
use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;

/// Device and inode: what a file is, whatever its name.
pub(crate) type Id = (u64, u64);

pub(crate) fn id(stat: &Stat) -> Id {
    (stat.st_dev, stat.st_ino)
}

/// A directory of the tree.
struct Directory {
    parent: Id,
    name: Vec<u8>,
    depth: usize,
    /// Bytes of its path below the root.
    length: usize,
    /// Of the entry that names it; `None` for one that was only needed on the way.
    attributes: Option<Attributes>,
}

/// An open directory of the tree.
#[derive(Clone)]
pub(crate) struct Place {
    fd: Rc<OwnedFd>,
    id: Id,
}

/// A hard link whose target has not come yet: where it shall be, and to what.
struct Deferred {
    name: Vec<Vec<u8>>,
    target: Vec<Vec<u8>>,
}

pub(crate) struct Tree<'a> {
    root: Place,
    directories: HashMap<Id, Directory>,
    deferred: Vec<Deferred>,
    /// Bytes of the names in it: the only thing that an archive makes us remember in full.
    deferred_bytes: usize,
    /// The parent of the entry before: archives come directory by directory.
    recent: Option<(Vec<u8>, Place)>,
    made: u64,
    limits: &'a Limits,
    owners: Owners,
    strip_set_id: bool,
    keep_devices: bool,
    pub(crate) report: Report,
}

impl<'a> Tree<'a> {
    /// Takes an empty directory as the root.
    pub(crate) fn open(target: &OwnedFd, options: &'a Options) -> Result<Self, Failure> {
        let fd = openat(
            target,
            c".",
            OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC,
            Mode::empty(),
        )
        .map_err(system("openat"))?;
        let mut names = rustix::fs::Dir::read_from(&fd).map_err(system("getdents64"))?;
        if names.any(|e| e.is_ok_and(|e| !matches!(e.file_name().to_bytes(), b"." | b".."))) {
            return Err(system("unpack")(Errno::NOTEMPTY));
        }
        let id = id(&fstat(&fd).map_err(system("fstat"))?);
        let root = Directory {
            parent: id,
            name: Vec::new(),
            depth: 0,
            length: 0,
            attributes: None,
        };
        Ok(Self {
            root: Place {
                fd: Rc::new(fd),
                id,
            },
            directories: HashMap::from([(id, root)]),
            deferred: Vec::new(),
            deferred_bytes: 0,
            recent: None,
            made: 0,
            limits: &options.limits,
            owners: options.owners,
            strip_set_id: options.strip_set_id,
            keep_devices: options.keep_devices,
            report: Report::default(),
        })
    }

    /// Counts what is about to be made and measures where: names that links prolong count in full.
    fn room(&mut self, parent: Id, name: &[u8]) -> Result<usize, Failure> {
        self.made += 1;
        if self.made > self.limits.entries {
            return Err(over(format!("more than {} entries", self.limits.entries)));
        }
        let length = self.directory(parent)?.length + 1 + name.len();
        if length > self.limits.path {
            return Err(over(format!(
                "a path of {length} bytes, more than {}",
                self.limits.path
            )));
        }
        Ok(length)
    }

    fn directory(&self, id: Id) -> Result<&Directory, Failure> {
        self.directories.get(&id).ok_or_else(stranger)
    }

    /// Makes a directory that only its maker can use until the tree is sealed.
    fn make_directory(&mut self, parent: &Place, name: &[u8]) -> Result<Place, Failure> {
        let length = self.room(parent.id, name)?;
        let depth = self.directory(parent.id)?.depth + 1;
        if depth > self.limits.depth {
            return Err(over(format!(
                "{depth} directories deep, more than {}",
                self.limits.depth
            )));
        }
        mkdirat(&parent.fd, name, Mode::RWXU).map_err(system("mkdirat"))?;
        let fd = open_directory(&parent.fd, name).map_err(system("openat"))?;
        let id = id(&fstat(&fd).map_err(system("fstat"))?);
        let directory = Directory {
            parent: parent.id,
            name: name.to_vec(),
            depth,
            length,
            attributes: None,
        };
        self.directories.insert(id, directory);
        Ok(Place {
            fd: Rc::new(fd),
            id,
        })
    }
}

/// A directory itself, never what a link of that name points to.
fn open_directory(parent: impl AsFd, name: &[u8]) -> Result<OwnedFd, Errno> {
    openat(
        parent,
        name,
        OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC,
        Mode::empty(),
    )
}

fn look(parent: &Place, name: &[u8]) -> Result<Option<Stat>, Failure> {
    match statat(&parent.fd, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok(Some(stat)),
        Err(Errno::NOENT) => Ok(None),
        Err(e) => Err(system("fstatat")(e)),
    }
}

/// Somebody else works in the target.
fn stranger() -> Failure {
    Failure::new(
        Kind::Unsafe,
        "a directory in the target that is not of this archive",
    )
}

/// Opens the directory to unpack into.
pub(crate) fn open_target(path: &[u8]) -> Result<OwnedFd, Failure> {
    openat(
        CWD,
        path,
        OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC,
        Mode::empty(),
    )
    .map_err(|e| system("openat")(e).at(path))
}
