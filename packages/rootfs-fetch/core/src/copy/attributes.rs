//! Owner, mode, times and extended attributes, as the original has them. chown(2) clears set-id bits and file
//! capabilities, so it comes first; the times come last, everything else changes them.

use crate::failure::{Failure, system};
use crate::name::printable;
use rustix::fs::{
    AtFlags, FileType, Gid, Mode, Stat, Timespec, Timestamps, Uid, XattrFlags, chmod, chownat,
    getxattr, listxattr, removexattr, setxattr, utimensat,
};
use rustix::io::Errno;
use std::collections::BTreeMap;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

/// Largest list and largest value of attributes that the kernel has.
const LARGEST: usize = 64 << 10;

type Extended = BTreeMap<Vec<u8>, Vec<u8>>;

/// Makes what `to` names as what `from` names; both are descriptors of the thing itself, also O_PATH.
pub(super) fn same(from: impl AsFd, to: impl AsFd, stat: &Stat) -> Result<(), Failure> {
    let (from, to) = (from.as_fd(), to.as_fd());
    let (uid, gid) = (Uid::from_raw(stat.st_uid), Gid::from_raw(stat.st_gid));
    chownat(to, c"", Some(uid), Some(gid), AtFlags::EMPTY_PATH).map_err(|e| {
        let mut failure = system("fchownat")(e);
        failure.message = format!(
            "cannot give it to {}:{}: {}",
            stat.st_uid, stat.st_gid, failure.message
        );
        failure
    })?;
    let link = FileType::from_raw_mode(stat.st_mode) == FileType::Symlink;
    extend(from, to)?;
    if !link {
        let mode = Mode::from_raw_mode(stat.st_mode & 0o7777);
        chmod(through(to), mode).map_err(system("chmod"))?;
    }
    utimensat(to, c"", &times(stat), AtFlags::EMPTY_PATH).map_err(system("utimensat"))
}

/// The name of what a descriptor names. It leads to the thing itself, also where that is a link.
fn through(fd: BorrowedFd<'_>) -> String {
    format!("/proc/self/fd/{}", fd.as_raw_fd())
}

fn times(stat: &Stat) -> Timestamps {
    let time = |seconds: i64, nanoseconds: u64| Timespec {
        tv_sec: seconds,
        tv_nsec: nanoseconds.cast_signed(),
    };
    Timestamps {
        last_access: time(stat.st_atime, stat.st_atime_nsec),
        last_modification: time(stat.st_mtime, stat.st_mtime_nsec),
    }
}

/// Sets what the original has, and removes what was handed down from the directory above.
fn extend(from: BorrowedFd<'_>, to: BorrowedFd<'_>) -> Result<(), Failure> {
    let (wanted, there) = (read(from)?, read(to)?);
    let path = through(to);
    for name in there.keys().filter(|name| !wanted.contains_key(*name)) {
        removexattr(&path, name).map_err(|e| system("removexattr")(e))?;
    }
    for (name, value) in wanted.iter().filter(|(n, v)| there.get(*n) != Some(*v)) {
        setxattr(&path, name, value, XattrFlags::empty()).map_err(|e| {
            let mut failure = system("setxattr")(e);
            failure.message = format!("attribute {}: {}", printable(name), failure.message);
            failure
        })?;
    }
    Ok(())
}

/// All but the labels of the host's security modules, which are the place's and not the file's.
fn read(fd: BorrowedFd<'_>) -> Result<Extended, Failure> {
    let path = through(fd);
    let mut names = [0; LARGEST];
    let n = match listxattr(&path, &mut names[..]) {
        Ok(n) => n,
        Err(Errno::OPNOTSUPP) => return Ok(Extended::new()),
        Err(e) => return Err(system("listxattr")(e)),
    };
    let mut all = Extended::new();
    for name in names[..n].split(|&b| b == 0).filter(|n| !n.is_empty()) {
        if name.starts_with(b"security.") && name != b"security.capability" {
            continue;
        }
        let mut value = vec![0; LARGEST];
        let n = getxattr(&path, name, &mut value[..]).map_err(system("getxattr"))?;
        value.truncate(n);
        all.insert(name.to_vec(), value);
    }
    Ok(all)
}
