//! Why an archive was not unpacked. Kinds are few, because a caller acts on them: another mirror for
//! a damaged file, another limit for a large one, and nothing at all for a hostile one.

use crate::name::printable;
use rustix::io::Errno;
use std::fmt;

/// What sort of failure it is; [`Kind::code`] is its name in errors and JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The bytes are no valid archive.
    Damaged,
    /// The archive ends too early.
    Truncated,
    /// An entry would leave the target, or says two things at once.
    Unsafe,
    /// A kind of archive or entry that is not known here.
    Unsupported,
    /// More than the limits allow.
    Limit,
    /// Another process is at it.
    Busy,
    /// The caller gave up.
    Cancelled,
    /// The kernel refused; `errno` says how.
    System,
}

impl Kind {
    /// The name that errors carry.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Damaged => "E_ARCHIVE_DAMAGED",
            Self::Truncated => "E_ARCHIVE_TRUNCATED",
            Self::Unsafe => "E_ARCHIVE_UNSAFE",
            Self::Unsupported => "E_ARCHIVE_UNSUPPORTED",
            Self::Limit => "E_ARCHIVE_LIMIT",
            Self::Busy => "E_BUSY",
            Self::Cancelled => "E_CANCELLED",
            Self::System => "E_SYSTEM",
        }
    }
}

/// An archive was not unpacked. What is in the target is incomplete and must go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What sort.
    pub kind: Kind,
    /// One line, without the entry's name.
    pub message: String,
    /// The entry, escaped so that a terminal can show it; empty where none is concerned.
    pub entry: String,
    /// The system call, where one failed.
    pub syscall: &'static str,
    /// Its error number, else 0.
    pub errno: i32,
}

impl Failure {
    /// A failure that no system call is behind.
    #[must_use]
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            entry: String::new(),
            syscall: "",
            errno: 0,
        }
    }

    /// A system call failed.
    #[must_use]
    pub fn system(syscall: &'static str, errno: Errno) -> Self {
        let errno = errno.raw_os_error();
        let message = std::io::Error::from_raw_os_error(errno).to_string();
        Self {
            kind: Kind::System,
            message,
            entry: String::new(),
            syscall,
            errno,
        }
    }

    /// The same, about this entry, unless it names one already.
    #[must_use]
    pub fn at(mut self, entry: &[u8]) -> Self {
        if self.entry.is_empty() {
            self.entry = printable(entry);
        }
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.entry.is_empty() {
            write!(f, "{}: ", self.entry)?;
        }
        write!(f, "{}", self.message)?;
        if !self.syscall.is_empty() {
            write!(f, " ({})", self.syscall)?;
        }
        Ok(())
    }
}

impl std::error::Error for Failure {}

/// `.map_err(system("mkdirat"))`.
pub(crate) fn system(syscall: &'static str) -> impl Fn(Errno) -> Failure {
    move |errno| Failure::system(syscall, errno)
}

pub(crate) fn damaged(message: impl Into<String>) -> Failure {
    Failure::new(Kind::Damaged, message)
}

pub(crate) fn refused(message: impl Into<String>) -> Failure {
    Failure::new(Kind::Unsafe, message)
}

pub(crate) fn over(message: impl Into<String>) -> Failure {
    Failure::new(Kind::Limit, message)
}
