//! The bytes of a file: shared, or copied around its holes.

use super::{Method, changed};
use crate::failure::{Failure, Kind, system};
use crate::report::Monitor;
use rustix::fs::{SeekFrom, copy_file_range, ftruncate, ioctl_ficlone, seek};
use rustix::io::{Errno, pread, pwrite};
use std::os::fd::OwnedFd;

/// Bytes between two looks at whether to stop.
const STRETCH: u64 = 64 << 20;

/// Whether this pair of file systems can, found out with the first file.
pub(super) struct Ways {
    reflink: bool,
    range: bool,
    must: bool,
    buffer: Vec<u8>,
}

impl Ways {
    pub(super) fn new(method: Method) -> Self {
        Self {
            reflink: true,
            range: true,
            must: method == Method::Reflink,
            buffer: Vec::new(),
        }
    }

    /// Fills the empty file `to`; whether it shares the blocks of `from`.
    pub(super) fn fill(
        &mut self,
        from: &OwnedFd,
        to: &OwnedFd,
        size: u64,
        monitor: &Monitor,
    ) -> Result<bool, Failure> {
        if size == 0 {
            return Ok(false);
        }
        if self.reflink {
            match ioctl_ficlone(to, from) {
                Ok(()) => return Ok(true),
                // EINVAL: blocks of another size, or an inline file; EXDEV: another file system.
                Err(
                    e @ (Errno::OPNOTSUPP
                    | Errno::NOTTY
                    | Errno::XDEV
                    | Errno::INVAL
                    | Errno::NOSYS),
                ) => {
                    if self.must {
                        return Err(system("ioctl FICLONE")(e));
                    }
                    self.reflink = e == Errno::INVAL;
                }
                Err(e) => return Err(system("ioctl FICLONE")(e)),
            }
        }
        // First of all its length: holes are what nothing is written to.
        ftruncate(to, size).map_err(system("ftruncate"))?;
        let mut at = 0;
        while at < size {
            let start = match seek(from, SeekFrom::Data(at)) {
                Ok(start) => start,
                Err(Errno::NXIO) => break,
                // A file system that knows no holes.
                Err(Errno::INVAL | Errno::OPNOTSUPP) => at,
                Err(e) => return Err(system("lseek")(e)),
            };
            let end = match seek(from, SeekFrom::Hole(start)) {
                Ok(end) => end.min(size),
                Err(Errno::INVAL | Errno::OPNOTSUPP) => size,
                Err(e) => return Err(system("lseek")(e)),
            };
            self.piece(from, to, start, end, monitor)?;
            at = end;
        }
        Ok(false)
    }

    fn piece(
        &mut self,
        from: &OwnedFd,
        to: &OwnedFd,
        start: u64,
        end: u64,
        monitor: &Monitor,
    ) -> Result<(), Failure> {
        let mut at = start;
        while at < end {
            if monitor.cancelled() {
                return Err(Failure::new(Kind::Cancelled, "cancelled"));
            }
            let want = (end - at).min(STRETCH);
            if self.range {
                let (mut read, mut write) = (at, at);
                match copy_file_range(from, Some(&mut read), to, Some(&mut write), want as usize) {
                    // Some file systems answer so instead of refusing.
                    Ok(0) => {}
                    Ok(n) => {
                        at += n as u64;
                        continue;
                    }
                    Err(Errno::INTR) => continue,
                    Err(
                        Errno::XDEV
                        | Errno::NOSYS
                        | Errno::OPNOTSUPP
                        | Errno::INVAL
                        | Errno::PERM
                        | Errno::IO,
                    ) => self.range = false,
                    Err(e) => return Err(system("copy_file_range")(e)),
                }
            }
            at += self.stretch(from, to, at, want)?;
        }
        Ok(())
    }

    /// By hand, what one buffer holds.
    fn stretch(
        &mut self,
        from: &OwnedFd,
        to: &OwnedFd,
        at: u64,
        want: u64,
    ) -> Result<u64, Failure> {
        self.buffer.resize(1 << 20, 0);
        let most = usize::try_from(want)
            .unwrap_or(usize::MAX)
            .min(self.buffer.len());
        let n = loop {
            match pread(from, &mut self.buffer[..most], at) {
                Err(Errno::INTR) => {}
                other => break other.map_err(system("pread"))?,
            }
        };
        if n == 0 {
            return Err(changed("it shrank while it was copied"));
        }
        let mut written = 0;
        while written < n {
            match pwrite(to, &self.buffer[written..n], at + written as u64) {
                Ok(more) => written += more,
                Err(Errno::INTR) => {}
                Err(e) => return Err(system("pwrite")(e)),
            }
        }
        Ok(n as u64)
    }
}
