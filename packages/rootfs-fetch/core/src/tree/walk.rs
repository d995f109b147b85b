//! From the components of a name to the descriptor of its parent.
//!
//! Where the way exists, the kernel goes it (openat2(2), RESOLVE_IN_ROOT). Where something is missing,
//! or the kernel has no openat2, the walk below goes one component at a time and makes what is missing,
//! also behind links: `lib/x` after `lib -> usr/lib` makes usr/lib. It never asks the kernel for `..`:
//! the way up is the list of directories it came by.

use super::{Place, Tree, id, open_directory};
use crate::failure::{Failure, over, refused, system};
use rustix::fs::{Mode, OFlags, ResolveFlags, fstat, openat2, readlinkat};
use rustix::io::Errno;
use std::collections::VecDeque;
use std::rc::Rc;

/// As many as the kernel itself follows, see path_resolution(7).
const MOST_LINKS: u32 = 40;

impl Tree<'_> {
    /// The directory that these components name; what is missing is made.
    pub(super) fn descend(&mut self, components: &[impl AsRef<[u8]>]) -> Result<Place, Failure> {
        if components.is_empty() {
            return Ok(self.root.clone());
        }
        let path = components
            .iter()
            .map(AsRef::as_ref)
            .collect::<Vec<_>>()
            .join(&b'/');
        if let Some((recent, place)) = &self.recent
            && *recent == path
        {
            return Ok(place.clone());
        }
        let place = match self.existing(&path)? {
            Some(place) => place,
            None => self.walk(components.iter().map(|c| c.as_ref().to_vec()).collect())?,
        };
        self.recent = Some((path, place.clone()));
        Ok(place)
    }

    /// The directory if all of the way exists.
    pub(super) fn existing(&self, path: &[u8]) -> Result<Option<Place>, Failure> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
        // Whatever fails here, the walk finds out why, or does it.
        let Ok(fd) = openat2(&self.root.fd, path, flags, Mode::empty(), resolve) else {
            return Ok(None);
        };
        let id = id(&fstat(&fd).map_err(system("fstat"))?);
        self.directory(id)?;
        Ok(Some(Place {
            fd: Rc::new(fd),
            id,
        }))
    }

    fn walk(&mut self, components: VecDeque<Vec<u8>>) -> Result<Place, Failure> {
        let mut ahead = components;
        let mut way = vec![self.root.clone()];
        let mut links = 0;
        while let Some(part) = ahead.pop_front() {
            let here = way[way.len() - 1].clone();
            match part.as_slice() {
                b"" | b"." => continue,
                // Only links bring these; at the root it stays, as the kernel has it for `/..`.
                b".." => {
                    if way.len() > 1 {
                        way.pop();
                    }
                    continue;
                }
                _ => {}
            }
            match open_directory(&here.fd, &part) {
                Ok(fd) => {
                    let id = id(&fstat(&fd).map_err(system("fstat"))?);
                    self.directory(id)?;
                    way.push(Place {
                        fd: Rc::new(fd),
                        id,
                    });
                }
                Err(Errno::NOENT) => way.push(self.make_directory(&here, &part)?),
                Err(Errno::NOTDIR | Errno::LOOP) => {
                    links += 1;
                    if links > MOST_LINKS {
                        return Err(system("openat")(Errno::LOOP));
                    }
                    let target = link_target(&here, &part)?;
                    if target.first() == Some(&b'/') {
                        way.truncate(1);
                    }
                    for part in target.split(|&b| b == b'/').rev() {
                        ahead.push_front(part.to_vec());
                    }
                    if ahead.len() > self.limits.path {
                        return Err(over("a name that links make too long"));
                    }
                }
                Err(e) => return Err(system("openat")(e)),
            }
        }
        way.pop().ok_or_else(|| refused("no directory"))
    }
}

/// What the link says. Not a link: a file stands where a directory is needed.
fn link_target(here: &Place, name: &[u8]) -> Result<Vec<u8>, Failure> {
    match readlinkat(&here.fd, name, Vec::new()) {
        Ok(target) => Ok(target.into_bytes()),
        Err(Errno::INVAL) => Err(system("openat")(Errno::NOTDIR)),
        Err(e) => Err(system("readlinkat")(e)),
    }
}
