//! The archive as it lies on disk or comes through a pipe: counted and hashed. A pipe is waited for in
//! short turns, so that whoever gives up need not wait for the other end. See poll(2).

use super::sums::Hashers;
use crate::report::Monitor;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::fs::File;
use std::io::{Error, ErrorKind, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// How long a cancelled unpacking may go on waiting for a pipe.
const TURN: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 50_000_000,
};

/// Bytes by which all formats are known.
const MAGIC: usize = 6;

pub(super) struct Raw {
    file: File,
    waits: bool,
    monitor: Arc<Monitor>,
    stop: Arc<AtomicBool>,
    pub(super) sums: Hashers,
    pub(super) taken: u64,
}

impl Raw {
    pub(super) fn new(
        file: File,
        sums: Hashers,
        monitor: Arc<Monitor>,
        stop: Arc<AtomicBool>,
    ) -> Self {
        let waits = !file.metadata().is_ok_and(|m| m.is_file());
        Self {
            file,
            waits,
            monitor,
            stop,
            sums,
            taken: 0,
        }
    }

    pub(super) const fn waits(&self) -> bool {
        self.waits
    }

    fn given_up(&self) -> bool {
        self.monitor.cancelled() || self.stop.load(Ordering::Relaxed)
    }

    fn wait(&self) -> std::io::Result<()> {
        loop {
            if self.given_up() {
                return Err(Error::from(ErrorKind::ConnectionAborted));
            }
            if !self.waits {
                return Ok(());
            }
            let mut fds = [PollFd::new(&self.file, PollFlags::IN)];
            match poll(&mut fds, Some(&TURN)) {
                Ok(0) | Err(rustix::io::Errno::INTR) => {}
                Ok(_) => return Ok(()),
                Err(e) => return Err(e.into()),
            }
        }
    }
}

impl Read for Raw {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        // The format is known by its first bytes, so of a pipe those are awaited together.
        let least = if self.waits && self.taken == 0 {
            MAGIC.min(buffer.len())
        } else {
            1
        };
        let mut n = 0;
        while n < least {
            self.wait()?;
            match self.file.read(&mut buffer[n..]) {
                Ok(0) => break,
                Ok(more) => n += more,
                // Interrupted, or a pipe that its maker set to be non-blocking.
                Err(e) if matches!(e.kind(), ErrorKind::Interrupted | ErrorKind::WouldBlock) => {}
                Err(e) => return Err(e),
            }
        }
        self.sums.update(&buffer[..n]);
        self.taken += n as u64;
        self.monitor.has_read(self.taken);
        Ok(n)
    }
}
