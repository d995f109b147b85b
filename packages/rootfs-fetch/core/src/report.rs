//! What an unpacking did, and what others may see of it while it runs.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// What was made, and every way in which the tree is not what the archive says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Entries of the archive.
    pub entries: u64,
    /// Bytes of the archive as it was read.
    pub read: u64,
    /// Bytes of all regular files.
    pub bytes: u64,
    /// SHA-256 of the archive as it was read, in hexadecimal; empty unless asked for, as the next two.
    pub sha256: String,
    /// SHA-512 of the same.
    pub sha512: String,
    /// SHA-256 of the tar after decompression: OCI's `diff_id`.
    pub diff_id: String,
    /// Devices and FIFOs that were not made.
    pub devices: u64,
    /// Entries whose owner became the caller.
    pub owners: u64,
    /// Set-id bits not set: asked for, or their owner could not be kept.
    pub set_ids: u64,
    /// Extended attributes outside the allow-list, or that the file system cannot hold.
    pub attributes: u64,
    /// Entries that took the place of an earlier one.
    pub replaced: u64,
    /// PAX records of unknown meaning.
    pub records: u64,
    /// Names of lower layers that whiteouts took away.
    pub whiteouts: u64,
}

impl Report {
    /// Adds what was found out when directories got their attributes.
    pub fn add_directories(&mut self, last: &Self) {
        self.owners += last.owners;
        self.set_ids += last.set_ids;
        self.attributes += last.attributes;
    }
}

/// Shared with another thread: how far it is, and the wish to stop.
#[derive(Debug, Default)]
pub struct Monitor {
    cancelled: AtomicBool,
    read: AtomicU64,
    entries: AtomicU64,
}

impl Monitor {
    /// Asks the unpacking to stop at the next block.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Bytes of the archive read so far.
    #[must_use]
    pub fn read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// Entries begun so far.
    #[must_use]
    pub fn entries(&self) -> u64 {
        self.entries.load(Ordering::Relaxed)
    }

    pub(crate) fn cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    pub(crate) fn has_read(&self, bytes: u64) {
        self.read.store(bytes, Ordering::Relaxed);
    }

    pub(crate) fn begun(&self, entries: u64) {
        self.entries.store(entries, Ordering::Relaxed);
    }
}
