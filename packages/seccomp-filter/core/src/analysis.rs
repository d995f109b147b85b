//! What a filter means, exactly: explained for one call, compared, shortened, checked for traps, read back from
//! a program. All of it rests on [`diagram`]: two filters that answer every call alike are one and the same node.

mod decide;
mod decompile;
mod diagram;
mod diff;
mod given;
mod lift;
mod lint;
mod listing;
mod meaning;
mod minimise;
mod path;
pub mod report;
mod set;
mod subject;
mod symbolic;
mod words_in;

pub use decide::{Because, Decision, decide, holds};
pub use decompile::{Decompiled, decompile};
pub use diff::{Difference, Differences, diff};
pub use given::Given;
pub use lint::{Finding, Question, Severity, lint};
pub use listing::{Line, listing};
pub use minimise::{Minimised, drop_idle, minimise};
pub use path::{Path, Step, path};
pub use subject::{Answer, Subject};

use std::fmt;

/// Why something cannot be analysed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnalysisError {
    /// The instruction that it is about, if it is about one.
    pub at: Option<usize>,
    /// One line.
    pub message: String,
}

impl AnalysisError {
    pub(crate) fn program(at: usize, message: &str) -> Self {
        Self {
            at: Some(at),
            message: message.to_owned(),
        }
    }

    pub(crate) fn too_large(message: &str) -> Self {
        Self {
            at: None,
            message: format!("this cannot be compared exactly within bounds: {message}"),
        }
    }
}

impl fmt::Display for AnalysisError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at {
            Some(at) => write!(f, "instruction {at}: {}", self.message),
            None => write!(f, "{}", self.message),
        }
    }
}

impl std::error::Error for AnalysisError {}
