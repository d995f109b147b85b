//! The bytes of an archive: counted, hashed as they lie on disk, decompressed if they are gzip, and
//! stopped at the limits. The hash covers what was *parsed*: a file that is changed between its
//! verification and its unpacking is found out by its sum.

use crate::failure::{Failure, Kind, over, system};
use crate::limits::Limits;
use crate::report::Monitor;
use flate2::bufread::MultiGzDecoder;
use rustix::io::Errno;
use sha2::{Digest, Sha512};
use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Read};

/// Formats that are recognised only to say what to do with them.
const OTHERS: [(&[u8], &str, &str); 4] = [
    (b"\xfd7zXZ\0", "xz", "xz -dc"),
    (b"\x28\xb5\x2f\xfd", "zstd", "zstd -dc"),
    (b"BZh", "bzip2", "bzip2 -dc"),
    (b"PK\x03\x04", "zip", "unzip"),
];

struct Hashed {
    file: File,
    sum: Sha512,
    read: u64,
}

impl Read for Hashed {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let n = self.file.read(buffer)?;
        self.sum.update(&buffer[..n]);
        self.read += n as u64;
        Ok(n)
    }
}

enum Form {
    Plain(Box<BufReader<Hashed>>),
    Gzip(Box<MultiGzDecoder<BufReader<Hashed>>>),
}

/// The bytes of a tar archive.
pub(crate) struct Input<'a> {
    form: Form,
    out: u64,
    limits: &'a Limits,
    monitor: &'a Monitor,
}

impl<'a> Input<'a> {
    pub(crate) fn open(
        file: File,
        limits: &'a Limits,
        monitor: &'a Monitor,
    ) -> Result<Self, Failure> {
        let mut raw = BufReader::with_capacity(
            128 << 10,
            Hashed {
                file,
                sum: Sha512::new(),
                read: 0,
            },
        );
        let start = raw.fill_buf().map_err(|e| unreadable(&e))?;
        if start.is_empty() {
            return Err(Failure::new(Kind::Truncated, "the archive is empty"));
        }
        if let Some((_, format, tool)) = OTHERS.iter().find(|(magic, ..)| start.starts_with(magic))
        {
            return Err(Failure::new(
                Kind::Unsupported,
                format!("{format} is not read here; unpack it first with {tool}"),
            ));
        }
        let form = if start.starts_with(b"\x1f\x8b") {
            Form::Gzip(Box::new(MultiGzDecoder::new(raw)))
        } else {
            Form::Plain(Box::new(raw))
        };
        Ok(Self {
            form,
            out: 0,
            limits,
            monitor,
        })
    }

    fn raw(&self) -> &Hashed {
        match &self.form {
            Form::Plain(raw) => raw.get_ref(),
            Form::Gzip(gzip) => gzip.get_ref().get_ref(),
        }
    }

    /// Bytes taken from the file.
    pub(crate) fn taken(&self) -> u64 {
        self.raw().read
    }

    /// Reads what there is, 0 at the end; never more than the limits allow.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Failure> {
        let n = loop {
            if self.monitor.cancelled() {
                return Err(Failure::new(Kind::Cancelled, "cancelled"));
            }
            let got = match &mut self.form {
                Form::Plain(raw) => raw.read(buffer),
                Form::Gzip(gzip) => gzip.read(buffer),
            };
            match got {
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Err(unreadable(&e)),
                Ok(n) => break n,
            }
        };
        let taken = self.taken();
        self.out += n as u64;
        self.monitor.has_read(taken);
        if self.out > self.limits.bytes {
            return Err(over(format!("more than {} bytes", self.limits.bytes)));
        }
        if self.out > self.limits.ratio_from && self.out / taken.max(1) >= self.limits.ratio {
            return Err(over(format!(
                "swells more than {} times when decompressed",
                self.limits.ratio
            )));
        }
        Ok(n)
    }

    /// Fills the buffer, or says how much there was before the end.
    pub(crate) fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, Failure> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.read(&mut buffer[filled..])? {
                0 => break,
                n => filled += n,
            }
        }
        Ok(filled)
    }

    /// SHA-512 of all that was taken, in hexadecimal, and how much that was.
    pub(crate) fn sum(&self) -> (String, u64) {
        let raw = self.raw();
        let hex = raw
            .sum
            .clone()
            .finalize()
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect();
        (hex, raw.read)
    }
}

/// flate2 tells damage by the error's kind; everything with a number is the kernel's.
fn unreadable(error: &std::io::Error) -> Failure {
    if let Some(number) = error.raw_os_error() {
        return system("read")(Errno::from_raw_os_error(number));
    }
    match error.kind() {
        ErrorKind::UnexpectedEof => Failure::new(Kind::Truncated, "the gzip stream ends too early"),
        _ => Failure::new(
            Kind::Damaged,
            format!("the gzip stream is damaged: {error}"),
        ),
    }
}
