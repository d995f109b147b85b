//! A tree as a tar archive that is the same whenever it is made: names in order of their bytes, owners as
//! numbers, times no later than asked for, no names of users, no access times. PAX records say what a
//! ustar header cannot. See tar(5); for the clamp, the specification of SOURCE_DATE_EPOCH.

mod header;
mod output;
mod walk;

pub use output::Compression;

use crate::failure::{Failure, system};
use crate::report::Monitor;
use output::Output;
use rustix::fs::{CWD, Mode, OFlags, openat};
use std::fs::File;
use std::sync::Arc;

/// How to pack.
#[derive(Debug, Clone, Default)]
pub struct PackOptions {
    /// Seconds since 1970: later times become this one.
    pub latest: Option<i64>,
    /// How the tar is compressed.
    pub compression: Compression,
}

/// What was packed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Packed {
    /// Members of the archive.
    pub entries: u64,
    /// Bytes of the archive.
    pub written: u64,
    /// Sockets, which tar has no word for.
    pub skipped: u64,
    /// SHA-256 of the archive, in hexadecimal.
    pub sha256: String,
    /// SHA-256 of the tar before compression: OCI's `diff_id`.
    pub diff_id: String,
}

/// Packs what is in the directory into `archive`.
///
/// # Errors
/// If something cannot be read, changes meanwhile, or cannot be written. What was written then must go.
pub fn pack(
    directory: &[u8],
    archive: File,
    options: &PackOptions,
    monitor: &Arc<Monitor>,
) -> Result<Packed, Failure> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let root = openat(CWD, directory, flags, Mode::empty())
        .map_err(|e| system("openat")(e).at(directory))?;
    let mut packer =
        walk::Packer::new(Output::new(archive, options.compression)?, options, monitor);
    packer.directory(&root, &[])?;
    let (output, mut packed) = packer.end()?;
    (packed.sha256, packed.diff_id, packed.written) = output.finish()?;
    Ok(packed)
}
