//! The bytes of an archive, in chunks that go round between three threads: one reads and decompresses,
//! the caller's makes the tree, and where the tar itself is hashed, a third does that with the chunks
//! the caller is done with. There are a few chunks and no more, so memory does not grow with the archive.
//! The sums cover what was *parsed*: a file that is changed between its verification and its unpacking
//! is found out by its sum.

mod decode;
mod raw;
mod sums;

pub(crate) use sums::Results;
pub use sums::Sums;

use crate::failure::{Failure, Kind};
use crate::limits::Limits;
use crate::report::Monitor;
use decode::Decoder;
use raw::Raw;
use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use sums::Hashers;

/// Bytes of a chunk: one write(2) for most files, and few of them stay in the processor's cache.
const CHUNK: usize = 256 << 10;
const CHUNKS: usize = 8;

type Chunk = Result<Vec<u8>, Failure>;

/// The bytes of a tar archive.
pub(crate) struct Input {
    chunks: Receiver<Chunk>,
    /// Where chunks go when they are done with: to be hashed, or at once back to the decoder.
    done: Option<Sender<Vec<u8>>>,
    decoder: Option<JoinHandle<Raw>>,
    hasher: Option<JoinHandle<Hashers>>,
    stop: Arc<AtomicBool>,
    chunk: Vec<u8>,
    at: usize,
    wanted: Sums,
    plain: bool,
    ended: bool,
}

impl Input {
    pub(crate) fn open(
        file: File,
        wanted: Sums,
        limits: &Limits,
        monitor: &Arc<Monitor>,
    ) -> Result<Self, Failure> {
        let stop = Arc::new(AtomicBool::new(false));
        let sums = Hashers::new(wanted.sha256, wanted.sha512);
        let raw = Raw::new(file, sums, monitor.clone(), stop.clone());
        let mut decoder = Decoder::open(raw)?;
        let plain = decoder.is_plain();
        // Of a plain archive, all sums are over the same bytes, and the decoder has none to make.
        let hashers = if plain {
            decoder.forget_sums();
            Hashers::new(wanted.sha256 || wanted.diff_id, wanted.sha512)
        } else {
            Hashers::new(wanted.diff_id, false)
        };
        let (full, chunks) = channel::<Chunk>();
        let (back, free) = channel::<Vec<u8>>();
        for _ in 0..CHUNKS {
            // The other end is alive in this function.
            let _ = back.send(Vec::with_capacity(CHUNK));
        }
        let (done, hasher) = if hashers.is_idle() {
            (back, None)
        } else {
            let (done, used) = channel::<Vec<u8>>();
            (done, Some(std::thread::spawn(|| hash(hashers, used, back))))
        };
        let limits = limits.clone();
        let decoder = std::thread::spawn(move || decode(decoder, &limits, &full, &free));
        Ok(Self {
            chunks,
            done: Some(done),
            decoder: Some(decoder),
            hasher,
            stop,
            chunk: Vec::new(),
            at: 0,
            wanted,
            plain,
            ended: false,
        })
    }

    /// What there is to read; empty at the end.
    pub(crate) fn available(&mut self) -> Result<&[u8], Failure> {
        while self.at == self.chunk.len() && !self.ended {
            self.at = 0;
            let used = std::mem::take(&mut self.chunk);
            if used.capacity() > 0
                && let Some(done) = &self.done
            {
                // Who would take it has failed, which the next chunk will say.
                let _ = done.send(used);
            }
            match self.chunks.recv() {
                Ok(Ok(chunk)) if chunk.is_empty() => self.ended = true,
                Ok(Ok(chunk)) => self.chunk = chunk,
                Ok(Err(failure)) => return Err(failure),
                Err(_) => return Err(Failure::new(Kind::Cancelled, "the decoder is gone")),
            }
        }
        Ok(&self.chunk[self.at..])
    }

    /// So many of the available bytes are read.
    pub(crate) fn consume(&mut self, n: usize) {
        self.at += n;
    }

    /// Fills the buffer, or says how much there was before the end.
    pub(crate) fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, Failure> {
        let mut filled = 0;
        while filled < buffer.len() {
            let there = self.available()?;
            if there.is_empty() {
                break;
            }
            let n = there.len().min(buffer.len() - filled);
            buffer[filled..filled + n].copy_from_slice(&there[..n]);
            self.consume(n);
            filled += n;
        }
        Ok(filled)
    }

    /// After the end: the sums, and how many bytes were taken from the file.
    pub(crate) fn finish(mut self) -> (Results, u64) {
        self.done = None;
        let mut sums = Results::default();
        let of_tar = self.hasher.take().and_then(|h| h.join().ok());
        let raw = self.decoder.take().and_then(|d| d.join().ok());
        let taken = raw.as_ref().map_or(0, |raw| raw.taken);
        if let Some(of_tar) = of_tar {
            let (sha256, sha512) = of_tar.finish();
            if self.wanted.diff_id {
                sums.diff_id.clone_from(&sha256);
            }
            if self.plain {
                sums.sha512 = sha512;
                if self.wanted.sha256 {
                    sums.sha256 = sha256;
                }
            }
        }
        if let Some(raw) = raw
            && !self.plain
        {
            (sums.sha256, sums.sha512) = raw.sums.finish();
        }
        (sums, taken)
    }
}

impl Drop for Input {
    /// Whoever gives up waits for the threads: they hold the archive.
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.done = None;
        let (_, nothing) = channel();
        self.chunks = nothing;
        self.hasher.take().map(JoinHandle::join);
        self.decoder.take().map(JoinHandle::join);
    }
}

/// An empty chunk is the end.
fn decode(
    mut decoder: Decoder,
    limits: &Limits,
    full: &Sender<Chunk>,
    free: &Receiver<Vec<u8>>,
) -> Raw {
    let mut out = 0;
    while let Ok(mut chunk) = free.recv() {
        let filled = decoder.fill(&mut chunk, CHUNK, out, limits);
        out += chunk.len() as u64;
        let last = filled.is_err() || chunk.is_empty();
        if full.send(filled.map(|()| chunk)).is_err() || last {
            break;
        }
    }
    decoder.into_raw()
}

fn hash(mut hashers: Hashers, used: Receiver<Vec<u8>>, back: Sender<Vec<u8>>) -> Hashers {
    for chunk in used {
        hashers.update(&chunk);
        // The decoder may be done already.
        let _ = back.send(chunk);
    }
    hashers
}
