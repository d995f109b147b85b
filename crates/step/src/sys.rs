//! System calls that rustix does not have, as thin as they come.

use rustix::io::Errno;
use std::{
    ffi::CStr,
    os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd},
};

fn result(value: libc::c_long) -> Result<libc::c_long, Errno> {
    if value < 0 {
        let errno = std::io::Error::last_os_error()
            .raw_os_error()
            .unwrap_or(libc::EIO);
        return Err(Errno::from_raw_os_error(errno));
    }
    Ok(value)
}

/// Attributes for [`mount_setattr`]; see mount_setattr(2).
#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub struct MountAttr {
    /// `MOUNT_ATTR_*` to add.
    pub attr_set: u64,
    /// `MOUNT_ATTR_*` to remove.
    pub attr_clr: u64,
    /// `MS_PRIVATE`, `MS_SLAVE`, `MS_SHARED`, `MS_UNBINDABLE`, or 0.
    pub propagation: u64,
    /// User namespace for an id-mapped mount.
    pub userns_fd: u64,
}

/// Changes mount attributes of the mount at `dirfd`/`path`. See mount_setattr(2), Linux 5.12.
///
/// # Errors
/// As the call.
pub fn mount_setattr(
    dirfd: BorrowedFd<'_>,
    path: &CStr,
    flags: u32,
    attr: &MountAttr,
) -> Result<(), Errno> {
    // SAFETY: `path` is NUL-terminated, `attr` lives through the call and its size is given.
    let value = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            dirfd.as_raw_fd(),
            path.as_ptr(),
            flags,
            std::ptr::from_ref(attr),
            size_of::<MountAttr>(),
        )
    };
    result(value).map(drop)
}

/// Enters the namespace (or, for a pidfd, the namespaces in `flags`). See setns(2).
///
/// # Errors
/// As the call.
pub fn setns(fd: BorrowedFd<'_>, flags: i32) -> Result<(), Errno> {
    // SAFETY: no memory is passed.
    result(unsafe { libc::syscall(libc::SYS_setns, fd.as_raw_fd(), flags) }).map(drop)
}

/// Leaves namespaces for new ones. See unshare(2); the launcher is single-threaded.
///
/// # Errors
/// As the call.
pub fn unshare(flags: i32) -> Result<(), Errno> {
    // SAFETY: no memory is passed; CLONE_FILES and CLONE_VM are of no use to our callers.
    result(unsafe { libc::syscall(libc::SYS_unshare, flags) }).map(drop)
}

/// A memory file that can be sealed, executable where the kernel lets it say so.
///
/// # Errors
/// As memfd_create(2).
pub fn memfd(name: &CStr, executable: bool) -> Result<OwnedFd, Errno> {
    const MFD_NOEXEC_SEAL: u32 = 8;
    const MFD_EXEC: u32 = 16;
    let base = libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING;
    let wish = if executable {
        MFD_EXEC
    } else {
        MFD_NOEXEC_SEAL
    };
    let create = |flags: u32| {
        // SAFETY: `name` is NUL-terminated.
        result(unsafe { libc::syscall(libc::SYS_memfd_create, name.as_ptr(), flags) })
    };
    // Before Linux 6.3 neither flag exists and both are EINVAL.
    let fd = match create(base | wish) {
        Err(Errno::INVAL) => create(base)?,
        other => other?,
    };
    let fd = i32::try_from(fd).map_err(|_| Errno::BADF)?;
    // SAFETY: the kernel has just given us this descriptor.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}
