//! Where the bytes of an archive go: hashed before and after they are compressed.

use crate::failure::{Failure, system};
use rustix::io::Errno;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufWriter, Write};

/// How a tar is compressed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// As gzip -6 does, without time and name in its header.
    Gzip,
    /// As zstd -3 does, with a checksum.
    Zstd,
}

struct Hashed {
    file: BufWriter<File>,
    sum: Sha256,
    written: u64,
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let n = self.file.write(bytes)?;
        self.sum.update(&bytes[..n]);
        self.written += n as u64;
        Ok(n)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

enum Form {
    Plain(Hashed),
    Gzip(flate2::write::GzEncoder<Hashed>),
    Zstd(zstd::Encoder<'static, Hashed>),
}

pub(super) struct Output {
    form: Form,
    tar: Sha256,
}

impl Output {
    pub(super) fn new(file: File, compression: Compression) -> Result<Self, Failure> {
        let to = Hashed {
            file: BufWriter::with_capacity(256 << 10, file),
            sum: Sha256::new(),
            written: 0,
        };
        let form = match compression {
            Compression::None => Form::Plain(to),
            Compression::Gzip => {
                Form::Gzip(flate2::GzBuilder::new().write(to, flate2::Compression::new(6)))
            }
            Compression::Zstd => {
                let mut encoder = zstd::Encoder::new(to, 3).map_err(|e| unwritten(&e))?;
                encoder.include_checksum(true).map_err(|e| unwritten(&e))?;
                Form::Zstd(encoder)
            }
        };
        Ok(Self {
            form,
            tar: Sha256::new(),
        })
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.tar.update(bytes);
        match &mut self.form {
            Form::Plain(to) => to.write_all(bytes),
            Form::Gzip(to) => to.write_all(bytes),
            Form::Zstd(to) => to.write_all(bytes),
        }
        .map_err(|e| unwritten(&e))
    }

    /// Zeros up to a whole block.
    pub(super) fn pad(&mut self, size: u64) -> Result<(), Failure> {
        self.write(&[0; 512][..(512 - size as usize % 512) % 512])
    }

    /// Everything to disk; the sums of the archive and of the tar, and the archive's size.
    pub(super) fn finish(self) -> Result<(String, String, u64), Failure> {
        let mut to = match self.form {
            Form::Plain(to) => to,
            Form::Gzip(to) => to.finish().map_err(|e| unwritten(&e))?,
            Form::Zstd(to) => to.finish().map_err(|e| unwritten(&e))?,
        };
        to.flush().map_err(|e| unwritten(&e))?;
        match rustix::fs::fsync(to.file.get_ref()) {
            // A pipe.
            Ok(()) | Err(Errno::INVAL) => {}
            Err(e) => return Err(system("fsync")(e)),
        }
        Ok((
            hex(&to.sum.finalize()),
            hex(&self.tar.finalize()),
            to.written,
        ))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn unwritten(error: &std::io::Error) -> Failure {
    let errno = error
        .raw_os_error()
        .map_or(Errno::IO, Errno::from_raw_os_error);
    system("write")(errno)
}
