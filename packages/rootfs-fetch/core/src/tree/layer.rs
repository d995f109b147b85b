//! Layers of an OCI image: what a whiteout takes away is what *lower* layers brought, wherever in its
//! own layer it stands. So the names that the present layer made are remembered, as numbers: a keyed
//! hash of the parent and the name, 8 bytes each, which nobody outside can make collide.
//! See the OCI image specification, "Image Layer Filesystem Changeset".

use super::{Id, Place, Tree, id, look, open_directory};
use crate::failure::{Failure, Kind, refused, system};
use crate::tar::{Body, Entry};
use rustix::fs::{Dir, FileType, Mode, OFlags, fstat, openat};
use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

const PREFIX: &[u8] = b".wh.";
const OPAQUE: &[u8] = b".wh..wh..opq";

/// The archive that is being put over the others.
#[derive(Default)]
pub(super) struct Layer {
    /// Whiteouts mean something.
    whiteouts: bool,
    /// 1 for the first.
    pub(super) number: u32,
    own: HashSet<u64>,
    keys: RandomState,
}

impl Layer {
    /// In the first layer there is nothing lower, so nothing need be remembered.
    fn remembers(&self) -> bool {
        self.whiteouts && self.number > 1
    }

    fn key(&self, parent: Id, name: &[u8]) -> u64 {
        self.keys.hash_one((parent, name))
    }
}

impl Tree {
    /// What follows is another archive.
    pub(crate) fn begin(&mut self, whiteouts: bool) {
        self.layer.whiteouts = whiteouts;
        self.layer.number += 1;
        self.layer.own.clear();
        self.made = 0;
    }

    /// The present layer made this, and so it needs every directory above.
    pub(super) fn mark(&mut self, parent: Id, name: &[u8]) -> Result<(), Failure> {
        if !self.layer.remembers() {
            return Ok(());
        }
        let key = self.layer.key(parent, name);
        let mut news = self.layer.own.insert(key);
        let mut at = parent;
        while news && at != self.root.id {
            let directory = self.directories.get(&at).ok_or_else(super::stranger)?;
            let key = self
                .layer
                .keys
                .hash_one((directory.parent, &directory.name[..]));
            news = self.layer.own.insert(key);
            at = directory.parent;
        }
        Ok(())
    }

    fn is_own(&self, parent: Id, name: &[u8]) -> bool {
        self.layer.own.contains(&self.layer.key(parent, name))
    }

    /// Whether the entry is a whiteout, which then is carried out.
    pub(super) fn white_out(
        &mut self,
        components: &[&[u8]],
        entry: &Entry,
    ) -> Result<bool, Failure> {
        let Some((name, parents)) = components.split_last().filter(|_| self.layer.whiteouts) else {
            return Ok(false);
        };
        if parents.iter().any(|part| part.starts_with(PREFIX)) {
            return Err(refused("something inside a whiteout"));
        }
        let Some(hidden) = name.strip_prefix(PREFIX) else {
            return Ok(false);
        };
        if matches!(hidden, b"" | b"." | b"..") {
            return Err(refused("a whiteout of no name"));
        }
        // Older writers made them hard links to one file.
        if !matches!(
            entry.body,
            Body::File { size: 0, .. } | Body::HardLink { .. }
        ) {
            return Err(refused("a whiteout that is no empty file"));
        }
        if *name != OPAQUE && hidden.starts_with(PREFIX) {
            let what = format!("the marker {} of AUFS", crate::printable(name));
            return Err(Failure::new(Kind::Unsupported, what));
        }
        // Where the way does not exist, there is nothing to hide.
        if self.layer.number > 1
            && let Some(parent) = self.existing_parent(parents)?
        {
            if *name == OPAQUE {
                self.purge(&parent)?;
            } else {
                self.hide(&parent, hidden)?;
            }
        }
        Ok(true)
    }

    fn hide(&mut self, parent: &Place, name: &[u8]) -> Result<(), Failure> {
        let Some(stat) = look(parent, name)? else {
            return Ok(());
        };
        if !self.is_own(parent.id, name) {
            self.report.whiteouts += 1;
            return self.take_away(parent, name);
        }
        if !FileType::from_raw_mode(stat.st_mode).is_dir() {
            return Ok(());
        }
        // A directory of this layer, over a lower one that is hidden now.
        let here = id(&stat);
        let number = self.layer.number;
        if let Some(directory) = self.directories.get_mut(&here)
            && directory.layer < number
        {
            directory.attributes = None;
        }
        let fd = open_directory(&parent.fd, name).map_err(system("openat"))?;
        let place = self.known(fd)?;
        self.purge(&place)
    }

    /// Takes away what lower layers brought into a directory, and leaves what this one did.
    fn purge(&mut self, place: &Place) -> Result<(), Failure> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let fd = openat(&place.fd, c".", flags, Mode::empty()).map_err(system("openat"))?;
        let mut names = Vec::new();
        for entry in Dir::new(fd).map_err(system("getdents64"))? {
            let entry = entry.map_err(system("getdents64"))?;
            names.push(entry.file_name().to_bytes().to_vec());
        }
        for name in names.iter().filter(|n| !matches!(&n[..], b"." | b"..")) {
            self.hide(place, name)?;
        }
        Ok(())
    }

    /// An open directory that was made here.
    pub(super) fn known(&self, fd: std::os::fd::OwnedFd) -> Result<Place, Failure> {
        let id = id(&fstat(&fd).map_err(system("fstat"))?);
        let directory = self.directory(id)?;
        Ok(Place {
            fd: Arc::new(fd),
            id,
            plain: directory.plain,
        })
    }
}
