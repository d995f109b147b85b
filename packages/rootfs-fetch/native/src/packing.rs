//! One packing of a tree, which can be watched and stopped.

use crate::{
    NativeFailure,
    thread::{duplicate, in_thread},
};
use napi::bindgen_prelude::Object;
use napi::{Env, Result};
use napi_derive::napi;
use rootfs_fetch_core as core;
use std::sync::Arc;

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
        let archive = duplicate(request.archive)?;
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
        in_thread(env, "pack", move || {
            let directory = request.directory.as_bytes();
            match core::pack(directory, archive, &options, &monitor) {
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
            }
        })
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
