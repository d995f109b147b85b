//! The thread that reads and decompresses: known by their first bytes, gzip, zstd and xz. What comes out
//! is stopped at the limits here, before anybody takes it.

use super::raw::Raw;
use super::sums::Hashers;
use crate::failure::{Failure, Kind, over, system};
use crate::limits::Limits;
use flate2::bufread::MultiGzDecoder;
use liblzma::bufread::XzDecoder;
use liblzma::stream::{CONCATENATED, Stream};
use rustix::io::Errno;
use std::io::{BufRead, BufReader, ErrorKind, Read};

/// Formats that are recognised only to say what to do with them.
const OTHERS: [(&[u8], &str, &str); 2] = [
    (b"BZh", "bzip2", "bzip2 -dc"),
    (b"PK\x03\x04", "zip", "unzip"),
];

/// Memory of the xz decoder, bytes; its strongest preset needs 65 MiB.
const XZ_MEMORY: u64 = 128 << 20;

/// Largest window of zstd, log2 of bytes: what zstd itself takes unless told more.
const ZSTD_WINDOW: u32 = 27;

/// Bytes read at once.
const BUFFER: usize = 128 << 10;

type Source = BufReader<Raw>;

pub(super) enum Decoder {
    Plain(Box<Source>),
    Gzip(Box<MultiGzDecoder<Source>>),
    Zstd(Box<zstd::Decoder<'static, Source>>),
    Xz(Box<XzDecoder<Source>>),
}

impl Decoder {
    /// Reads the first bytes and decides.
    pub(super) fn open(raw: Raw) -> Result<Self, Failure> {
        let mut source = BufReader::with_capacity(BUFFER, raw);
        // A pipe may bring its first bytes one by one: the magic needs six.
        if source
            .fill_buf()
            .map_err(|e| unreadable("", &e))?
            .is_empty()
        {
            return Err(Failure::new(Kind::Truncated, "the archive is empty"));
        }
        let start = source.buffer();
        if let Some((_, format, tool)) = OTHERS.iter().find(|(magic, ..)| start.starts_with(magic))
        {
            return Err(Failure::new(
                Kind::Unsupported,
                format!("{format} is not read here; unpack it first with {tool}"),
            ));
        }
        if start.starts_with(b"\x1f\x8b") {
            return Ok(Self::Gzip(Box::new(MultiGzDecoder::new(source))));
        }
        if start.starts_with(b"\x28\xb5\x2f\xfd") || is_skippable(start) {
            let mut decoder =
                zstd::Decoder::with_buffer(source).map_err(|e| unreadable("zstd", &e))?;
            decoder
                .window_log_max(ZSTD_WINDOW)
                .map_err(|e| unreadable("zstd", &e))?;
            return Ok(Self::Zstd(Box::new(decoder)));
        }
        if start.starts_with(b"\xfd7zXZ\0") {
            let stream = Stream::new_stream_decoder(XZ_MEMORY, CONCATENATED)
                .map_err(|e| unreadable("xz", &e.into()))?;
            return Ok(Self::Xz(Box::new(XzDecoder::new_stream(source, stream))));
        }
        Ok(Self::Plain(Box::new(source)))
    }

    pub(super) const fn is_plain(&self) -> bool {
        matches!(self, Self::Plain(_))
    }

    /// Of a plain archive, whoever takes the bytes can hash them.
    pub(super) fn forget_sums(&mut self) {
        if let Self::Plain(source) = self {
            source.get_mut().sums = Hashers::default();
        }
    }

    const fn format(&self) -> &'static str {
        match self {
            Self::Plain(_) => "",
            Self::Gzip(_) => "gzip",
            Self::Zstd(_) => "zstd",
            Self::Xz(_) => "xz",
        }
    }

    fn raw(&self) -> &Raw {
        match self {
            Self::Plain(s) => s.get_ref(),
            Self::Gzip(d) => d.get_ref().get_ref(),
            Self::Zstd(d) => d.get_ref().get_ref(),
            Self::Xz(d) => d.get_ref().get_ref(),
        }
    }

    pub(super) fn into_raw(self) -> Raw {
        match self {
            Self::Plain(s) => s.into_inner(),
            Self::Gzip(d) => d.into_inner().into_inner(),
            Self::Zstd(d) => d.finish().into_inner(),
            Self::Xz(d) => d.into_inner().into_inner(),
        }
    }

    /// Fills the buffer as far as there is something; empty at the end. `before`: bytes that came out so far.
    pub(super) fn fill(
        &mut self,
        buffer: &mut Vec<u8>,
        most: usize,
        before: u64,
        limits: &Limits,
    ) -> Result<(), Failure> {
        buffer.resize(most, 0);
        let mut filled = 0;
        while filled < most {
            let rest = &mut buffer[filled..];
            let got = match self {
                Self::Plain(s) => s.read(rest),
                Self::Gzip(d) => d.read(rest),
                Self::Zstd(d) => d.read(rest),
                Self::Xz(d) => d.read(rest),
            };
            match got {
                Err(e) if e.kind() == ErrorKind::Interrupted => continue,
                Err(e) => return Err(unreadable(self.format(), &e)),
                Ok(0) => break,
                Ok(n) => filled += n,
            }
            let (out, taken) = (before + filled as u64, self.raw().taken);
            if out > limits.bytes {
                return Err(over(format!("more than {} bytes", limits.bytes)));
            }
            if out > limits.ratio_from && out / taken.max(1) >= limits.ratio {
                return Err(over(format!(
                    "swells more than {} times when decompressed",
                    limits.ratio
                )));
            }
            // A pipe brings little at a time, and the tree need not wait for more.
            if self.is_plain() && self.raw().waits() {
                break;
            }
        }
        buffer.truncate(filled);
        Ok(())
    }
}

/// A frame of zstd that holds no data, which some writers put first.
fn is_skippable(start: &[u8]) -> bool {
    matches!(start, [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..])
}

/// The libraries tell damage by the error's kind; everything with a number is the kernel's.
fn unreadable(format: &str, error: &std::io::Error) -> Failure {
    if let Some(number) = error.raw_os_error() {
        return system("read")(Errno::from_raw_os_error(number));
    }
    let text = error.to_string();
    match error.kind() {
        ErrorKind::ConnectionAborted => Failure::new(Kind::Cancelled, "cancelled"),
        ErrorKind::UnexpectedEof => Failure::new(
            Kind::Truncated,
            format!("the {format} stream ends too early"),
        ),
        _ if text.contains("too much memory") || text.contains("memory limit") => {
            over(format!("the {format} stream needs too much memory"))
        }
        _ => Failure::new(
            Kind::Damaged,
            format!("the {format} stream is damaged: {text}"),
        ),
    }
}
