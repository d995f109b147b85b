//! How a step says that it did not work. `errno` stays at the edge; why it happened is probed and
//! said in TypeScript, where the host can be looked at.

use rustix::io::Errno;
use std::fmt;

/// A system call of a step failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Name of the system call, as in its man page (`"mount"`), or of the check (`"verify"`).
    pub syscall: &'static str,
    /// The kernel's error number; 0 where no system call failed but a result was not as asked.
    pub errno: i32,
    /// The file concerned, or empty.
    pub path: String,
    /// What more is known: the value written, what was read back.
    pub note: String,
}

impl Failure {
    /// A failure of `syscall` with the kernel's error.
    #[must_use]
    pub fn new(syscall: &'static str, errno: Errno) -> Self {
        Self {
            syscall,
            errno: errno.raw_os_error(),
            path: String::new(),
            note: String::new(),
        }
    }

    /// A failure of `syscall` with `errno` of the calling thread.
    #[must_use]
    pub fn last(syscall: &'static str) -> Self {
        let errno = std::io::Error::last_os_error().raw_os_error().unwrap_or(0);
        Self {
            syscall,
            errno,
            path: String::new(),
            note: String::new(),
        }
    }

    /// A result that is not what was asked for, though no call failed.
    #[must_use]
    pub fn wrong(note: impl Into<String>) -> Self {
        Self {
            syscall: "verify",
            errno: 0,
            path: String::new(),
            note: note.into(),
        }
    }

    /// The same, about this file.
    #[must_use]
    pub fn at(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// The same, with a note.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.syscall)?;
        if !self.path.is_empty() {
            write!(f, " {}", self.path)?;
        }
        if self.errno != 0 {
            write!(f, ": {}", std::io::Error::from_raw_os_error(self.errno))?;
        }
        if !self.note.is_empty() {
            write!(f, " ({})", self.note)?;
        }
        Ok(())
    }
}

/// `.map_err(fail("mount"))`: an [`Errno`] becomes a [`Failure`] of that call.
pub fn fail(syscall: &'static str) -> impl Fn(Errno) -> Failure {
    move |errno| Failure::new(syscall, errno)
}

/// Text from outside as one line for a terminal: control characters escaped, at most 1,000 characters.
#[must_use]
pub fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len().min(1000));
    for c in text.chars().take(1000) {
        if c.is_control() {
            line.extend(c.escape_default());
        } else {
            line.push(c);
        }
    }
    line
}

/// A plan that is not begun: nothing was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Which step, counted from 0; `None` if the plan as a whole.
    pub step: Option<usize>,
    /// What is refused, one line.
    pub what: String,
    /// Why, one line; may be empty.
    pub why: String,
    /// What to do, one line; may be empty.
    pub fix: String,
}

impl Refusal {
    /// A refusal of the whole plan.
    #[must_use]
    pub fn plan(what: impl Into<String>) -> Self {
        Self {
            step: None,
            what: one_line(&what.into()),
            why: String::new(),
            fix: String::new(),
        }
    }

    /// A refusal of one step.
    #[must_use]
    pub fn step(index: usize, what: impl Into<String>) -> Self {
        Self {
            step: Some(index),
            ..Self::plan(what)
        }
    }

    /// The same, with the reason and the remedy.
    #[must_use]
    pub fn because(mut self, why: &str, fix: &str) -> Self {
        why.clone_into(&mut self.why);
        fix.clone_into(&mut self.fix);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::{Failure, Refusal, one_line};
    use rustix::io::Errno;

    #[test]
    fn a_failure_says_call_file_reason_and_note() {
        let failure = Failure::new("mount", Errno::PERM)
            .at("/proc")
            .note("why not");
        assert_eq!(
            failure.to_string(),
            "mount /proc: Operation not permitted (os error 1) (why not)"
        );
        assert_eq!(Failure::wrong("3, not 4").to_string(), "verify (3, not 4)");
    }

    #[test]
    fn text_of_a_plan_cannot_command_a_terminal() {
        assert_eq!(one_line("a\nb\u{1b}[2J\0é"), "a\\nb\\u{1b}[2J\\u{0}é");
        assert_eq!(one_line(&"é".repeat(5000)).chars().count(), 1000);
        assert_eq!(Refusal::step(3, "\u{1b}c").what, "\\u{1b}c");
    }
}
