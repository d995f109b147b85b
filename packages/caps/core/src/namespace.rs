//! What only an ioctl tells of a user namespace. See ioctl_ns(2).

use rustix::fs::{self, Mode, OFlags};
use std::os::fd::AsRawFd;

const NS_GET_OWNER_UID: libc::Ioctl = 0xb704;

/// The user, as seen from here, that made the user namespace of this file, `/proc/1/ns/user`; `None`
/// where it may not be opened or is none.
#[must_use]
pub fn owner(path: &str) -> Option<u32> {
    let file = fs::open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).ok()?;
    let mut uid: libc::uid_t = 0;
    // SAFETY: the call writes one uid_t.
    let value = unsafe { libc::ioctl(file.as_raw_fd(), NS_GET_OWNER_UID, &raw mut uid) };
    (value == 0).then_some(uid)
}
