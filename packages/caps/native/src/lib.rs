//! The thin napi-rs layer over caps-core: what /proc does not tell of this process.

#![warn(missing_docs)]

use napi_derive::napi;

/// The securebits of the calling thread; null where a filter forbids asking.
#[napi]
#[must_use]
pub fn securebits() -> Option<u32> {
    caps_core::kernel::securebits().ok()
}
