//! Offsets of a time namespace: written before the first process is in it, then entered at once, so
//! that neither a fork nor an exec is needed to see them. See time_namespaces(7).

use rustix::fs::{Mode, OFlags, openat};
use serde::Deserialize;
use srcon_step::{Failure, Launch, sys};
use std::{fmt::Write, os::fd::AsFd};

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
    sys::setns(namespace.as_fd(), libc::CLONE_NEWTIME)
        .map_err(|e| Failure::new("setns", e).note("CLONE_NEWTIME"))
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
}
