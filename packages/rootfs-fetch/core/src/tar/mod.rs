//! A reader of tar archives, bytes in and entries out: ustar, PAX and GNU, see tar(5).
//!
//! Archives of root file systems need what readers written for source code leave out: names that are
//! not UTF-8, extended attributes, sparse files. And an archive that can be understood in two ways is
//! refused, since whoever checked it may have read it the other way.

mod entry;
mod header;
mod number;
mod pax;
mod reader;
mod sparse;

pub(crate) use entry::{Body, Entry};
pub(crate) use reader::Reader;

/// Everything in an archive is padded to this.
pub(crate) const BLOCK: usize = 512;
