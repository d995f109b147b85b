//! Offsets of a time namespace: written before the first process is in it. It is then entered at once
//! where the kernel lets us: not from a worker that shares its memory with the process it was vforked
//! from (EUSERS). Such a worker enters it when it executes the command, as kernels since 6.2 do it.
//! See time_namespaces(7).

use rustix::fs::{Mode, OFlags, openat};
use rustix::io::Errno;
use serde::Deserialize;
use srcon_step::{Failure, Launch, sys};
use std::{ffi::CStr, fmt::Write, os::fd::AsFd};

/// What is added to the clocks, seconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimeOffsets {
    /// To `CLOCK_MONOTONIC`.
    pub monotonic: Option<i64>,
    /// To `CLOCK_BOOTTIME`.
    pub boottime: Option<i64>,
}

impl TimeOffsets {
    /// As it is written to `/proc/self/timens_offsets`.
    #[must_use]
    pub fn to_text(self) -> String {
        let mut text = String::new();
        for (clock, seconds) in [("monotonic", self.monotonic), ("boottime", self.boottime)] {
            if let Some(seconds) = seconds {
                let _ = writeln!(text, "{clock} {seconds} 0");
            }
        }
        text
    }
}

/// Writes the offsets of the namespace made by `unshare(CLONE_NEWTIME)` and enters it.
///
/// # Errors
/// `ERANGE`: a clock would be negative or too far; `EACCES`: not dumpable; of setns.
pub fn enter(launch: &dyn Launch, offsets: TimeOffsets) -> Result<(), Failure> {
    let text = offsets.to_text();
    if !text.is_empty() {
        let path = "/proc/self/timens_offsets";
        let flags = OFlags::WRONLY | OFlags::CLOEXEC;
        let file = openat(launch.proc(), c"self/timens_offsets", flags, Mode::empty())
            .map_err(|e| Failure::new("openat", e).at(path))?;
        let note = text.trim_end().replace('\n', ", ");
        rustix::io::write(&file, text.as_bytes())
            .map_err(|e| Failure::new("write", e).at(path).note(note))?;
    }
    let flags = OFlags::RDONLY | OFlags::CLOEXEC;
    let path = c"self/ns/time_for_children";
    let namespace = openat(launch.proc(), path, flags, Mode::empty())
        .map_err(|e| Failure::new("openat", e).at("/proc/self/ns/time_for_children"))?;
    match sys::setns(namespace.as_fd(), libc::CLONE_NEWTIME) {
        Err(Errno::USERS) if exec_enters(rustix::system::uname().release()) => Ok(()),
        other => other.map_err(|e| Failure::new("setns", e).note("CLONE_NEWTIME")),
    }
}

/// Whether execve(2) enters the time namespace for children, by the kernel's release. Seen in the
/// callers of `timens_on_fork`: not in 5.19, in 6.2 and later.
fn exec_enters(release: &CStr) -> bool {
    let release = release.to_string_lossy();
    let mut numbers = release
        .split(|c: char| !c.is_ascii_digit())
        .map(|n| n.parse::<u32>().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) >= (6, 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_the_kernels() {
        let both = TimeOffsets {
            monotonic: Some(-5),
            boottime: Some(86400),
        };
        assert_eq!(both.to_text(), "monotonic -5 0\nboottime 86400 0\n");
        assert_eq!(TimeOffsets::default().to_text(), "");
    }

    #[test]
    fn release_of_the_kernel() {
        for (release, enters) in [
            (c"6.2.0", true),
            (c"6.18.44-fc", true),
            (c"7.0", true),
            (c"6.1.112-lts", false),
            (c"5.15.0-1", false),
            (c"", false),
        ] {
            assert_eq!(exec_enters(release), enters, "{release:?}");
        }
    }
}
