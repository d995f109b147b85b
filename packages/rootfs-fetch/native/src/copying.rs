//! A private copy of a tree, which can be watched and stopped.

use crate::{NativeFailure, thread::in_thread};
use napi::bindgen_prelude::Object;
use napi::{Env, Result};
use napi_derive::napi;
use rootfs_fetch_core as core;
use std::sync::Arc;

/// What to copy.
#[napi(object)]
pub struct CopyRequest {
    /// The tree.
    pub source: String,
    /// Where it is made; in the same directory as the target.
    pub aside: String,
    /// Where it is then; nothing, or an empty directory.
    pub target: String,
    /// The directory of both.
    pub parent: String,
    /// `best`, `reflink` or `hardlink`.
    pub method: String,
}

/// What was copied.
#[napi(object)]
pub struct NativeCopied {
    /// Files, directories and links, without the root.
    pub entries: i64,
    /// Bytes of all regular files, holes included.
    pub bytes: i64,
    /// Files that share their blocks with the original.
    pub reflinked: i64,
    /// Files that are the original's under another name.
    pub linked: i64,
    /// Something was there that a killed process had left.
    pub swept: bool,
}

/// Either of the two.
#[napi(object)]
pub struct CopyOutcome {
    /// What was done.
    pub copied: Option<NativeCopied>,
    /// Why it was not.
    pub failure: Option<NativeFailure>,
}

/// One copying.
#[napi]
#[derive(Default)]
pub struct Copying {
    monitor: Arc<core::Monitor>,
}

#[napi]
impl Copying {
    /// Nothing is read yet.
    #[napi(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    /// Copies, in a thread of its own. What was begun and not ended is taken away.
    #[napi(ts_return_type = "Promise<CopyOutcome>")]
    pub fn run<'env>(&self, env: &'env Env, request: CopyRequest) -> Result<Object<'env>> {
        let method = match request.method.as_str() {
            "best" => core::Method::Best,
            "reflink" => core::Method::Reflink,
            "hardlink" => core::Method::HardLink,
            _ => return Err(napi::Error::from_reason("unknown method")),
        };
        let monitor = self.monitor.clone();
        in_thread(env, "copy", move || {
            match copy(&request, method, &monitor) {
                Ok(copied) => CopyOutcome {
                    copied: Some(copied),
                    failure: None,
                },
                Err(failure) => CopyOutcome {
                    copied: None,
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

    /// Entries begun so far.
    #[napi]
    pub fn entries(&self) -> i64 {
        self.monitor.entries().cast_signed()
    }
}

fn copy(
    request: &CopyRequest,
    method: core::Method,
    monitor: &core::Monitor,
) -> std::result::Result<NativeCopied, core::Failure> {
    let aside = core::Aside::make(request.aside.as_bytes())?;
    let swept = aside.swept();
    match core::copy_tree(request.source.as_bytes(), &aside, method, monitor) {
        Ok(c) => {
            aside.commit(request.target.as_bytes(), request.parent.as_bytes())?;
            Ok(NativeCopied {
                entries: c.entries.cast_signed(),
                bytes: c.bytes.cast_signed(),
                reflinked: c.reflinked.cast_signed(),
                linked: c.linked.cast_signed(),
                swept,
            })
        }
        Err(failure) => {
            aside.discard()?;
            Err(failure)
        }
    }
}
