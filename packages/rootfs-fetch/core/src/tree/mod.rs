//! The tree that an archive becomes, below one descriptor.
//!
//! Every directory in it was made here and is known by device and inode; a name is resolved from the
//! root's descriptor alone, with links inside the tree taken as if the root were `/`. So a link that an
//! archive plants can redirect later entries within the tree and never out of it. Directories get
//! their attributes last, deepest first: a 0555 directory must take its files before.

mod attributes;
mod layer;
mod place;
mod seal;
mod walk;

pub(crate) use attributes::Attributes;

use crate::failure::{Failure, Kind, over, system};
use crate::report::Report;
use crate::unpack::Options;
use rustix::fs::{AtFlags, CWD, Mode, OFlags, Stat, fremovexattr, fstat, mkdirat, openat, statat};
use rustix::io::Errno;
use std::collections::HashMap;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

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
    /// The layer that these attributes are from.
    layer: u32,
    /// What is made in it gets the group of its maker.
    plain: bool,
}

/// An open directory of the tree.
#[derive(Clone)]
pub(crate) struct Place {
    fd: Arc<OwnedFd>,
    id: Id,
    plain: bool,
}

/// A hard link whose target has not come yet: where it shall be, and to what.
struct Deferred {
    name: Vec<Vec<u8>>,
    target: Vec<Vec<u8>>,
}

/// Directories that are kept open: archives come directory by directory, and go back up.
const MOST_OPEN: usize = 64;

pub(crate) struct Tree {
    root: Place,
    directories: HashMap<Id, Directory>,
    deferred: Vec<Deferred>,
    /// Bytes of the names in it: the only thing that an archive makes us remember in full.
    deferred_bytes: usize,
    /// By the name they were reached by; forgotten as soon as a name may lead elsewhere.
    open: HashMap<Vec<u8>, Place>,
    made: u64,
    layer: layer::Layer,
    options: Options,
    /// What a file that is made here belongs to.
    uid: u32,
    gid: u32,
    /// Modes given to openat(2) are what the file gets.
    exact_modes: bool,
    pub(crate) report: Report,
}

impl Tree {
    /// Takes an empty directory as the root.
    pub(crate) fn open(target: &OwnedFd, options: &Options) -> Result<Self, Failure> {
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
        // What is made in the root would inherit it, modes and all.
        match fremovexattr(&fd, "system.posix_acl_default") {
            Ok(()) | Err(Errno::NODATA | Errno::OPNOTSUPP) => {}
            Err(e) => return Err(system("fremovexattr")(e)),
        }
        let stat = fstat(&fd).map_err(system("fstat"))?;
        let id = id(&stat);
        let gid = rustix::process::getegid().as_raw();
        let root = Directory {
            parent: id,
            name: Vec::new(),
            depth: 0,
            length: 0,
            attributes: None,
            layer: 0,
            plain: gives_group(&stat, gid),
        };
        Ok(Self {
            root: Place {
                fd: Arc::new(fd),
                id,
                plain: root.plain,
            },
            directories: HashMap::from([(id, root)]),
            deferred: Vec::new(),
            deferred_bytes: 0,
            open: HashMap::new(),
            made: 0,
            layer: layer::Layer::default(),
            options: options.clone(),
            uid: rustix::process::geteuid().as_raw(),
            gid,
            exact_modes: false,
            report: Report::default(),
        })
    }

    /// Whether this thread's file mode creation mask is 0.
    pub(crate) fn free_umask(&mut self, free: bool) {
        self.exact_modes = free;
    }

    /// Counts what is about to be made and measures where: names that links prolong count in full.
    fn room(&mut self, parent: Id, name: &[u8]) -> Result<usize, Failure> {
        self.made += 1;
        if self.made > self.options.limits.entries {
            return Err(over(format!(
                "more than {} entries",
                self.options.limits.entries
            )));
        }
        let length = self.directory(parent)?.length + 1 + name.len();
        if length > self.options.limits.path {
            return Err(over(format!(
                "a path of {length} bytes, more than {}",
                self.options.limits.path
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
        if depth > self.options.limits.depth {
            return Err(over(format!(
                "{depth} directories deep, more than {}",
                self.options.limits.depth
            )));
        }
        mkdirat(&parent.fd, name, Mode::RWXU).map_err(system("mkdirat"))?;
        let fd = open_directory(&parent.fd, name).map_err(system("openat"))?;
        let stat = fstat(&fd).map_err(system("fstat"))?;
        let id = id(&stat);
        let plain = gives_group(&stat, self.gid);
        let directory = Directory {
            parent: parent.id,
            name: name.to_vec(),
            depth,
            length,
            attributes: None,
            layer: 0,
            plain,
        };
        self.directories.insert(id, directory);
        Ok(Place {
            fd: Arc::new(fd),
            id,
            plain,
        })
    }
}

/// Whether a file that is made in a directory gets this group, its maker's: the set-group-id bit gives
/// it the directory's, and so do some mounts, see mount(8), grpid.
fn gives_group(directory: &Stat, gid: u32) -> bool {
    directory.st_gid == gid
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
