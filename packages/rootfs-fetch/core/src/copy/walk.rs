//! Goes through a tree and makes the same beside it. Four descriptors, however deep it is: the way up is
//! `..`, and must lead to where the way down came from, on both sides.

use super::content::Ways;
use super::{Copied, Method, attributes, changed};
use crate::failure::{Failure, Kind, system};
use crate::report::Monitor;
use rustix::fs::{
    AtFlags, Dir, FileType, Mode, OFlags, Stat, fstat, linkat, mkdirat, mknodat, openat,
    readlinkat, statat, symlinkat,
};
use rustix::io::Errno;
use std::collections::HashMap;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

type Id = (u64, u64);

const BARE: OFlags = OFlags::PATH.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
const FOLDER: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

/// A directory on the way down.
struct Level {
    /// Its name in the level above; empty for the root.
    name: Vec<u8>,
    /// The original, as it was when its copy was begun.
    stat: Stat,
    made: Id,
    /// What is still to be copied in it.
    names: Vec<Vec<u8>>,
}

pub(super) struct Copier<'a> {
    method: Method,
    monitor: &'a Monitor,
    ways: Ways,
    way: Vec<Level>,
    /// The file system of the original.
    device: u64,
    /// Files of several names: the way to the first that was made.
    linked: HashMap<Id, Vec<Vec<u8>>>,
    copied: Copied,
}

impl<'a> Copier<'a> {
    pub(super) fn new(method: Method, monitor: &'a Monitor) -> Self {
        Self {
            method,
            monitor,
            ways: Ways::new(method),
            way: Vec::new(),
            device: 0,
            linked: HashMap::new(),
            copied: Copied::default(),
        }
    }

    pub(super) fn run(mut self, from: OwnedFd, target: BorrowedFd<'_>) -> Result<Copied, Failure> {
        let to = openat(target, c".", FOLDER, Mode::empty()).map_err(system("openat"))?;
        self.device = fstat(&from).map_err(system("fstat"))?.st_dev;
        self.enter(Vec::new(), &from, &to)?;
        let (mut from, mut to) = (from, to);
        loop {
            if self.monitor.cancelled() {
                return Err(Failure::new(Kind::Cancelled, "cancelled"));
            }
            let Some(level) = self.way.last_mut() else {
                return Ok(self.copied);
            };
            if let Some(name) = level.names.pop() {
                let inner = self.entry(&from, &to, &name, target);
                if let Some((f, t)) = inner.map_err(|f| f.at(&self.path(&name)))? {
                    self.enter(name, &f, &t)?;
                    (from, to) = (f, t);
                }
                continue;
            }
            attributes::same(&from, &to, &level.stat).map_err(|f| f.at(&self.path(b"")))?;
            self.way.pop();
            if let Some(above) = self.way.last() {
                from = up(&from, id(&above.stat))?;
                to = up(&to, above.made)?;
            }
        }
    }

    /// Makes what the name is; a directory comes back, to be gone into.
    fn entry(
        &mut self,
        from: &OwnedFd,
        to: &OwnedFd,
        name: &[u8],
        root: BorrowedFd<'_>,
    ) -> Result<Option<(OwnedFd, OwnedFd)>, Failure> {
        let stat = statat(from, name, AtFlags::SYMLINK_NOFOLLOW).map_err(system("fstatat"))?;
        if stat.st_dev != self.device {
            return Err(changed("another file system is mounted there"));
        }
        self.copied.entries += 1;
        self.monitor.begun(self.copied.entries);
        let kind = FileType::from_raw_mode(stat.st_mode);
        if kind == FileType::Directory {
            let inner = openat(from, name, FOLDER, Mode::empty()).map_err(system("openat"))?;
            self.unchanged(&inner, &stat)?;
            mkdirat(to, name, Mode::RWXU).map_err(system("mkdirat"))?;
            let made = openat(to, name, FOLDER, Mode::empty()).map_err(system("openat"))?;
            return Ok(Some((inner, made)));
        }
        if kind == FileType::RegularFile {
            self.copied.bytes += stat.st_size.cast_unsigned();
        }
        if self.method == Method::HardLink {
            linkat(from, name, to, name, AtFlags::empty()).map_err(system("linkat"))?;
            let made = openat(to, name, BARE, Mode::empty()).map_err(system("openat"))?;
            self.unchanged(&made, &stat)?;
            self.copied.linked += 1;
            return Ok(None);
        }
        if stat.st_nlink > 1 {
            if let Some(first) = self.linked.get(&id(&stat)) {
                link(root, first, to, name)?;
                return Ok(None);
            }
            let path = self.way.iter().skip(1).map(|level| level.name.clone());
            let path = path.chain([name.to_vec()]).collect();
            self.linked.insert(id(&stat), path);
        }
        match kind {
            FileType::RegularFile => self.file(from, to, name, &stat)?,
            FileType::Symlink => {
                let target = readlinkat(from, name, Vec::new()).map_err(system("readlinkat"))?;
                symlinkat(target, to, name).map_err(system("symlinkat"))?;
                self.dress(from, to, name, &stat)?;
            }
            _ => {
                mknodat(to, name, kind, Mode::RUSR | Mode::WUSR, stat.st_rdev)
                    .map_err(system("mknodat"))?;
                self.dress(from, to, name, &stat)?;
            }
        }
        Ok(None)
    }

    fn file(
        &mut self,
        from: &OwnedFd,
        to: &OwnedFd,
        name: &[u8],
        stat: &Stat,
    ) -> Result<(), Failure> {
        // A FIFO that took its place would keep us waiting.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let old = openat(from, name, flags, Mode::empty()).map_err(system("openat"))?;
        self.unchanged(&old, stat)?;
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let new = openat(to, name, flags, Mode::RUSR | Mode::WUSR).map_err(system("openat"))?;
        let size = stat.st_size.cast_unsigned();
        if self.ways.fill(&old, &new, size, self.monitor)? {
            self.copied.reflinked += 1;
        }
        attributes::same(&old, &new, stat)
    }

    /// The attributes of what cannot be opened.
    fn dress(&self, from: &OwnedFd, to: &OwnedFd, name: &[u8], stat: &Stat) -> Result<(), Failure> {
        let old = openat(from, name, BARE, Mode::empty()).map_err(system("openat"))?;
        self.unchanged(&old, stat)?;
        let new = openat(to, name, BARE, Mode::empty()).map_err(system("openat"))?;
        attributes::same(&old, &new, stat)
    }

    /// Goes into a directory: its names, in the order of their bytes.
    fn enter(&mut self, name: Vec<u8>, from: &OwnedFd, to: &OwnedFd) -> Result<(), Failure> {
        let mut names = Vec::new();
        for entry in Dir::read_from(from).map_err(system("getdents64"))? {
            let entry = entry.map_err(system("getdents64"))?;
            let name = entry.file_name().to_bytes();
            if !matches!(name, b"." | b"..") {
                names.push(name.to_vec());
            }
        }
        names.sort_unstable_by(|a, b| b.cmp(a));
        self.way.push(Level {
            name,
            stat: fstat(from).map_err(system("fstat"))?,
            made: id(&fstat(to).map_err(system("fstat"))?),
            names,
        });
        Ok(())
    }

    /// What was opened is what was looked at, and not what took its name since.
    fn unchanged(&self, fd: &OwnedFd, seen: &Stat) -> Result<(), Failure> {
        if id(&fstat(fd).map_err(system("fstat"))?) == id(seen) {
            Ok(())
        } else {
            Err(changed("it was replaced while it was copied"))
        }
    }

    fn path(&self, name: &[u8]) -> Vec<u8> {
        let above = self.way.iter().map(|level| &level.name[..]);
        let parts: Vec<&[u8]> = above.chain([name]).filter(|n| !n.is_empty()).collect();
        parts.join(&b'/')
    }
}

/// A further name of what was made as `first`, looked up from the root without following a link.
fn link(root: BorrowedFd<'_>, first: &[Vec<u8>], to: &OwnedFd, name: &[u8]) -> Result<(), Failure> {
    let Some((last, way)) = first.split_last() else {
        return Err(system("linkat")(Errno::INVAL));
    };
    let mut here: Option<OwnedFd> = None;
    for part in way {
        let above = here.as_ref().map_or(root, AsFd::as_fd);
        let flags = BARE | OFlags::DIRECTORY;
        here = Some(openat(above, &part[..], flags, Mode::empty()).map_err(system("openat"))?);
    }
    let parent = here.as_ref().map_or(root, AsFd::as_fd);
    linkat(parent, &last[..], to, name, AtFlags::empty()).map_err(system("linkat"))
}

/// The directory above, if it is the one that the way down came from.
fn up(fd: &OwnedFd, expected: Id) -> Result<OwnedFd, Failure> {
    let up = openat(fd, c"..", FOLDER, Mode::empty()).map_err(system("openat"))?;
    if id(&fstat(&up).map_err(system("fstat"))?) == expected {
        Ok(up)
    } else {
        Err(changed("a directory was moved while it was copied"))
    }
}

fn id(stat: &Stat) -> Id {
    (stat.st_dev, stat.st_ino)
}
