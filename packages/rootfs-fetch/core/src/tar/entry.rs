//! One member of an archive, with everything that its headers say of it.

use super::sparse::Map;
use crate::failure::{Failure, damaged};

/// What an entry is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Body {
    /// A regular file; with a map, only these pieces of it are in the archive.
    File {
        size: u64,
        map: Option<Map>,
    },
    Directory,
    Symlink {
        target: Vec<u8>,
    },
    HardLink {
        target: Vec<u8>,
    },
    Character(u32, u32),
    Block(u32, u32),
    Fifo,
}

/// One member of an archive.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) path: Vec<u8>,
    pub(crate) body: Body,
    pub(crate) mode: u32,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) mtime: (i64, u32),
    pub(crate) attributes: Vec<(Vec<u8>, Vec<u8>)>,
    pub(crate) unknown_records: u64,
}

/// A user or group id: of a PAX record, else of the header's field.
pub(crate) fn id(
    record: Option<u64>,
    field: Result<i64, Failure>,
    what: &str,
) -> Result<u32, Failure> {
    let n = record.map_or_else(|| field.map(i128::from), |n| Ok(i128::from(n)))?;
    // The highest id means "leave it" to chown(2).
    u32::try_from(n)
        .ok()
        .filter(|&n| n != u32::MAX)
        .ok_or_else(|| damaged(format!("{what} {n} is no id")))
}
