//! One 512-byte header, as ustar, GNU and the tar of 1979 laid it out.

use super::{BLOCK, number};
use crate::failure::{Failure, damaged};

/// A header whose checksum is right.
pub(crate) struct Header<'b>(&'b [u8; BLOCK]);

impl<'b> Header<'b> {
    /// Both sums that were ever in use are accepted: of unsigned bytes (POSIX) and of signed ones.
    pub(crate) fn new(block: &'b [u8; BLOCK]) -> Result<Self, Failure> {
        let stated = number::field(&block[148..156], "the checksum")?;
        let seen = |i: usize| {
            if (148..156).contains(&i) {
                b' '
            } else {
                block[i]
            }
        };
        let unsigned: i64 = (0..BLOCK).map(|i| i64::from(seen(i))).sum();
        let signed: i64 = (0..BLOCK).map(|i| i64::from(seen(i).cast_signed())).sum();
        if stated == unsigned || stated == signed {
            Ok(Self(block))
        } else {
            Err(damaged("wrong checksum of a header"))
        }
    }

    pub(crate) fn block(&self) -> &'b [u8; BLOCK] {
        self.0
    }

    pub(crate) fn type_flag(&self) -> u8 {
        self.0[156]
    }

    /// The name, with the prefix that only POSIX ustar has: GNU keeps other things there.
    pub(crate) fn path(&self) -> Vec<u8> {
        let name = text(&self.0[0..100]);
        let prefix = if self.0[257..263] == *b"ustar\0" {
            text(&self.0[345..500])
        } else {
            b""
        };
        if prefix.is_empty() {
            name.to_vec()
        } else {
            [prefix, b"/", name].concat()
        }
    }

    pub(crate) fn link(&self) -> Vec<u8> {
        text(&self.0[157..257]).to_vec()
    }

    /// Permission bits and set-id bits; some writers put the file's type above them.
    pub(crate) fn mode(&self) -> Result<u32, Failure> {
        Ok((number::field(&self.0[100..108], "mode")? & 0o7777) as u32)
    }

    pub(crate) fn uid(&self) -> Result<i64, Failure> {
        number::field(&self.0[108..116], "uid")
    }

    pub(crate) fn gid(&self) -> Result<i64, Failure> {
        number::field(&self.0[116..124], "gid")
    }

    pub(crate) fn size(&self) -> Result<u64, Failure> {
        u64::try_from(number::field(&self.0[124..136], "size")?)
            .map_err(|_| damaged("negative size"))
    }

    pub(crate) fn mtime(&self) -> Result<i64, Failure> {
        number::field(&self.0[136..148], "mtime")
    }

    pub(crate) fn device(&self) -> Result<(u32, u32), Failure> {
        let half = |at: std::ops::Range<usize>| {
            u32::try_from(number::field(&self.0[at], "device number")?)
                .map_err(|_| damaged("no device number"))
        };
        Ok((half(329..337)?, half(337..345)?))
    }
}

/// Up to the first NUL.
fn text(field: &[u8]) -> &[u8] {
    &field[..field.iter().position(|&b| b == 0).unwrap_or(field.len())]
}
