//! Goes through a tree by descriptors, in the order of names, and never follows a link.

use super::header::{Head, Records};
use super::output::Output;
use super::{PackOptions, Packed};
use crate::failure::{Failure, Kind, system};
use crate::report::Monitor;
use rustix::fs::{
    AtFlags, Dir, FileType, Mode, OFlags, SeekFrom, Stat, fstat, openat, readlinkat, seek, statat,
};
use rustix::io::Errno;
use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::Arc;

pub(super) struct Packer<'a> {
    output: Output,
    options: &'a PackOptions,
    monitor: &'a Arc<Monitor>,
    /// Files with several names, and the first that was met.
    linked: HashMap<(u64, u64), Vec<u8>>,
    packed: Packed,
    buffer: Vec<u8>,
}

impl<'a> Packer<'a> {
    pub(super) fn new(output: Output, options: &'a PackOptions, monitor: &'a Arc<Monitor>) -> Self {
        Self {
            output,
            options,
            monitor,
            linked: HashMap::new(),
            packed: Packed::default(),
            buffer: vec![0; 256 << 10],
        }
    }

    /// Everything in the directory, whose path is `at`.
    pub(super) fn directory(&mut self, fd: &OwnedFd, at: &[u8]) -> Result<(), Failure> {
        let mut names = Vec::new();
        for entry in Dir::read_from(fd).map_err(system("getdents64"))? {
            let name = entry
                .map_err(system("getdents64"))?
                .file_name()
                .to_bytes()
                .to_vec();
            if !matches!(&name[..], b"." | b"..") {
                names.push(name);
            }
        }
        names.sort_unstable();
        for name in names {
            let path = if at.is_empty() {
                name.clone()
            } else {
                [at, b"/", &name].concat()
            };
            self.entry(fd, &name, &path).map_err(|f| f.at(&path))?;
        }
        Ok(())
    }

    /// Writes the end of the archive.
    pub(super) fn end(mut self) -> Result<(Output, Packed), Failure> {
        self.output.write(&[0; 1024])?;
        Ok((self.output, self.packed))
    }

    fn entry(&mut self, parent: &OwnedFd, name: &[u8], path: &[u8]) -> Result<(), Failure> {
        if self.monitor.cancelled() {
            return Err(Failure::new(Kind::Cancelled, "cancelled"));
        }
        let stat = statat(parent, name, AtFlags::SYMLINK_NOFOLLOW).map_err(system("fstatat"))?;
        let kind = FileType::from_raw_mode(stat.st_mode);
        if kind == FileType::Socket {
            self.packed.skipped += 1;
            return Ok(());
        }
        self.packed.entries += 1;
        self.monitor.begun(self.packed.entries);
        if kind != FileType::Directory && stat.st_nlink > 1 {
            let id = (stat.st_dev, stat.st_ino);
            if let Some(first) = self.linked.get(&id).cloned() {
                let mut head = self.head(&stat, path, b'1');
                head.link = &first;
                return self.output.write(&head.blocks());
            }
            self.linked.insert(id, path.to_vec());
        }
        match kind {
            FileType::Directory => {
                let fd = open(parent, name, &stat, OFlags::DIRECTORY)?;
                let slash = [path, b"/"].concat();
                let mut head = self.head(&stat, &slash, b'5');
                head.records = attributes(&fd)?;
                self.output.write(&head.blocks())?;
                self.directory(&fd, path)
            }
            FileType::RegularFile => {
                let fd = open(parent, name, &stat, OFlags::NONBLOCK)?;
                self.file(fd, &stat, path)
            }
            FileType::Symlink => {
                let target = readlinkat(parent, name, Vec::new()).map_err(system("readlinkat"))?;
                let mut head = self.head(&stat, path, b'2');
                head.link = target.as_bytes();
                self.output.write(&head.blocks())
            }
            _ => {
                let letter = match kind {
                    FileType::CharacterDevice => b'3',
                    FileType::BlockDevice => b'4',
                    _ => b'6',
                };
                let mut head = self.head(&stat, path, letter);
                head.device = (
                    rustix::fs::major(stat.st_rdev),
                    rustix::fs::minor(stat.st_rdev),
                );
                self.output.write(&head.blocks())
            }
        }
    }

    fn head<'p>(&self, stat: &Stat, path: &'p [u8], kind: u8) -> Head<'p> {
        let mtime = (stat.st_mtime, stat.st_mtime_nsec as u32);
        Head {
            path,
            kind,
            mode: stat.st_mode & 0o7777,
            uid: stat.st_uid,
            gid: stat.st_gid,
            size: 0,
            mtime: match self.options.latest {
                Some(latest) if mtime >= (latest, 0) => (latest, 0),
                _ => mtime,
            },
            link: &[],
            device: (0, 0),
            records: Vec::new(),
        }
    }

    fn file(&mut self, fd: OwnedFd, stat: &Stat, path: &[u8]) -> Result<(), Failure> {
        let size = stat.st_size.cast_unsigned();
        let records = attributes(&fd)?;
        let pieces = pieces(&fd, stat)?;
        let mut file = File::from(fd);
        let Some(pieces) = pieces else {
            let mut head = self.head(stat, path, b'0');
            (head.size, head.records) = (size, records);
            self.output.write(&head.blocks())?;
            self.copy(&mut file, size)?;
            return self.output.pad(size);
        };
        // Sparse, as PAX 1.0 has it: the map before the data, the true name in a record.
        let lines = pieces
            .iter()
            .map(|(at, length)| format!("{at}\n{length}\n"));
        let mut map = format!("{}\n{}", pieces.len(), lines.collect::<String>()).into_bytes();
        map.resize(map.len().next_multiple_of(512), 0);
        let stored = map.len() as u64 + pieces.iter().map(|(_, length)| length).sum::<u64>();
        let other = [b"GNUSparseFile.0/", path].concat();
        let short = &other[..other.len().min(100)];
        let mut head = self.head(stat, short, b'0');
        head.size = stored;
        head.records = records;
        for (key, value) in [
            ("major", b"1".to_vec()),
            ("minor", b"0".to_vec()),
            ("name", path.to_vec()),
            ("realsize", size.to_string().into_bytes()),
        ] {
            head.records
                .push((format!("GNU.sparse.{key}").into_bytes(), value));
        }
        self.output.write(&head.blocks())?;
        self.output.write(&map)?;
        for (at, length) in pieces {
            seek(&file, SeekFrom::Start(at)).map_err(system("lseek"))?;
            self.copy(&mut file, length)?;
        }
        self.output.pad(stored)
    }

    fn copy(&mut self, file: &mut File, length: u64) -> Result<(), Failure> {
        let mut left = length;
        while left > 0 {
            let most = usize::try_from(left)
                .unwrap_or(usize::MAX)
                .min(self.buffer.len());
            match file.read(&mut self.buffer[..most]) {
                Ok(0) => {
                    return Err(Failure::new(
                        Kind::Unsupported,
                        "it shrank while it was read",
                    ));
                }
                Ok(n) => {
                    self.output.write(&self.buffer[..n])?;
                    left -= n as u64;
                }
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                Err(e) => {
                    let errno = e.raw_os_error().map_or(Errno::IO, Errno::from_raw_os_error);
                    return Err(system("read")(errno));
                }
            }
        }
        Ok(())
    }
}

/// Opens what was looked at, and not what took its name since.
fn open(parent: &OwnedFd, name: &[u8], seen: &Stat, more: OFlags) -> Result<OwnedFd, Failure> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | more;
    let fd = openat(parent, name, flags, Mode::empty()).map_err(system("openat"))?;
    let stat = fstat(&fd).map_err(system("fstat"))?;
    if (stat.st_dev, stat.st_ino) == (seen.st_dev, seen.st_ino) {
        Ok(fd)
    } else {
        Err(Failure::new(
            Kind::Unsupported,
            "it was replaced while it was packed",
        ))
    }
}

/// Where the data of a file with holes lies; `None` for a file without. A hole at the end needs an empty
/// piece there, or readers would end the file before it.
fn pieces(fd: &OwnedFd, stat: &Stat) -> Result<Option<Vec<(u64, u64)>>, Failure> {
    let size = stat.st_size.cast_unsigned();
    if stat.st_blocks.cast_unsigned() * 512 >= size {
        return Ok(None);
    }
    let (mut pieces, mut at) = (Vec::new(), 0);
    while at < size {
        let start = match seek(fd, SeekFrom::Data(at)) {
            Ok(start) => start,
            Err(Errno::NXIO) => break,
            // A file system that knows no holes.
            Err(Errno::INVAL | Errno::OPNOTSUPP) => return Ok(None),
            Err(e) => return Err(system("lseek")(e)),
        };
        let end = seek(fd, SeekFrom::Hole(start))
            .map_err(system("lseek"))?
            .min(size);
        pieces.push((start, end - start));
        at = end;
    }
    let end = pieces.last().map_or(0, |(at, length)| at + length);
    if end < size {
        pieces.push((size, 0));
    }
    seek(fd, SeekFrom::Start(0)).map_err(system("lseek"))?;
    Ok(if pieces == [(0, size)] {
        None
    } else {
        Some(pieces)
    })
}

/// Those that unpacking would set.
fn attributes(fd: &OwnedFd) -> Result<Records, Failure> {
    let mut names = vec![0; 64 << 10];
    let path = format!("/proc/self/fd/{}", fd.as_raw_fd());
    let n = match rustix::fs::listxattr(&*path, &mut names[..]) {
        Ok(n) => n,
        Err(Errno::OPNOTSUPP) => return Ok(Vec::new()),
        Err(e) => return Err(system("listxattr")(e)),
    };
    let mut all = Vec::new();
    for name in names[..n].split(|&b| b == 0) {
        let known = matches!(
            name,
            b"security.capability" | b"system.posix_acl_access" | b"system.posix_acl_default"
        );
        if !known && !name.starts_with(b"user.") {
            continue;
        }
        let mut value = vec![0; 64 << 10];
        let n = rustix::fs::fgetxattr(fd, name, &mut value[..]).map_err(system("fgetxattr"))?;
        value.truncate(n);
        all.push(([b"SCHILY.xattr.", name].concat(), value));
    }
    Ok(all)
}
