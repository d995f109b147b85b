//! The thin napi-rs layer over rootfs-fetch-core.
//!
//! What fails comes back as data: an error thrown from an asynchronous task cannot carry a code of
//! ours. `undefined` in place of a failure means that all went well.

pub mod copying;
pub mod inside;
pub mod packing;
mod thread;
pub mod unpacking;

use napi::bindgen_prelude::AsyncTask;
use napi::{Env, Result, Task};
use napi_derive::napi;
use rootfs_fetch_core as core;
use std::os::fd::IntoRawFd;

/// Why something was not done.
#[napi(object)]
pub struct NativeFailure {
    /// `E_ARCHIVE_DAMAGED`, …; `E_SYSTEM` where the kernel refused.
    pub code: String,
    /// One line.
    pub message: String,
    /// The entry or file concerned, escaped for a terminal; may be empty.
    pub entry: String,
    /// The system call, or empty.
    pub syscall: String,
    /// Its error number, or 0.
    pub errno: i32,
}

impl From<core::Failure> for NativeFailure {
    fn from(f: core::Failure) -> Self {
        Self {
            code: f.kind.code().to_owned(),
            message: f.message,
            entry: f.entry,
            syscall: f.syscall.to_owned(),
            errno: f.errno,
        }
    }
}

/// What an unpacking did.
#[napi(object)]
pub struct NativeReport {
    /// Entries of the archive.
    pub entries: i64,
    /// Bytes of the archive as it was read.
    pub read: i64,
    /// Bytes of all regular files.
    pub bytes: i64,
    /// SHA-256 of the archive as it was read, in hexadecimal; empty unless asked for, as the next two.
    pub sha256: String,
    /// SHA-512 of the same.
    pub sha512: String,
    /// SHA-256 of the tar after decompression: OCI's `diff_id`.
    pub diff_id: String,
    /// Devices and FIFOs that were not made.
    pub devices: i64,
    /// Entries whose owner became the caller.
    pub owners: i64,
    /// Set-id bits not set.
    pub set_ids: i64,
    /// Extended attributes not set.
    pub attributes: i64,
    /// Entries that took the place of an earlier one.
    pub replaced: i64,
    /// PAX records of unknown meaning.
    pub records: i64,
    /// Names of lower layers that whiteouts took away.
    pub whiteouts: i64,
}

impl From<core::Report> for NativeReport {
    fn from(r: core::Report) -> Self {
        let n = |n: u64| n.cast_signed();
        Self {
            entries: n(r.entries),
            read: n(r.read),
            bytes: n(r.bytes),
            sha256: r.sha256,
            sha512: r.sha512,
            diff_id: r.diff_id,
            devices: n(r.devices),
            owners: n(r.owners),
            set_ids: n(r.set_ids),
            attributes: n(r.attributes),
            replaced: n(r.replaced),
            records: n(r.records),
            whiteouts: n(r.whiteouts),
        }
    }
}

/// A pipe, to unpack what has no file.
#[napi(object)]
pub struct PipeEnds {
    /// For [`Unpacking::archive`].
    pub reader: i32,
    /// To be written to.
    pub writer: i32,
}

/// Makes a pipe that no child inherits; both ends are the caller's to close.
#[napi]
pub fn make_pipe() -> Result<PipeEnds> {
    let (reader, writer) = std::io::pipe()?;
    Ok(PipeEnds {
        reader: std::os::fd::OwnedFd::from(reader).into_raw_fd(),
        writer: std::os::fd::OwnedFd::from(writer).into_raw_fd(),
    })
}

/// Removes a tree.
pub struct RemoveTask(String);

impl Task for RemoveTask {
    type Output = Option<core::Failure>;
    type JsValue = Option<NativeFailure>;

    fn compute(&mut self) -> Result<Self::Output> {
        Ok(core::remove::remove_tree(self.0.as_bytes()).err())
    }

    fn resolve(&mut self, _: Env, failure: Self::Output) -> Result<Option<NativeFailure>> {
        Ok(failure.map(Into::into))
    }
}

/// Removes a tree, also what is closed to its owner in it; resolves with a failure or nothing.
#[napi(ts_return_type = "Promise<NativeFailure | null>")]
pub fn remove_tree(path: String) -> AsyncTask<RemoveTask> {
    AsyncTask::new(RemoveTask(path))
}

/// Whether this process can give files to any owner.
#[napi]
pub fn can_give_owners() -> bool {
    core::owners_of_this_process() == core::Owners::Exact
}

/// A try to take a lock.
#[napi(object)]
pub struct LockOutcome {
    /// The descriptor that holds it, to be closed; absent while another process holds it.
    pub fd: Option<i32>,
    /// Why it could not be tried.
    pub failure: Option<NativeFailure>,
}

/// Takes the lock of a file, which is made where it is missing; never waits.
#[napi]
pub fn try_lock(path: String) -> LockOutcome {
    lock_outcome(core::try_lock(path.as_bytes()))
}

/// Shares the lock of a file; never makes it, never waits.
#[napi]
pub fn share_lock(path: String) -> LockOutcome {
    lock_outcome(core::share_lock(path.as_bytes()))
}

fn lock_outcome(
    result: std::result::Result<Option<std::os::fd::OwnedFd>, core::Failure>,
) -> LockOutcome {
    match result {
        Ok(fd) => LockOutcome {
            fd: fd.map(IntoRawFd::into_raw_fd),
            failure: None,
        },
        Err(failure) => LockOutcome {
            fd: None,
            failure: Some(failure.into()),
        },
    }
}

/// Brings the names in a directory to disk.
#[napi]
pub fn sync_directory(path: String) -> Option<NativeFailure> {
    core::sync_directory(path.as_bytes()).err().map(Into::into)
}
