//! One unpacking of archives into a tree, which can be watched and stopped.

use crate::{
    NativeFailure, NativeReport,
    thread::{duplicate, in_thread},
};
use napi::bindgen_prelude::Object;
use napi::{Env, Result};
use napi_derive::napi;
use rootfs_fetch_core as core;
use std::fs::File;
use std::io::{Seek, SeekFrom};
use std::sync::{Arc, Mutex};

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

    /// Unpacks one archive, in threads of its own: whoever fills a pipe needs one of Node's pool.
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
        unpack(env, move || {
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
        unpack(env, move || {
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

fn unpack(env: &Env, work: impl FnOnce() -> Outcome + Send + 'static) -> Result<Object<'_>> {
    in_thread(env, "unpack", move || outcome(work()))
}

/// A descriptor of its own. A file is read from its beginning.
fn open_archive(fd: i32) -> Result<File> {
    let mut archive = duplicate(fd)?;
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
