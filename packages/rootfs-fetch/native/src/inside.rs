//! A file of a tree that nobody vouches for.

use crate::NativeFailure;
use napi::bindgen_prelude::Buffer;
use napi_derive::napi;
use rootfs_fetch_core as core;

/// A small file of a tree.
#[napi(object)]
pub struct InsideOutcome {
    /// Its beginning; absent where there is no regular file.
    pub bytes: Option<Buffer>,
    /// Why it could not be read.
    pub failure: Option<NativeFailure>,
}

/// The first `limit` bytes of a regular file inside a tree, as if that were `/`.
#[napi]
pub fn read_inside(root: String, path: String, limit: u32) -> InsideOutcome {
    match core::read_inside(root.as_bytes(), path.as_bytes(), u64::from(limit)) {
        Ok(bytes) => InsideOutcome {
            bytes: bytes.map(Buffer::from),
            failure: None,
        },
        Err(failure) => InsideOutcome {
            bytes: None,
            failure: Some(failure.into()),
        },
    }
}
