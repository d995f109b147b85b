//! From the components of a name to the descriptor of its parent.
//!
//! Where the way exists, the kernel goes it (openat2(2), RESOLVE_IN_ROOT). Where something is missing,
//! or the kernel has no openat2, the walk below goes one component at a time and makes what is missing,
//! also behind links: `lib/x` after `lib -> usr/lib` makes usr/lib. It never asks the kernel for `..`:
//! the way up is known from what was made.

use super::{MOST_OPEN, Place, Tree, open_directory};
use crate::failure::{Failure, over, refused, system};
use rustix::fs::{Mode, OFlags, ResolveFlags, openat2, readlinkat};
use rustix::io::Errno;
use std::collections::VecDeque;

/// As many as the kernel itself follows, see path_resolution(7).
const MOST_LINKS: u32 = 40;

impl Tree {
    /// The directory that these components name; what is missing is made.
    pub(super) fn descend(&mut self, components: &[impl AsRef<[u8]>]) -> Result<Place, Failure> {
        if components.is_empty() {
            return Ok(self.root.clone());
        }
        let path = join(components);
        if let Some(place) = self.open.get(&path) {
            return Ok(place.clone());
        }
        let place = match self.ask(&path)? {
            Asked::There(place) => place,
            _ => self
                .walk(components, true)?
                .ok_or_else(|| refused("no directory"))?,
        };
        self.keep_open(path, &place);
        Ok(place)
    }

    /// The next entries are likely in here.
    pub(super) fn keep_open(&mut self, path: Vec<u8>, place: &Place) {
        if self.open.len() >= MOST_OPEN {
            self.open.clear();
        }
        self.open.insert(path, place.clone());
    }

    /// The directory that these components name, if it is there: nothing is made.
    pub(super) fn existing_parent(
        &mut self,
        components: &[impl AsRef<[u8]>],
    ) -> Result<Option<Place>, Failure> {
        if components.is_empty() {
            return Ok(Some(self.root.clone()));
        }
        let path = join(components);
        if let Some(place) = self.open.get(&path) {
            return Ok(Some(place.clone()));
        }
        match self.ask(&path)? {
            Asked::There(place) => Ok(Some(place)),
            Asked::No => Ok(None),
            Asked::Unknown => self.walk(components, false),
        }
    }

    /// Asks the kernel, with the root's descriptor as `/`.
    fn ask(&self, path: &[u8]) -> Result<Asked, Failure> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
        match openat2(&self.root.fd, path, flags, Mode::empty(), resolve) {
            Ok(fd) => self.known(fd).map(Asked::There),
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => Ok(Asked::No),
            // No such call, a filter older than it, or something renamed under way: the walk finds out.
            Err(_) => Ok(Asked::Unknown),
        }
    }

    /// One component at a time, with one descriptor however deep it is.
    fn walk(
        &mut self,
        components: &[impl AsRef<[u8]>],
        make: bool,
    ) -> Result<Option<Place>, Failure> {
        let mut ahead: VecDeque<Vec<u8>> = components.iter().map(|c| c.as_ref().to_vec()).collect();
        let mut here = self.root.clone();
        let mut links = 0;
        while let Some(part) = ahead.pop_front() {
            match part.as_slice() {
                b"" | b"." => continue,
                // Only links bring these; at the root it stays, as the kernel has it for `/..`.
                b".." => {
                    here = self.above(&here)?;
                    continue;
                }
                _ => {}
            }
            match open_directory(&here.fd, &part) {
                Ok(fd) => here = self.known(fd)?,
                Err(Errno::NOENT) if make => here = self.make_directory(&here, &part)?,
                Err(Errno::NOENT) => return Ok(None),
                Err(Errno::NOTDIR | Errno::LOOP) => {
                    links += 1;
                    if links > MOST_LINKS {
                        return Err(system("openat")(Errno::LOOP));
                    }
                    let target = link_target(&here, &part)?;
                    if target.first() == Some(&b'/') {
                        here = self.root.clone();
                    }
                    for part in target.split(|&b| b == b'/').rev() {
                        ahead.push_front(part.to_vec());
                    }
                    if ahead.len() > self.options.limits.path {
                        return Err(over("a name that links make too long"));
                    }
                }
                Err(e) => return Err(system("openat")(e)),
            }
        }
        Ok(Some(here))
    }

    /// The directory above, as it was made; `..` of the kernel would follow whoever moved it.
    fn above(&self, here: &Place) -> Result<Place, Failure> {
        let above = self.directory(here.id)?.parent;
        if above == self.root.id {
            return Ok(self.root.clone());
        }
        let fd = self.reopen(&self.path(above)?).map_err(system("openat2"))?;
        let place = self.known(fd)?;
        if place.id == above {
            Ok(place)
        } else {
            Err(super::stranger())
        }
    }
}

enum Asked {
    There(Place),
    No,
    Unknown,
}

fn join(components: &[impl AsRef<[u8]>]) -> Vec<u8> {
    components
        .iter()
        .map(AsRef::as_ref)
        .collect::<Vec<_>>()
        .join(&b'/')
}

/// What the link says. Not a link: a file stands where a directory is needed.
fn link_target(here: &Place, name: &[u8]) -> Result<Vec<u8>, Failure> {
    match readlinkat(&here.fd, name, Vec::new()) {
        Ok(target) => Ok(target.into_bytes()),
        Err(Errno::INVAL) => Err(system("openat")(Errno::NOTDIR)),
        Err(e) => Err(system("readlinkat")(e)),
    }
}
