//! Making one entry. What stands in its place goes first, as in OCI layers: only a directory over a
//! directory keeps what it holds. Files are always made anew (O_EXCL), so nothing is ever written
//! through a link, a hard link or a device that an earlier entry left.

use super::{Attributes, Deferred, Place, Tree, id, look};
use crate::failure::{Failure, over, refused, system};
use crate::remove::remove_at;
use crate::tar::{Body, Entry, Reader};
use rustix::fs::{
    AtFlags, FileType, Mode, OFlags, ftruncate, linkat, makedev, mknodat, openat, symlinkat,
};
use std::fs::File;
use std::io::{Seek, SeekFrom, Write};

/// Bytes of memory for hard links that wait for their target.
const MOST_DEFERRED: usize = 64 << 20;

impl Tree<'_> {
    /// Makes `entry`, reading its data from `reader`. No components: the root itself, whose own
    /// attributes are the caller's business, not the archive's.
    pub(crate) fn place(
        &mut self,
        components: &[&[u8]],
        entry: &mut Entry,
        reader: &mut Reader<'_>,
        buffer: &mut [u8],
    ) -> Result<(), Failure> {
        let Some((name, parents)) = components.split_last() else {
            return match entry.body {
                Body::Directory => Ok(()),
                _ => Err(refused("the root as something else than a directory")),
            };
        };
        let parent = self.descend(parents)?;
        let attributes = Attributes::of(entry);
        match &entry.body {
            Body::Directory => self.place_directory(&parent, name, attributes),
            Body::File { size, map } => {
                let mut file = self.new_file(&parent, name)?;
                match map {
                    None => copy(reader, &mut file, buffer)?,
                    Some(map) => copy_pieces(reader, &mut file, map, *size, buffer)?,
                }
                self.report.bytes += size;
                self.dress(&file, &attributes)
            }
            Body::Symlink { target } => self.place_symlink(&parent, name, target, &attributes),
            Body::HardLink { target } => {
                let target = crate::name::components(target, self.limits)?;
                self.clear_unless_same(&parent, name, &target, components)
            }
            Body::Character(..) | Body::Block(..) | Body::Fifo if !self.keep_devices => {
                self.clear(&parent, name)?;
                self.report.devices += 1;
                Ok(())
            }
            Body::Character(a, b) => self.place_device(
                &parent,
                name,
                FileType::CharacterDevice,
                (*a, *b),
                &attributes,
            ),
            Body::Block(a, b) => {
                self.place_device(&parent, name, FileType::BlockDevice, (*a, *b), &attributes)
            }
            Body::Fifo => self.place_device(&parent, name, FileType::Fifo, (0, 0), &attributes),
        }
    }

    fn place_directory(
        &mut self,
        parent: &Place,
        name: &[u8],
        attributes: Attributes,
    ) -> Result<(), Failure> {
        let there = match look(parent, name)? {
            Some(stat) if FileType::from_raw_mode(stat.st_mode).is_dir() => id(&stat),
            _ => {
                self.clear(parent, name)?;
                self.make_directory(parent, name)?.id
            }
        };
        self.directories
            .get_mut(&there)
            .ok_or_else(super::stranger)?
            .attributes = Some(attributes);
        Ok(())
    }

    fn new_file(&mut self, parent: &Place, name: &[u8]) -> Result<File, Failure> {
        self.clear(parent, name)?;
        self.room(parent.id, name)?;
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let fd =
            openat(&parent.fd, name, flags, Mode::RUSR | Mode::WUSR).map_err(system("openat"))?;
        Ok(File::from(fd))
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
        self.clear(parent, name)?;
        self.room(parent.id, name)?;
        symlinkat(target, &parent.fd, name).map_err(system("symlinkat"))?;
        self.dress_name(&parent.fd, name, attributes, false)
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
        self.dress_name(&parent.fd, name, attributes, true)
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
        // Names that led through it are not what they were.
        self.recent = None;
        let directories = &mut self.directories;
        remove_at(&parent.fd, name, &mut |gone| {
            directories.remove(&gone);
        })
    }
}

fn copy(reader: &mut Reader<'_>, file: &mut File, buffer: &mut [u8]) -> Result<(), Failure> {
    loop {
        match reader.read(buffer)? {
            0 => return Ok(()),
            n => file.write_all(&buffer[..n]).map_err(unwritten)?,
        }
    }
}

fn copy_pieces(
    reader: &mut Reader<'_>,
    file: &mut File,
    map: &[(u64, u64)],
    size: u64,
    buffer: &mut [u8],
) -> Result<(), Failure> {
    for &(offset, length) in map {
        file.seek(SeekFrom::Start(offset)).map_err(unwritten)?;
        let mut left = length;
        while left > 0 {
            let most = usize::try_from(left)
                .unwrap_or(usize::MAX)
                .min(buffer.len());
            let n = reader.read(&mut buffer[..most])?;
            file.write_all(&buffer[..n]).map_err(unwritten)?;
            left -= n as u64;
        }
    }
    ftruncate(&*file, size).map_err(system("ftruncate"))
}

fn unwritten(error: std::io::Error) -> Failure {
    let errno = error
        .raw_os_error()
        .map_or(rustix::io::Errno::IO, rustix::io::Errno::from_raw_os_error);
    system("write")(errno)
}
