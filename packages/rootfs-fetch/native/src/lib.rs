//! The thin napi-rs layer over rootfs-fetch-core.
//!
//! What fails comes back as data: an error thrown from an asynchronous task cannot carry a code of
//! ours. `undefined` in place of a failure means that all went well.

pub mod copying;
pub mod inside;

use napi::bindgen_prelude::{AsyncTask, Object};
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

/// Where to unpack to, and how.
#[napi(object)]
pub struct UnpackRequest {
    /// An empty directory.
    pub target: String,
    /// Owners as in the archive; else everything belongs to the caller.
    pub exact_owners: bool,
    /// Set no set-id bits.
    pub strip_set_id: bool,
    /// Make devices and FIFOs.
    pub keep_devices: bool,
    /// Of the extended attributes that may be set, only these: names, or beginnings that end in `*`.
    pub xattrs: Option<Vec<String>>,
    /// Bring everything to disk at the end.
    pub sync: bool,
    /// The core's defaults where absent, as each of them.
    pub limits: Option<UnpackLimits>,
}

/// What an archive may cost.
#[napi(object)]
pub struct UnpackLimits {
    /// Most bytes after decompression.
    pub bytes: Option<i64>,
    /// Most entries.
    pub entries: Option<i64>,
    /// Most bytes out for each byte in.
    pub ratio: Option<i64>,
    /// Most directories inside one another.
    pub depth: Option<i64>,
    /// Most bytes of a path.
    pub path: Option<i64>,
    /// Most bytes of a component of a path.
    pub name: Option<i64>,
}

/// One archive.
#[napi(object)]
pub struct ArchiveRequest {
    /// An open file, read from its beginning, or the reading end of a pipe. It may be closed as soon as
    /// the call returns.
    pub archive: i32,
    /// A layer of an OCI image: whiteouts take away what lower layers brought.
    pub layer: bool,
    /// The sums that are wanted: `sha256`, `sha512` of the archive, `diffId` of the tar in it.
    pub sums: Vec<String>,
}

/// Either of the two.
#[napi(object)]
pub struct UnpackOutcome {
    /// What was done.
    pub report: Option<NativeReport>,
    /// Why it was not.
    pub failure: Option<NativeFailure>,
}

type Outcome = std::result::Result<core::Report, core::Failure>;

fn outcome(outcome: Outcome) -> UnpackOutcome {
    match outcome {
        Ok(report) => UnpackOutcome {
            report: Some(report.into()),
            failure: None,
        },
        Err(failure) => UnpackOutcome {
            report: None,
            failure: Some(failure.into()),
        },
    }
}

/// How far an unpacking is.
#[napi(object)]
pub struct UnpackProgress {
    /// Bytes of the present archive read so far.
    pub read: i64,
    /// Entries of it begun so far.
    pub entries: i64,
}

/// A directory that one archive is unpacked into, or several over one another.
#[napi]
#[derive(Default)]
pub struct Unpacking {
    unpacker: Arc<Mutex<Option<core::Unpacker>>>,
    monitor: Arc<core::Monitor>,
}

#[napi]
impl Unpacking {
    /// Nothing is open yet.
    #[napi(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    /// Opens the directory.
    #[napi]
    pub fn open(&self, request: UnpackRequest) -> Option<NativeFailure> {
        match core::Unpacker::open(request.target.as_bytes(), &options(&request)) {
            Ok(unpacker) => {
                *self.unpacker.lock().ok()? = Some(unpacker);
                None
            }
            Err(failure) => Some(failure.into()),
        }
    }

    /// Unpacks one archive, in threads of its own: those of Node's pool are few, and whoever fills a pipe
    /// needs one.
    #[napi(ts_return_type = "Promise<UnpackOutcome>")]
    pub fn archive<'env>(&self, env: &'env Env, request: ArchiveRequest) -> Result<Object<'env>> {
        let archive = open_archive(request.archive)?;
        let over = if request.layer {
            core::Over::Layer
        } else {
            core::Over::Plain
        };
        let wants = |name: &str| request.sums.iter().any(|s| s == name);
        let sums = core::Sums {
            sha256: wants("sha256"),
            sha512: wants("sha512"),
            diff_id: wants("diffId"),
        };
        let (unpacker, monitor) = (self.unpacker.clone(), self.monitor.clone());
        in_thread(env, move || {
            let mut held = unpacker.lock().map_err(|_| gone())?;
            let result = held
                .as_mut()
                .ok_or_else(gone)?
                .archive(archive, over, sums, &monitor);
            // What is in the target is half of something: nothing may come over it.
            if result.is_err() {
                *held = None;
            }
            result
        })
    }

    /// Completes the tree, after the last archive.
    #[napi(ts_return_type = "Promise<UnpackOutcome>")]
    pub fn finish<'env>(&self, env: &'env Env) -> Result<Object<'env>> {
        let unpacker = self.unpacker.clone();
        in_thread(env, move || {
            let held = unpacker.lock().map_err(|_| gone())?.take();
            held.ok_or_else(gone)?.finish()
        })
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

fn gone() -> core::Failure {
    core::Failure::new(core::Kind::Cancelled, "no directory is open")
}

fn in_thread(env: &Env, work: impl FnOnce() -> Outcome + Send + 'static) -> Result<Object<'_>> {
    type Resolver = Box<dyn FnOnce(Env) -> Result<UnpackOutcome>>;
    let (deferred, promise) = env.create_deferred::<UnpackOutcome, Resolver>()?;
    std::thread::Builder::new()
        .name("unpack".into())
        .spawn(move || {
            let done = work();
            deferred.resolve(Box::new(move |_| Ok(outcome(done))));
        })?;
    Ok(promise)
}

/// A descriptor of its own. A file is read from its beginning.
fn open_archive(fd: i32) -> Result<File> {
    if fd < 0 {
        return Err(napi::Error::from_reason("archive is no descriptor"));
    }
    // SAFETY: it is only duplicated, during this call, while the caller holds it open.
    let archive = unsafe { BorrowedFd::borrow_raw(fd) };
    let mut archive = File::from(archive.try_clone_to_owned()?);
    if archive.metadata()?.is_file() {
        archive.seek(SeekFrom::Start(0))?;
    }
    Ok(archive)
}

fn options(request: &UnpackRequest) -> core::Options {
    let mut options = core::Options {
        owners: if request.exact_owners {
            core::Owners::Exact
        } else {
            core::Owners::Squash
        },
        strip_set_id: request.strip_set_id,
        keep_devices: request.keep_devices,
        xattrs: match &request.xattrs {
            None => core::Xattrs::Known,
            Some(names) if names.is_empty() => core::Xattrs::None,
            Some(names) => core::Xattrs::Only(names.clone()),
        },
        sync: request.sync,
        limits: core::Limits::default(),
    };
    if let Some(given) = &request.limits {
        let limits = &mut options.limits;
        let most = |given: Option<i64>, default: u64| {
            given.map_or(default, |n| u64::try_from(n).unwrap_or(0))
        };
        limits.bytes = most(given.bytes, limits.bytes);
        limits.entries = most(given.entries, limits.entries);
        limits.ratio = most(given.ratio, limits.ratio);
        limits.depth = most(given.depth, limits.depth as u64) as usize;
        limits.path = most(given.path, limits.path as u64) as usize;
        limits.name = most(given.name, limits.name as u64) as usize;
    }
    options
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

/// What to pack.
#[napi(object)]
pub struct PackRequest {
    /// The tree.
    pub directory: String,
    /// Where to write to, from where it stands; may be closed as soon as the call returns.
    pub archive: i32,
    /// `none`, `gzip` or `zstd`.
    pub compression: String,
    /// Seconds since 1970: later times become this one.
    pub latest: Option<i64>,
}

/// What was packed.
#[napi(object)]
pub struct NativePacked {
    /// Members of the archive.
    pub entries: i64,
    /// Bytes of the archive.
    pub written: i64,
    /// Sockets, which tar has no word for.
    pub skipped: i64,
    /// SHA-256 of the archive, in hexadecimal.
    pub sha256: String,
    /// SHA-256 of the tar before compression: OCI's `diff_id`.
    pub diff_id: String,
}

/// Either of the two.
#[napi(object)]
pub struct PackOutcome {
    /// What was done.
    pub packed: Option<NativePacked>,
    /// Why it was not.
    pub failure: Option<NativeFailure>,
}

/// One packing, which can be watched and stopped.
#[napi]
#[derive(Default)]
pub struct Packing {
    monitor: Arc<core::Monitor>,
}

#[napi]
impl Packing {
    /// Nothing is read yet.
    #[napi(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    /// Packs, in a thread of its own.
    #[napi(ts_return_type = "Promise<PackOutcome>")]
    pub fn run<'env>(&self, env: &'env Env, request: PackRequest) -> Result<Object<'env>> {
        type Resolver = Box<dyn FnOnce(Env) -> Result<PackOutcome>>;
        if request.archive < 0 {
            return Err(napi::Error::from_reason("archive is no descriptor"));
        }
        // SAFETY: it is only duplicated, during this call, while the caller holds it open.
        let archive = unsafe { BorrowedFd::borrow_raw(request.archive) };
        let archive = File::from(archive.try_clone_to_owned()?);
        let options = core::PackOptions {
            latest: request.latest,
            compression: match request.compression.as_str() {
                "none" => core::Compression::None,
                "gzip" => core::Compression::Gzip,
                "zstd" => core::Compression::Zstd,
                _ => return Err(napi::Error::from_reason("unknown compression")),
            },
        };
        let monitor = self.monitor.clone();
        let (deferred, promise) = env.create_deferred::<PackOutcome, Resolver>()?;
        std::thread::Builder::new()
            .name("pack".into())
            .spawn(move || {
                let directory = request.directory.as_bytes();
                let result = core::pack(directory, archive, &options, &monitor);
                let outcome = match result {
                    Ok(p) => PackOutcome {
                        packed: Some(NativePacked {
                            entries: p.entries.cast_signed(),
                            written: p.written.cast_signed(),
                            skipped: p.skipped.cast_signed(),
                            sha256: p.sha256,
                            diff_id: p.diff_id,
                        }),
                        failure: None,
                    },
                    Err(failure) => PackOutcome {
                        packed: None,
                        failure: Some(failure.into()),
                    },
                };
                deferred.resolve(Box::new(move |_| Ok(outcome)));
            })?;
        Ok(promise)
    }

    /// Asks it to stop.
    #[napi]
    pub fn cancel(&self) {
        self.monitor.cancel();
    }

    /// Members written so far.
    #[napi]
    pub fn entries(&self) -> i64 {
        self.monitor.entries().cast_signed()
    }
}
