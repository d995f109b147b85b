//! Making one entry. What stands in its place goes first, as in OCI layers: only a directory over a
//! directory keeps what it holds. Files are always made anew (O_EXCL), so nothing is ever written
//! through a link, a hard link or a device that an earlier entry left.

use super::attributes::Made;
use super::{Attributes, Deferred, Place, Tree, id, look};
use crate::failure::{Failure, over, refused, system};
use crate::remove::remove_at;
use crate::tar::{Body, Entry, Reader};
use rustix::fs::{
    AtFlags, FileType, Mode, OFlags, ftruncate, linkat, makedev, mknodat, openat, symlinkat,
};
use rustix::io::Errno;
use std::fs::File;
use std::io::{Seek, SeekFrom, Write};

/// Bytes of memory for hard links that wait for their target.
const MOST_DEFERRED: usize = 64 << 20;

impl Tree {
    /// Makes `entry`, reading its data from `reader`. No components: the root itself, whose own
    /// attributes are the caller's business, not the archive's.
    pub(crate) fn place(
        &mut self,
        components: &[&[u8]],
        entry: &mut Entry,
        reader: &mut Reader<'_>,
    ) -> Result<(), Failure> {
        if self.white_out(components, entry)? {
            return Ok(());
        }
        let Some((name, parents)) = components.split_last() else {
            return match entry.body {
                Body::Directory => Ok(()),
                _ => Err(refused("the root as something else than a directory")),
            };
        };
        let parent = self.descend(parents)?;
        self.place_in(&parent, name, components, entry, reader)?;
        self.mark(parent.id, name)
    }

    fn place_in(
        &mut self,
        parent: &Place,
        name: &[u8],
        components: &[&[u8]],
        entry: &mut Entry,
        reader: &mut Reader<'_>,
    ) -> Result<(), Failure> {
        let attributes = Attributes::of(entry);
        match &entry.body {
            Body::Directory => {
                let place = self.place_directory(parent, name, attributes)?;
                if let Some(place) = place {
                    self.keep_open(components.join(&b'/'), &place);
                }
                Ok(())
            }
            Body::File { size, map } => {
                let mode = self.first_mode(&attributes);
                let mut file = self.new_file(parent, name, mode)?;
                match map {
                    None => copy(reader, &mut file, u64::MAX)?,
                    Some(map) => copy_pieces(reader, &mut file, map, *size)?,
                }
                self.report.bytes += size;
                let plain = parent.plain;
                self.dress(&file, &attributes, Made::File { mode, plain })
            }
            Body::Symlink { target } => self.place_symlink(parent, name, target, &attributes),
            Body::HardLink { target } => {
                let target = crate::name::components(target, &self.options.limits)?;
                self.clear_unless_same(parent, name, &target, components)
            }
            Body::Character(..) | Body::Block(..) | Body::Fifo if !self.options.keep_devices => {
                self.clear(parent, name)?;
                self.report.devices += 1;
                Ok(())
            }
            Body::Character(a, b) => self.place_device(
                parent,
                name,
                FileType::CharacterDevice,
                (*a, *b),
                &attributes,
            ),
            Body::Block(a, b) => {
                self.place_device(parent, name, FileType::BlockDevice, (*a, *b), &attributes)
            }
            Body::Fifo => self.place_device(parent, name, FileType::Fifo, (0, 0), &attributes),
        }
    }

    fn place_directory(
        &mut self,
        parent: &Place,
        name: &[u8],
        attributes: Attributes,
    ) -> Result<Option<Place>, Failure> {
        let (there, place) = match look(parent, name)? {
            Some(stat) if FileType::from_raw_mode(stat.st_mode).is_dir() => (id(&stat), None),
            there => {
                if there.is_some() {
                    self.clear(parent, name)?;
                }
                let place = self.make_directory(parent, name)?;
                (place.id, Some(place))
            }
        };
        let directory = self
            .directories
            .get_mut(&there)
            .ok_or_else(super::stranger)?;
        directory.attributes = Some(attributes);
        directory.layer = self.layer.number;
        Ok(place)
    }

    /// Most names are new: only where one is not, it is looked at and taken away.
    fn new_file(&mut self, parent: &Place, name: &[u8], mode: Mode) -> Result<File, Failure> {
        self.room(parent.id, name)?;
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let fd = match openat(&parent.fd, name, flags, mode) {
            Err(Errno::EXIST) => {
                self.clear(parent, name)?;
                openat(&parent.fd, name, flags, mode)
            }
            other => other,
        };
        Ok(File::from(fd.map_err(system("openat"))?))
    }

    /// The target is kept to the letter: absolute links are what a root file system is made of.
    fn place_symlink(
        &mut self,
        parent: &Place,
        name: &[u8],
        target: &[u8],
        attributes: &Attributes,
    ) -> Result<(), Failure> {
        if target.is_empty() || target.contains(&0) {
            return Err(refused(
                "a symbolic link to nothing, or with NUL in its target",
            ));
        }
        self.room(parent.id, name)?;
        match symlinkat(target, &parent.fd, name) {
            Err(Errno::EXIST) => {
                self.clear(parent, name)?;
                symlinkat(target, &parent.fd, name)
            }
            other => other,
        }
        .map_err(system("symlinkat"))?;
        self.dress_name(parent, name, attributes, FileType::Symlink)
    }

    fn place_device(
        &mut self,
        parent: &Place,
        name: &[u8],
        kind: FileType,
        (major, minor): (u32, u32),
        attributes: &Attributes,
    ) -> Result<(), Failure> {
        self.clear(parent, name)?;
        self.room(parent.id, name)?;
        let mode = Mode::RUSR | Mode::WUSR;
        mknodat(&parent.fd, name, kind, mode, makedev(major, minor)).map_err(system("mknodat"))?;
        self.dress_name(parent, name, attributes, kind)
    }

    /// A hard link now, or at the end where its target has not come yet. A link to itself changes nothing.
    fn clear_unless_same(
        &mut self,
        parent: &Place,
        name: &[u8],
        target: &[&[u8]],
        components: &[&[u8]],
    ) -> Result<(), Failure> {
        let Some((last, parents)) = target.split_last() else {
            return Err(refused("a hard link to the root"));
        };
        if let Some(from) = self.existing_parent(parents)?
            && let Some(stat) = look(&from, last)?
        {
            if FileType::from_raw_mode(stat.st_mode).is_dir() {
                return Err(refused("a hard link to a directory"));
            }
            if look(parent, name)?.is_some_and(|there| id(&there) == id(&stat)) {
                return Ok(());
            }
            self.clear(parent, name)?;
            return self.link(&from, last, parent, name);
        }
        self.clear(parent, name)?;
        self.defer(components, target)
    }

    fn defer(&mut self, components: &[&[u8]], target: &[&[u8]]) -> Result<(), Failure> {
        self.deferred_bytes += components
            .iter()
            .chain(target)
            .map(|part| part.len() + 32)
            .sum::<usize>();
        if self.deferred_bytes > MOST_DEFERRED {
            return Err(over("too many hard links before their targets"));
        }
        let owned = |parts: &[&[u8]]| parts.iter().map(|p| p.to_vec()).collect();
        self.deferred.push(Deferred {
            name: owned(components),
            target: owned(target),
        });
        Ok(())
    }

    /// Without following: a link to a symbolic link is one to that link itself.
    pub(super) fn link(
        &mut self,
        from: &Place,
        old: &[u8],
        to: &Place,
        new: &[u8],
    ) -> Result<(), Failure> {
        self.room(to.id, new)?;
        linkat(&from.fd, old, &to.fd, new, AtFlags::empty()).map_err(system("linkat"))
    }

    /// Takes away what has this name, a whole directory too.
    fn clear(&mut self, parent: &Place, name: &[u8]) -> Result<(), Failure> {
        if look(parent, name)?.is_none() {
            return Ok(());
        }
        self.report.replaced += 1;
        self.take_away(parent, name)
    }

    pub(super) fn take_away(&mut self, parent: &Place, name: &[u8]) -> Result<(), Failure> {
        // Names that led through it are not what they were.
        self.open.clear();
        let directories = &mut self.directories;
        remove_at(&parent.fd, name, &mut |gone| {
            directories.remove(&gone);
        })
    }
}

/// Straight from the chunk that the decoder filled.
fn copy(reader: &mut Reader<'_>, file: &mut File, most: u64) -> Result<(), Failure> {
    let mut left = most;
    loop {
        let data = reader.data(left)?;
        if data.is_empty() {
            return Ok(());
        }
        file.write_all(data).map_err(unwritten)?;
        let n = data.len();
        left -= n as u64;
        reader.took(n);
    }
}

fn copy_pieces(
    reader: &mut Reader<'_>,
    file: &mut File,
    map: &[(u64, u64)],
    size: u64,
) -> Result<(), Failure> {
    for &(offset, length) in map {
        file.seek(SeekFrom::Start(offset)).map_err(unwritten)?;
        copy(reader, file, length)?;
    }
    ftruncate(&*file, size).map_err(system("ftruncate"))
}

fn unwritten(error: std::io::Error) -> Failure {
    let errno = error
        .raw_os_error()
        .map_or(Errno::IO, Errno::from_raw_os_error);
    system("write")(errno)
}
