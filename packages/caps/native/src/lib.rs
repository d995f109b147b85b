//! The thin napi-rs layer over caps-core: what /proc does not tell of this process, capabilities of
//! files, the kernel's record of checks, and the change of this process. A failure comes back as data
//! with its errno, because an exception could not carry it.

#![warn(missing_docs)]

pub mod all_threads;
pub mod calls;
pub mod files;
pub mod trace;

use napi_derive::napi;
use srcon_step::Failure;

/// The securebits of the calling thread; null where a filter forbids asking.
#[napi]
#[must_use]
pub fn securebits() -> Option<u32> {
    caps_core::kernel::securebits().ok()
}

/// A system call failed.
#[napi(object)]
pub struct SystemError {
    /// As its man page names it, or `verify`.
    pub syscall: String,
    /// The kernel's error number; 0: a result that is not as asked.
    pub errno: i32,
    /// The file concerned, or empty.
    pub path: String,
    /// What more is known.
    pub note: String,
}

impl From<Failure> for SystemError {
    fn from(failure: Failure) -> Self {
        Self {
            syscall: failure.syscall.to_owned(),
            errno: failure.errno,
            path: failure.path,
            note: failure.note,
        }
    }
}

/// How a user namespace stands to this process's.
#[napi(object)]
pub struct Owner {
    /// User id, as seen from here, that made it.
    pub uid: u32,
}

/// Who owns the user namespace of a process; null where it may not be asked.
#[napi]
#[must_use]
pub fn namespace_owner(path: String) -> Option<Owner> {
    caps_core::namespace::owner(&path).map(|uid| Owner { uid })
}
