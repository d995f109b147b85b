//! The thin napi-rs layer over rootfs-fetch-core.
//!
//! What fails comes back as data: an error thrown from an asynchronous task cannot carry a code of
//! ours. `undefined` in place of a failure means that all went well.

use napi::bindgen_prelude::AsyncTask;
use napi::{Env, Result, Task};
use napi_derive::napi;
use rootfs_fetch_core as core;
use std::fs::File;
use std::io::{Seek, SeekFrom};
use std::os::fd::{BorrowedFd, IntoRawFd};
use std::sync::{Arc, Mutex};

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
    /// SHA-512 of the archive as it was read, in hexadecimal.
    pub sha512: String,
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
}

impl From<core::Report> for NativeReport {
    fn from(r: core::Report) -> Self {
        let n = |n: u64| n.cast_signed();
        Self {
            entries: n(r.entries),
            read: n(r.read),
            bytes: n(r.bytes),
            sha512: r.sha512,
            devices: n(r.devices),
            owners: n(r.owners),
            set_ids: n(r.set_ids),
            attributes: n(r.attributes),
            replaced: n(r.replaced),
            records: n(r.records),
        }
    }
}

/// What to unpack, and how.
#[napi(object)]
pub struct UnpackRequest {
    /// An open file, read from its beginning. It may be closed as soon as the call returns.
    pub archive: i32,
    /// An empty directory.
    pub target: String,
    /// Owners as in the archive; else everything belongs to the caller.
    pub exact_owners: bool,
    /// Set no set-id bits.
    pub strip_set_id: bool,
    /// Make devices and FIFOs.
    pub keep_devices: bool,
    /// Most bytes after decompression; the core's default where absent.
    pub max_bytes: Option<i64>,
    /// Most entries; the core's default where absent.
    pub max_entries: Option<i64>,
}

/// Either of the two.
#[napi(object)]
pub struct UnpackOutcome {
    /// What was done.
    pub report: Option<NativeReport>,
    /// Why it was not.
    pub failure: Option<NativeFailure>,
}

/// How far an unpacking is.
#[napi(object)]
pub struct UnpackProgress {
    /// Bytes of the archive read so far.
    pub read: i64,
    /// Entries begun so far.
    pub entries: i64,
}

/// One unpacking, which can be watched and stopped.
#[napi]
pub struct Unpacking {
    /// Shared borrows only: a mutable one would last as long as the task, and bar `progress`.
    work: Mutex<Option<UnpackTask>>,
    monitor: Arc<core::Monitor>,
}

#[napi]
impl Unpacking {
    /// Takes a descriptor of its own to the archive; nothing is read yet.
    #[napi(constructor)]
    pub fn new(request: UnpackRequest) -> Result<Self> {
        if request.archive < 0 {
            return Err(napi::Error::from_reason("archive is no descriptor"));
        }
        // SAFETY: it is only duplicated, during this call, while the caller holds it open.
        let archive = unsafe { BorrowedFd::borrow_raw(request.archive) };
        let archive = File::from(archive.try_clone_to_owned()?);
        let mut options = core::Options {
            owners: if request.exact_owners {
                core::Owners::Exact
            } else {
                core::Owners::Squash
            },
            strip_set_id: request.strip_set_id,
            keep_devices: request.keep_devices,
            limits: core::Limits::default(),
        };
        let limit = |given: Option<i64>, default: u64| {
            given.map_or(default, |n| u64::try_from(n).unwrap_or(0))
        };
        options.limits.bytes = limit(request.max_bytes, options.limits.bytes);
        options.limits.entries = limit(request.max_entries, options.limits.entries);
        let monitor = Arc::new(core::Monitor::default());
        let work = UnpackTask {
            archive: Some(archive),
            target: request.target,
            options,
            monitor: monitor.clone(),
        };
        Ok(Self {
            work: Mutex::new(Some(work)),
            monitor,
        })
    }

    /// Unpacks, once, outside the JavaScript thread.
    #[napi(ts_return_type = "Promise<UnpackOutcome>")]
    pub fn run(&self) -> Result<AsyncTask<UnpackTask>> {
        let work = self.work.lock().ok().and_then(|mut work| work.take());
        work.map(AsyncTask::new)
            .ok_or_else(|| napi::Error::from_reason("it ran already"))
    }

    /// Asks it to stop; it then fails with `E_CANCELLED`.
    #[napi]
    pub fn cancel(&self) {
        self.monitor.cancel();
    }

    /// How far it is.
    #[napi]
    pub fn progress(&self) -> UnpackProgress {
        UnpackProgress {
            read: self.monitor.read().cast_signed(),
            entries: self.monitor.entries().cast_signed(),
        }
    }
}

/// The unpacking itself.
pub struct UnpackTask {
    archive: Option<File>,
    target: String,
    options: core::Options,
    monitor: Arc<core::Monitor>,
}

impl Task for UnpackTask {
    type Output = std::result::Result<core::Report, core::Failure>;
    type JsValue = UnpackOutcome;

    fn compute(&mut self) -> Result<Self::Output> {
        let mut archive = self
            .archive
            .take()
            .ok_or_else(|| napi::Error::from_reason("it ran already"))?;
        archive.seek(SeekFrom::Start(0))?;
        Ok(core::unpack(
            archive,
            self.target.as_bytes(),
            &self.options,
            &self.monitor,
        ))
    }

    fn resolve(&mut self, _: Env, outcome: Self::Output) -> Result<UnpackOutcome> {
        Ok(match outcome {
            Ok(report) => UnpackOutcome {
                report: Some(report.into()),
                failure: None,
            },
            Err(failure) => UnpackOutcome {
                report: None,
                failure: Some(failure.into()),
            },
        })
    }
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
    match core::try_lock(path.as_bytes()) {
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
