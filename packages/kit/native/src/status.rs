//! The status page in memory that the launcher shares with us, and what JavaScript sees of it.

use crate::Failed;
use napi_derive::napi;
use srcon_step::{
    page::{self, Page, Phase},
    sys,
};
use std::{
    os::fd::{AsRawFd, OwnedFd},
    ptr::NonNull,
    sync::atomic::Ordering::{Acquire, Relaxed},
};

/// A page of shared memory.
pub struct Shared(NonNull<Page>);

// SAFETY: all of `Page` is atomics, and text that is read only after its phase says so.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

impl Shared {
    /// Makes one, begun, and the file that the launcher maps.
    pub fn new() -> Result<(Self, OwnedFd), Failed> {
        let fd = sys::memfd(c"srcon-page", false)
            .map_err(|e| Failed::new("memfd_create", e.raw_os_error()))?;
        // SAFETY: no memory is passed.
        if unsafe { libc::ftruncate(fd.as_raw_fd(), page::SIZE as libc::off_t) } != 0 {
            return Err(Failed::last("ftruncate"));
        }
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: a new mapping at an address of the kernel's choice, as long as the file.
        let at = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                page::SIZE,
                protection,
                libc::MAP_SHARED,
                fd.as_raw_fd(),
                0,
            )
        };
        match NonNull::new(at.cast::<Page>()) {
            Some(page) if at != libc::MAP_FAILED => {
                let shared = Self(page);
                shared.page().begin();
                Ok((shared, fd))
            }
            _ => Err(Failed::last("mmap")),
        }
    }

    /// The page.
    pub fn page(&self) -> &Page {
        // SAFETY: mapped until `drop`; every bit pattern is a valid page.
        unsafe { self.0.as_ref() }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // SAFETY: our own mapping of this size; nobody borrows from what is dropped.
        unsafe { libc::munmap(self.0.as_ptr().cast(), page::SIZE) };
    }
}

/// The status page at one moment. Numbers are 0 where they are not known.
#[napi(object)]
pub struct Status {
    /// `died` (nothing recorded yet), `refused`, `failed`, `exec`, `exec-failed`.
    pub phase: String,
    /// Index of the step that was refused or failed; -1: none.
    pub step: i32,
    /// The kernel's error number.
    pub errno: i32,
    /// A failure's call, path and note; a refusal's what, why and fix at 1, 2 and 3.
    pub texts: Vec<String>,
    /// Pid of the process that becomes, or is, the command.
    pub worker: i32,
    /// wait(2) status of the command, where a supervisor or an init has seen it.
    pub status: Option<i32>,
    /// The wall-clock limit ended it.
    pub timed_out: bool,
    /// Processes killed by the group's memory limit.
    pub oom_kills: i64,
    /// Forks refused by the group's limit.
    pub pids_refused: i64,
    /// Highest memory use of the group, bytes.
    pub peak_bytes: i64,
    /// CPU time, microseconds.
    pub cpu_usec: i64,
    /// Most processes in the group.
    pub peak_pids: i64,
    /// Bytes read by the group.
    pub read_bytes: i64,
    /// Bytes written by the group.
    pub written_bytes: i64,
}

impl From<&Page> for Status {
    fn from(page: &Page) -> Self {
        let phase = page.phase();
        let ended = page.ended.load(Acquire) == 1;
        let number =
            |n: &std::sync::atomic::AtomicU64| i64::try_from(n.load(Relaxed)).unwrap_or(i64::MAX);
        Self {
            phase: name(phase).to_owned(),
            step: page.step.load(Relaxed),
            errno: page.errno.load(Relaxed),
            texts: if matches!(phase, Phase::Starting | Phase::Exec) {
                Vec::new()
            } else {
                page.texts().into()
            },
            worker: page.worker.load(Relaxed),
            status: ended.then(|| page.status.load(Relaxed)),
            timed_out: page.timed_out.load(Relaxed) != 0,
            oom_kills: number(&page.oom_kills),
            pids_refused: number(&page.pids_refused),
            peak_bytes: number(&page.peak_bytes),
            cpu_usec: number(&page.cpu_usec),
            peak_pids: number(&page.peak_pids),
            read_bytes: number(&page.read_bytes),
            written_bytes: number(&page.written_bytes),
        }
    }
}

fn name(phase: Phase) -> &'static str {
    match phase {
        Phase::Starting => "died",
        Phase::Refused => "refused",
        Phase::Failed => "failed",
        Phase::Exec => "exec",
        Phase::ExecFailed => "exec-failed",
    }
}
