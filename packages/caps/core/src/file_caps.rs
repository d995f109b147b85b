//! File capabilities: the `security.capability` attribute, read and written through a descriptor, so
//! that a path which changes meanwhile cannot lead elsewhere. See capabilities(7), "File capabilities".

use crate::CapSet;
use rustix::{
    fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd},
    fs::{self, AtFlags, FileType, Mode, OFlags, XattrFlags},
    io::Errno,
};
use srcon_step::{Failure, fail};
use std::ffi::CString;

const NAME: &str = "security.capability";
/// Upper byte of the first word: the revision. Its lowest bit: the program starts with them effective.
const EFFECTIVE: u32 = 1;
const REVISION_SHIFT: u32 = 24;

/// What a file's attribute says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileCaps {
    /// 1 (32 bits), 2 (64 bits) or 3 (64 bits, and whose root they hold for).
    pub revision: u8,
    /// Whether an exec raises its permitted set into the effective one.
    pub effective: bool,
    /// The file's permitted set.
    pub permitted: CapSet,
    /// The file's inheritable set.
    pub inheritable: CapSet,
    /// Revision 3: the user id, as seen from here, that is root in the user namespaces where they count.
    pub root_id: Option<u32>,
}

impl FileCaps {
    /// From the attribute's bytes, which are little-endian everywhere; `None` if no kernel would take them.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let words: Vec<u32> = bytes
            .chunks_exact(4)
            .map(|four| u32::from_le_bytes([four[0], four[1], four[2], four[3]]))
            .collect();
        let magic = *words.first()?;
        let revision = u8::try_from(magic >> REVISION_SHIFT).ok()?;
        let (p, i, root_id) = match (revision, &words[1..]) {
            (1, [p, i]) if bytes.len() == 12 => ([*p, 0], [*i, 0], None),
            (2, [p, i, p2, i2]) if bytes.len() == 20 => ([*p, *p2], [*i, *i2], None),
            (3, [p, i, p2, i2, root]) if bytes.len() == 24 => ([*p, *p2], [*i, *i2], Some(*root)),
            _ => return None,
        };
        let wide = |[low, high]: [u32; 2]| CapSet(u64::from(low) | u64::from(high) << 32);
        Some(Self {
            revision,
            effective: magic & EFFECTIVE != 0,
            permitted: wide(p),
            inheritable: wide(i),
            root_id,
        })
    }

    /// The attribute's bytes: revision 3 where there is a root id, else 2.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let revision: u32 = if self.root_id.is_some() { 3 } else { 2 };
        let halves = |set: CapSet| [0, 32].map(|shift| (set.0 >> shift) & u64::from(u32::MAX));
        let ([p, p2], [i, i2]) = (halves(self.permitted), halves(self.inheritable));
        let mut bytes = (revision << REVISION_SHIFT | u32::from(self.effective))
            .to_le_bytes()
            .to_vec();
        for half in [p, i, p2, i2] {
            // Each is below 2^32.
            bytes.extend_from_slice(&half.to_le_bytes()[..4]);
        }
        if let Some(root) = self.root_id {
            bytes.extend_from_slice(&root.to_le_bytes());
        }
        bytes
    }
}

/// Opens a regular file to look at or change its attributes, by a descriptor that cannot read or write it.
///
/// # Errors
/// Of openat; EINVAL where it is no regular file: no other carries capabilities.
pub fn open(path: &str) -> Result<OwnedFd, Failure> {
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file =
        fs::open(path, flags, Mode::empty()).map_err(|e| Failure::new("open", e).at(path))?;
    let stat = fs::fstat(&file).map_err(|e| Failure::new("fstat", e).at(path))?;
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => Ok(file),
        FileType::Symlink => Err(Failure::new("open", Errno::LOOP).at(path)),
        _ => Err(Failure::new("open", Errno::INVAL).at(path)),
    }
}

/// The calls on attributes take no O_PATH descriptor, but its name in /proc.
fn magic(file: BorrowedFd<'_>) -> CString {
    CString::new(format!("/proc/self/fd/{}", file.as_raw_fd())).unwrap_or_default()
}

/// What the file has; `None`: no attribute.
///
/// # Errors
/// Of getxattr; EOVERFLOW where its root id is not mapped here (the kernel does not tell it then).
pub fn get(file: BorrowedFd<'_>) -> Result<Option<FileCaps>, Failure> {
    let path = magic(file);
    attribute(|bytes| fs::getxattr(&path, NAME, bytes))
}

fn attribute(
    read: impl FnOnce(&mut [u8]) -> Result<usize, Errno>,
) -> Result<Option<FileCaps>, Failure> {
    let mut bytes = [0_u8; 64];
    match read(&mut bytes) {
        Ok(length) => FileCaps::parse(bytes.get(..length).unwrap_or_default())
            .map(Some)
            .ok_or_else(|| {
                Failure::new("getxattr", Errno::INVAL).note("not of a form that capabilities have")
            }),
        // Also where the file system has no such attributes.
        Err(Errno::NODATA | Errno::OPNOTSUPP) => Ok(None),
        Err(errno) => Err(fail("getxattr")(errno)),
    }
}

/// Sets them and reads them back. In a user namespace the kernel makes revision 3 of 2, with that
/// namespace's root.
///
/// # Errors
/// Of setxattr, or where something else is there afterwards.
pub fn set(file: BorrowedFd<'_>, wanted: &FileCaps) -> Result<(), Failure> {
    fs::setxattr(magic(file), NAME, &wanted.bytes(), XattrFlags::empty())
        .map_err(fail("setxattr"))?;
    let same = get(file)?.is_some_and(|now| {
        (now.effective, now.permitted, now.inheritable)
            == (wanted.effective, wanted.permitted, wanted.inheritable)
    });
    if same {
        return Ok(());
    }
    Err(Failure::wrong(
        "the file has other capabilities than were written",
    ))
}

/// Takes the attribute away; `false`: there was none.
///
/// # Errors
/// Of removexattr.
pub fn remove(file: BorrowedFd<'_>) -> Result<bool, Failure> {
    match fs::removexattr(magic(file), NAME) {
        Ok(()) => Ok(true),
        Err(Errno::NODATA | Errno::OPNOTSUPP) => Ok(false),
        Err(errno) => Err(fail("removexattr")(errno)),
    }
}

/// A file with capabilities, found by [`under`].
#[derive(Debug, PartialEq, Eq)]
pub struct Found {
    /// From the start on; bytes that are not UTF-8 are replaced.
    pub path: String,
    /// What it has, or the errno of reading it.
    pub caps: Result<FileCaps, i32>,
}

/// How [`under`] looks.
#[derive(Debug, Clone, Copy)]
pub struct How {
    /// Into directories below too.
    pub recursive: bool,
    /// Not into other file systems.
    pub one_file_system: bool,
}

/// What [`under`] found.
#[derive(Debug, Default)]
pub struct Under {
    /// In the order of the directories' names.
    pub found: Vec<Found>,
    /// Files looked at.
    pub files: u64,
    /// Directories that could not be read, or lie deeper than `DEEPEST`.
    pub unread: Vec<String>,
}

/// One descriptor is held for each level, so a tree made to be deep cannot use up all.
const DEEPEST: usize = 400;

/// The files with capabilities in a directory. Links are never followed, so nothing outside is seen.
///
/// # Errors
/// Of opening the directory.
pub fn under(path: &str, how: How) -> Result<Under, Failure> {
    let flags = OFlags::DIRECTORY | OFlags::RDONLY | OFlags::CLOEXEC;
    let top = fs::open(path, flags, Mode::empty()).map_err(|e| Failure::new("open", e).at(path))?;
    let device = fs::fstat(&top).map_err(fail("fstat"))?.st_dev;
    let mut into = Under::default();
    let from = if path == "/" {
        ""
    } else {
        path.trim_end_matches('/')
    };
    walk(top.as_fd(), from, 0, device, how, &mut into);
    Ok(into)
}

fn walk(at: BorrowedFd<'_>, path: &str, depth: usize, device: u64, how: How, into: &mut Under) {
    let mut names: Vec<(CString, FileType)> = match fs::Dir::read_from(at) {
        Ok(entries) => entries
            .filter_map(|entry| {
                let entry = entry.ok()?;
                let name = entry.file_name().to_owned();
                Some((name, entry.file_type()))
            })
            .filter(|(name, _)| !matches!(name.to_bytes(), b"." | b".."))
            .collect(),
        Err(_) => return into.unread.push(path.to_owned()),
    };
    for (name, kind) in &mut names {
        // Some file systems do not say it in a directory.
        if *kind == FileType::Unknown {
            *kind = fs::statat(at, name.as_c_str(), AtFlags::SYMLINK_NOFOLLOW)
                .map_or(FileType::Unknown, |stat| {
                    FileType::from_raw_mode(stat.st_mode)
                });
        }
    }
    names.sort_unstable_by(|a, b| a.0.cmp(&b.0));
    for (name, kind) in names {
        let below = format!("{path}/{}", name.to_string_lossy());
        match kind {
            FileType::RegularFile => {
                into.files += 1;
                // Not followed where it has become a link meanwhile, and then it has no such attribute.
                let mut magic = magic(at).into_bytes();
                magic.push(b'/');
                magic.extend_from_slice(name.to_bytes());
                let magic = CString::new(magic).unwrap_or_default();
                match attribute(|bytes| fs::lgetxattr(&magic, NAME, bytes)) {
                    Ok(None) => {}
                    Ok(Some(caps)) => into.found.push(Found {
                        path: below,
                        caps: Ok(caps),
                    }),
                    Err(Failure { errno, .. }) => into.found.push(Found {
                        path: below,
                        caps: Err(errno),
                    }),
                }
            }
            FileType::Directory if how.recursive => {
                let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
                match fs::openat(at, &name, flags, Mode::empty()) {
                    Ok(directory) if depth < DEEPEST => {
                        let other = how.one_file_system
                            && fs::fstat(&directory).is_ok_and(|stat| stat.st_dev != device);
                        if !other {
                            walk(directory.as_fd(), &below, depth + 1, device, how, into);
                        }
                    }
                    // What is gone meanwhile holds nothing.
                    Err(Errno::NOENT | Errno::NOTDIR) => {}
                    _ => into.unread.push(below),
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        let two = FileCaps {
            revision: 2,
            effective: true,
            permitted: CapSet(1 << 40 | 1 << 13),
            inheritable: CapSet(1),
            root_id: None,
        };
        assert_eq!(two.bytes().len(), 20);
        assert_eq!(two.bytes()[..4], [1, 0, 0, 2]);
        assert_eq!(FileCaps::parse(&two.bytes()), Some(two));
        let three = FileCaps {
            revision: 3,
            root_id: Some(100_000),
            ..two
        };
        assert_eq!(three.bytes().len(), 24);
        assert_eq!(FileCaps::parse(&three.bytes()), Some(three));
        let one = [1, 0, 0, 1, 0, 32, 0, 0, 0, 0, 0, 0];
        assert_eq!(
            FileCaps::parse(&one).map(|f| f.permitted),
            Some(CapSet(1 << 13))
        );
        for length in 0..24 {
            assert_eq!(FileCaps::parse(&three.bytes()[..length]), None, "{length}");
        }
        assert_eq!(FileCaps::parse(&[0xff; 20]), None);
    }

    #[test]
    fn only_regular_files() {
        assert_eq!(open("/dev/null").unwrap_err().errno, libc::EINVAL);
        assert_eq!(open("/proc/self/exe").unwrap_err().errno, libc::ELOOP);
        assert_eq!(open("/nowhere").unwrap_err().errno, libc::ENOENT);
    }
}
