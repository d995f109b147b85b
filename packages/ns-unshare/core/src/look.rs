//! What the kernel tells of a namespace by ioctl: its owner and its parent. See ioctl_nsfs(2).

use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::io::Errno;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

const NS_GET_USERNS: libc::Ioctl = 0xb701;
const NS_GET_PARENT: libc::Ioctl = 0xb702;
const NS_GET_NSTYPE: libc::Ioctl = 0xb703;
const NS_GET_OWNER_UID: libc::Ioctl = 0xb704;

/// How a namespace stands to others. `None`: not to be seen from here, or there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Relations {
    /// `CLONE_NEW…` of its type.
    pub flag: u32,
    /// Inode of the user namespace that owns it (for a user namespace: its parent).
    pub user_namespace: Option<u64>,
    /// Inode of the parent, of user and pid namespaces.
    pub parent: Option<u64>,
    /// Owner of the user namespace that owns it, or of itself where it is one.
    pub owner_uid: Option<u32>,
}

fn ioctl(fd: &OwnedFd, request: libc::Ioctl, argument: *mut u32) -> Result<i32, Errno> {
    // SAFETY: `argument` is null or a valid u32, which NS_GET_OWNER_UID fills.
    let value = unsafe { libc::ioctl(fd.as_raw_fd(), request, argument) };
    if value < 0 {
        let errno = std::io::Error::last_os_error().raw_os_error();
        return Err(Errno::from_raw_os_error(errno.unwrap_or(libc::EIO)));
    }
    Ok(value)
}

fn related(fd: &OwnedFd, request: libc::Ioctl) -> Option<OwnedFd> {
    let raw = ioctl(fd, request, std::ptr::null_mut()).ok()?;
    // SAFETY: the kernel has just given us this descriptor (close-on-exec, as it always is).
    Some(unsafe { OwnedFd::from_raw_fd(raw) })
}

fn inode(fd: &OwnedFd) -> Option<u64> {
    rustix::fs::fstat(fd).ok().map(|s| s.st_ino)
}

fn owner_uid(fd: &OwnedFd) -> Option<u32> {
    let mut uid = 0;
    ioctl(fd, NS_GET_OWNER_UID, &raw mut uid).ok().map(|_| uid)
}

/// Looks at the namespace at `path`, such as `/proc/1/ns/user`.
///
/// # Errors
/// Of opening it, or `ENOTTY` where it is no namespace.
pub fn relations(path: &str) -> Result<Relations, Errno> {
    let fd = openat(CWD, path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
    let flag = ioctl(&fd, NS_GET_NSTYPE, std::ptr::null_mut())?.cast_unsigned();
    let owner = related(&fd, NS_GET_USERNS);
    let is_user = flag == libc::CLONE_NEWUSER.cast_unsigned();
    Ok(Relations {
        flag,
        user_namespace: owner.as_ref().and_then(inode),
        parent: related(&fd, NS_GET_PARENT).as_ref().and_then(inode),
        owner_uid: if is_user {
            owner_uid(&fd)
        } else {
            owner.as_ref().and_then(owner_uid)
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_namespaces() {
        let own = |name: &str| {
            std::fs::metadata(format!("/proc/self/ns/{name}")).map(|m| {
                use std::os::unix::fs::MetadataExt;
                m.ino()
            })
        };
        let uts = relations("/proc/self/ns/uts").unwrap();
        assert_eq!(uts.flag, libc::CLONE_NEWUTS.cast_unsigned());
        if let Some(user) = uts.user_namespace {
            assert_eq!(user, own("user").unwrap());
        }
        assert_eq!(uts.parent, None);
        assert!(relations("/proc/self/ns/user").unwrap().owner_uid.is_some());
        assert_eq!(relations("/proc/self/status"), Err(Errno::NOTTY));
        assert_eq!(relations("/proc/self/ns/nothing"), Err(Errno::NOENT));
    }
}
