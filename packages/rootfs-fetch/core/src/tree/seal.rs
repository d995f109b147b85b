//! The end: hard links that waited for their target, then the attributes of directories, deepest
//! first, then everything to disk.

use super::attributes::Made;
use super::{Id, Tree, id, look};
use crate::failure::{Failure, system};
use rustix::fs::{Mode, OFlags, ResolveFlags, fchmod, fstat, openat, openat2, syncfs};
use rustix::io::Errno;
use std::os::fd::OwnedFd;

impl Tree {
    /// Makes the hard links that came before their targets.
    pub(crate) fn link_deferred(&mut self) -> Result<(), Failure> {
        self.deferred_bytes = 0;
        for link in std::mem::take(&mut self.deferred) {
            let target = link.target.join(&b'/');
            self.link_late(&link.name, &link.target).map_err(|mut f| {
                f.message = format!("hard link to {}: {}", crate::printable(&target), f.message);
                f.at(&link.name.join(&b'/'))
            })?;
        }
        Ok(())
    }

    /// Completes the tree.
    pub(crate) fn seal(&mut self) -> Result<(), Failure> {
        let mut order: Vec<(usize, Id)> = self
            .directories
            .iter()
            .filter(|(id, _)| **id != self.root.id)
            .map(|(id, d)| (d.depth, *id))
            .collect();
        order.sort_unstable_by(|a, b| b.cmp(a));
        for (_, id) in order {
            self.seal_directory(id)?;
        }
        fchmod(&self.root.fd, Mode::from_raw_mode(0o755)).map_err(system("fchmod"))?;
        if !self.options.sync {
            return Ok(());
        }
        // One call for all files; since Linux 5.8 it also reports what could not be written.
        syncfs(&self.root.fd).map_err(system("syncfs"))
    }

    fn link_late(&mut self, name: &[Vec<u8>], target: &[Vec<u8>]) -> Result<(), Failure> {
        let (Some((new, to)), Some((old, from))) = (name.split_last(), target.split_last()) else {
            return Err(system("linkat")(Errno::INVAL));
        };
        let from = self
            .existing_parent(from)?
            .ok_or_else(|| system("linkat")(Errno::NOENT))?;
        let to = self.descend(to)?;
        // A later entry of the same name has won.
        if look(&to, new)?.is_some() {
            Ok(())
        } else {
            self.link(&from, old, &to, new)?;
            self.mark(to.id, new)
        }
    }

    fn seal_directory(&mut self, directory: Id) -> Result<(), Failure> {
        let path = self.path(directory)?;
        let fd = self
            .reopen(&path)
            .map_err(|e| system("openat2")(e).at(&path))?;
        if id(&fstat(&fd).map_err(system("fstat"))?) != directory {
            return Err(super::stranger().at(&path));
        }
        let attributes = self
            .directories
            .get_mut(&directory)
            .and_then(|d| d.attributes.take());
        match attributes {
            Some(attributes) => self.dress(&fd, &attributes, Made::Directory),
            None => fchmod(&fd, Mode::from_raw_mode(0o755)).map_err(system("fchmod")),
        }
        .map_err(|f| f.at(&path))
    }

    /// The path of a directory without any link in it, from what was made.
    pub(super) fn path(&self, mut at: Id) -> Result<Vec<u8>, Failure> {
        let mut names: Vec<&[u8]> = Vec::new();
        while at != self.root.id {
            let directory = self.directory(at)?;
            names.push(&directory.name);
            at = directory.parent;
        }
        names.reverse();
        Ok(names.join(&b'/'))
    }

    pub(super) fn reopen(&self, path: &[u8]) -> Result<OwnedFd, Errno> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_SYMLINKS;
        match openat2(&self.root.fd, path, flags, Mode::empty(), resolve) {
            // A filter older than the call: the same, component by component.
            Err(Errno::NOSYS | Errno::PERM) => {
                let mut fd = openat(&self.root.fd, c".", flags, Mode::empty())?;
                for name in path.split(|&b| b == b'/') {
                    fd = openat(&fd, name, flags, Mode::empty())?;
                }
                Ok(fd)
            }
            other => other,
        }
    }
}
