//! Sums of an archive while it is read: of its bytes as they lie on disk, and of the tar inside, which
//! is what OCI calls a layer's `diff_id`.

use sha2::{Digest, Sha256, Sha512};
use std::fmt::Write;

/// Which sums are wanted; each costs about as much as reading the bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sums {
    /// SHA-256 of the archive as it lies on disk.
    pub sha256: bool,
    /// SHA-512 of the same.
    pub sha512: bool,
    /// SHA-256 of the tar after decompression.
    pub diff_id: bool,
}

/// The sums that were asked for, in hexadecimal; the others are empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Results {
    pub(crate) sha256: String,
    pub(crate) sha512: String,
    pub(crate) diff_id: String,
}

/// Running sums over one stream of bytes.
#[derive(Default)]
pub(super) struct Hashers {
    sha256: Option<Sha256>,
    sha512: Option<Sha512>,
}

impl Hashers {
    pub(super) fn new(sha256: bool, sha512: bool) -> Self {
        Self {
            sha256: sha256.then(Sha256::new),
            sha512: sha512.then(Sha512::new),
        }
    }

    pub(super) fn is_idle(&self) -> bool {
        self.sha256.is_none() && self.sha512.is_none()
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        if let Some(sum) = &mut self.sha256 {
            sum.update(bytes);
        }
        if let Some(sum) = &mut self.sha512 {
            sum.update(bytes);
        }
    }

    /// SHA-256 and SHA-512; empty where not kept.
    pub(super) fn finish(self) -> (String, String) {
        (
            self.sha256.map(|s| hex(&s.finalize())).unwrap_or_default(),
            self.sha512.map(|s| hex(&s.finalize())).unwrap_or_default(),
        )
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
