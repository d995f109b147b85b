//! Places inside a root: looked up by the kernel as if the root were `/`, opened once, and made,
//! where missing, one component at a time below a descriptor. A link in the path leads where it
//! would lead inside the root; a missing component is never made through a link.
//! See openat2(2); CVE-2019-19921, CVE-2021-30465, CVE-2024-45310, CVE-2026-41579.

use rustix::fs::{
    FileType, Mode, OFlags, PROC_SUPER_MAGIC, ResolveFlags, fstat, fstatfs, mkdirat, openat,
    openat2,
};
use rustix::io::Errno;
use srcon_step::{Bytes, Failure};
use std::ffi::{CStr, CString};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// As in `srcon_step::resolve`: EAGAIN means that something was renamed meanwhile.
const TRIES: u32 = 128;
const DIRECTORY: Mode = Mode::from_raw_mode(0o755);
const FILE: Mode = Mode::from_raw_mode(0o644);

/// Which links a look-up follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Links {
    /// As inside the root; magic links of proc never.
    Inside,
    /// None at all: every component must be what it says.
    None,
}

/// What a mount or an entry is to stand on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// A directory.
    Directory,
    /// Anything but a directory.
    File,
}

/// Opens what is at `path` in `root`, `O_PATH`.
pub fn open(root: BorrowedFd<'_>, path: &Bytes, links: Links) -> Result<OwnedFd, Failure> {
    look_up(root, path.as_c_str(), OFlags::empty(), links)
        .map_err(|e| refused(e, links).at(path.to_text()))
}

/// Opens what a mount is to stand on; makes it if it is missing and `create` is set.
pub fn target(
    root: BorrowedFd<'_>,
    path: &Bytes,
    sort: Sort,
    links: Links,
    create: bool,
) -> Result<OwnedFd, Failure> {
    let found = match open(root, path, links) {
        Err(f) if create && f.errno == Errno::NOENT.raw_os_error() => {
            return make(root, path, sort, links).map_err(|f| f.at(path.to_text()));
        }
        other => other?,
    };
    if links == Links::Inside && is_of_the_kernel(&found).map_err(|f| f.at(path.to_text()))? {
        return Err(Failure::new("openat2", Errno::LOOP)
            .at(path.to_text())
            .note("a link leads into proc or sysfs; what lies there must be named as it is"));
    }
    let is = if is_directory(&found)? {
        Sort::Directory
    } else {
        Sort::File
    };
    if is == sort {
        return Ok(found);
    }
    let (errno, note) = match sort {
        Sort::Directory => (Errno::NOTDIR, "it must be an ordinary directory"),
        Sort::File => (Errno::ISDIR, "a file cannot be mounted on a directory"),
    };
    Err(Failure::new("openat2", errno).at(path.to_text()).note(note))
}

/// Opens the directory in which `path` stands (made where missing), and its last component.
pub fn parent(root: BorrowedFd<'_>, path: &Bytes) -> Result<(OwnedFd, CString), Failure> {
    let parts = components(path)?;
    let Some((last, before)) = parts.split_last() else {
        return Err(Failure::new("openat2", Errno::EXIST).at(path.to_text()));
    };
    let dir = make_directories(root, before, Links::Inside).map_err(|f| f.at(path.to_text()))?;
    Ok((dir, last.clone()))
}

/// Whether a file is on proc or sysfs. A root could have a link where a volume is to be mounted and
/// so have it cover files that others trust.
fn is_of_the_kernel(fd: &OwnedFd) -> Result<bool, Failure> {
    let kind = fstatfs(fd).map_err(|e| Failure::new("fstatfs", e))?.f_type;
    Ok(kind == PROC_SUPER_MAGIC || kind == libc::SYSFS_MAGIC)
}

/// Whether an open file is a directory.
pub fn is_directory(fd: impl AsFd) -> Result<bool, Failure> {
    let stat = fstat(fd).map_err(|e| Failure::new("fstat", e))?;
    Ok(FileType::from_raw_mode(stat.st_mode) == FileType::Directory)
}

fn look_up(
    root: BorrowedFd<'_>,
    path: &CStr,
    flags: OFlags,
    links: Links,
) -> Result<OwnedFd, Errno> {
    let resolve = match links {
        Links::Inside => ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS,
        Links::None => ResolveFlags::IN_ROOT | ResolveFlags::NO_SYMLINKS,
    };
    let flags = flags | OFlags::PATH | OFlags::CLOEXEC;
    for _ in 1..TRIES {
        match openat2(root, path, flags, Mode::empty(), resolve) {
            Err(Errno::AGAIN | Errno::INTR) => {}
            other => return other,
        }
    }
    openat2(root, path, flags, Mode::empty(), resolve)
}

fn refused(errno: Errno, links: Links) -> Failure {
    let failure = Failure::new("openat2", errno);
    match (errno, links) {
        (Errno::LOOP, Links::None) => {
            failure.note("a symbolic link is in the way; it must be an ordinary directory")
        }
        (Errno::LOOP, Links::Inside) => failure.note("a magic link, or too many links"),
        (Errno::AGAIN, _) => failure.note("the tree is being renamed all the time"),
        _ => failure,
    }
}

/// The components of a path; `..` is refused where something is to be made.
fn components(path: &Bytes) -> Result<Vec<CString>, Failure> {
    let dots = || {
        Failure::new("mkdirat", Errno::INVAL)
            .at(path.to_text())
            .note("'..' in a path that is to be made")
    };
    (path.as_bytes().split(|&b| b == b'/'))
        .filter(|part| !matches!(*part, b"" | b"."))
        .map(|part| match part {
            b".." => Err(dots()),
            _ => CString::new(part).map_err(|_| dots()),
        })
        .collect()
}

/// Makes `path` and what is missing above it, and opens it.
fn make(root: BorrowedFd<'_>, path: &Bytes, sort: Sort, links: Links) -> Result<OwnedFd, Failure> {
    let parts = components(path)?;
    let (Sort::File, Some((name, above))) = (sort, parts.split_last()) else {
        return make_directories(root, &parts, links);
    };
    let dir = make_directories(root, above, links)?;
    let flags = OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    // Not to be written: the descriptor is the place of a mount. Who was faster, or a link that
    // dangles, is EEXIST.
    openat(&dir, name, flags | OFlags::RDONLY, FILE).map_err(|e| {
        let what = name.to_string_lossy();
        Failure::new("openat", e).note(format!("something else stands at '{what}'"))
    })
}

/// Opens a directory of the root; what is missing of it is made.
fn make_directories(
    root: BorrowedFd<'_>,
    parts: &[CString],
    links: Links,
) -> Result<OwnedFd, Failure> {
    let (mut dir, there) = deepest(root, parts, links)?;
    for name in &parts[there..] {
        match mkdirat(&dir, name, DIRECTORY) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(e) => return Err(Failure::new("mkdirat", e)),
        }
        dir = step_into(&dir, name)?;
    }
    Ok(dir)
}

/// The deepest directory of the path that is there, and how many components it has.
fn deepest(
    root: BorrowedFd<'_>,
    parts: &[CString],
    links: Links,
) -> Result<(OwnedFd, usize), Failure> {
    for there in (0..=parts.len()).rev() {
        let mut path = b"/".to_vec();
        for part in &parts[..there] {
            path.extend_from_slice(part.as_bytes());
            path.push(b'/');
        }
        let path = CString::new(path).map_err(|_| Failure::new("openat2", Errno::INVAL))?;
        match look_up(root, &path, OFlags::DIRECTORY, links) {
            Ok(fd) => return Ok((fd, there)),
            Err(Errno::NOENT) => {}
            Err(e) => return Err(refused(e, links)),
        }
    }
    Err(Failure::new("openat2", Errno::NOENT))
}

/// One component further, never through a link: one that dangles is there for mkdirat(2) (EEXIST)
/// and not for a look-up (ENOENT).
fn step_into(dir: &OwnedFd, name: &CStr) -> Result<OwnedFd, Failure> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    openat(dir, name, flags, Mode::empty()).map_err(|e| {
        let what = name.to_string_lossy();
        Failure::new("openat", e).note(format!("a link or a file stands at '{what}'"))
    })
}
