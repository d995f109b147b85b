//! Why a policy cannot be compiled, and where in its text.

use std::fmt;

/// A policy that is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyError {
    /// Line in the text, from 1; 0 where it concerns the whole.
    pub line: u32,
    /// Column in the line, from 1; 0 where it concerns the whole line.
    pub column: u32,
    /// What is wrong, one line.
    pub message: String,
}

impl PolicyError {
    /// About the policy as a whole.
    #[must_use]
    pub fn whole(message: impl Into<String>) -> Self {
        Self {
            line: 0,
            column: 0,
            message: message.into(),
        }
    }

    /// The same, in the n-th text of a chain (see `source::place`).
    pub(crate) fn in_file(mut self, file: usize) -> Self {
        self.line = crate::source::mark(file, self.line);
        self
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.line, self.column) {
            (0, _) => write!(f, "{}", self.message),
            (line, 0) => write!(f, "line {line}: {}", self.message),
            (line, column) => write!(f, "line {line}, column {column}: {}", self.message),
        }
    }
}

impl std::error::Error for PolicyError {}

/// Something in a policy that works, but perhaps not as its author thinks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Line in the text, from 1.
    pub line: u32,
    /// One line.
    pub text: String,
}
