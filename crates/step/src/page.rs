//! The status page: one page of memory shared by the launcher's roles and, where a library started
//! it, by the caller. Records are stores, not writes, since a system-call filter that is already
//! loaded may refuse `write`. End of file on the `done` pipe says *that* something happened, the
//! page says *what*: end of file alone does not mean that the command was executed.

use crate::{Failure, Refusal};
use std::{
    cell::UnsafeCell,
    sync::atomic::{
        AtomicI32, AtomicU32, AtomicU64,
        Ordering::{Acquire, Relaxed, Release},
    },
};

/// Size of the page, bytes.
pub const SIZE: usize = 4096;
const TEXT: usize = 3072;
const MAGIC: u32 = 0x5352_4331; // "SRC1"

/// How far the start has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Phase {
    /// Nothing is decided yet; with an ended process: it died in set-up.
    Starting = 0,
    /// The plan was refused before its first step.
    Refused = 1,
    /// A step failed.
    Failed = 2,
    /// All steps are done and `execve` of the command was called.
    Exec = 3,
    /// … and failed: `errno` says why.
    ExecFailed = 4,
}

/// The page itself. All fields may be read at any time; a text is valid once `phase` says so.
#[repr(C)]
pub struct Page {
    magic: AtomicU32,
    phase: AtomicU32,
    /// Index of the step that was refused or failed; -1: none.
    pub step: AtomicI32,
    /// The kernel's error number.
    pub errno: AtomicI32,
    /// Pid of the worker, as the caller sees it.
    pub worker: AtomicI32,
    /// Pid of the supervisor or 0.
    pub supervisor: AtomicI32,
    /// Pid of the keeper or 0.
    pub keeper: AtomicI32,
    /// Pid of the init left behind or 0.
    pub init: AtomicI32,
    /// wait(2) status of the command, valid when `ended` is 1.
    pub status: AtomicI32,
    /// 1 when the command has ended and `status` is valid.
    pub ended: AtomicU32,
    /// 1 when the wall-clock limit ended it.
    pub timed_out: AtomicU32,
    /// Processes killed by the memory limit of the transient group.
    pub oom_kills: AtomicU64,
    /// Forks refused by the pids limit of the transient group.
    pub pids_refused: AtomicU64,
    /// Highest memory use of the transient group, bytes.
    pub peak_bytes: AtomicU64,
    /// CPU time: of the transient group, else of the command and its waited children, microseconds.
    pub cpu_usec: AtomicU64,
    /// Highest number of processes in the transient group, 0 = unknown.
    pub peak_pids: AtomicU64,
    /// Bytes read by the transient group.
    pub read_bytes: AtomicU64,
    /// Bytes written by the transient group.
    pub written_bytes: AtomicU64,
    text: UnsafeCell<[u8; TEXT]>,
}

// SAFETY: `text` is written once, by the one role that records, before `phase` is stored with
// Release; readers look at it after an Acquire load of `phase`.
unsafe impl Sync for Page {}

const _: () = assert!(size_of::<Page>() <= SIZE);

impl Page {
    /// Prepares a zeroed page.
    pub fn begin(&self) {
        self.step.store(-1, Relaxed);
        self.magic.store(MAGIC, Release);
    }

    /// Whether [`Page::begin`] has been called on it.
    #[must_use]
    pub fn valid(&self) -> bool {
        self.magic.load(Acquire) == MAGIC
    }

    /// How far it has come.
    #[must_use]
    pub fn phase(&self) -> Phase {
        match self.phase.load(Acquire) {
            1 => Phase::Refused,
            2 => Phase::Failed,
            3 => Phase::Exec,
            4 => Phase::ExecFailed,
            _ => Phase::Starting,
        }
    }

    /// Says that the command is about to be executed.
    pub fn exec(&self) {
        self.phase.store(Phase::Exec as u32, Release);
    }

    /// Records that execve failed, after [`Page::exec`].
    pub fn exec_failed(&self, errno: i32, path: &str, note: &str) {
        self.errno.store(errno, Relaxed);
        self.put_text(&["execve", path, note, ""]);
        self.phase.store(Phase::ExecFailed as u32, Release);
    }

    /// Records the failure of a step; the first record stands.
    pub fn fail(&self, step: usize, failure: &Failure) {
        if self.phase() != Phase::Starting {
            return;
        }
        self.step
            .store(i32::try_from(step).unwrap_or(i32::MAX), Relaxed);
        self.errno.store(failure.errno, Relaxed);
        self.put_text(&[failure.syscall, &failure.path, &failure.note, ""]);
        self.phase.store(Phase::Failed as u32, Release);
    }

    /// Records that the plan is refused.
    pub fn refuse(&self, refusal: &Refusal) {
        let step = refusal
            .step
            .and_then(|s| i32::try_from(s).ok())
            .unwrap_or(-1);
        self.step.store(step, Relaxed);
        self.put_text(&["", &refusal.what, &refusal.why, &refusal.fix]);
        self.phase.store(Phase::Refused as u32, Release);
    }

    /// The four texts of the record: a failure's syscall, path and note; a refusal's what, why and
    /// fix at 1, 2 and 3.
    #[must_use]
    pub fn texts(&self) -> [String; 4] {
        // SAFETY: see `Sync`: after an Acquire load of `phase` nobody writes any more.
        let bytes = unsafe { &*self.text.get() };
        let mut parts = bytes
            .split(|&b| b == 0)
            .map(|p| String::from_utf8_lossy(p).into_owned());
        std::array::from_fn(|_| parts.next().unwrap_or_default())
    }

    fn put_text(&self, texts: &[&str; 4]) {
        // SAFETY: see `Sync`: only the recording role is here, before it stores `phase`.
        let bytes = unsafe { &mut *self.text.get() };
        let mut at = 0;
        for text in texts {
            let room = (TEXT - 1).saturating_sub(at + 3).min(1000);
            for &b in text.as_bytes().iter().take(room) {
                bytes[at] = if b == 0 { b'?' } else { b };
                at += 1;
            }
            bytes[at] = 0;
            at += 1;
        }
    }
}
