//! What can be analysed: a policy whose rules are known, or a program whoever compiled it.

use super::{
    AnalysisError,
    decide::{Because, decide},
    diagram::{Diagrams, Id},
    meaning::{self, Values},
    symbolic,
};
use crate::{
    Action, Policy,
    bpf::{self, Data, Insn},
};

/// One side of a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// Rules.
    Policy(Policy),
    /// Instructions.
    Program(Vec<Insn>),
}

/// An answer to one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// The answer.
    pub action: Action,
    /// Line of the policy's text; 0 if no rule decides.
    pub line: u32,
    /// Why, of a policy.
    pub because: Option<Because>,
    /// The RET that was reached, of a program.
    pub at: Option<usize>,
}

impl Subject {
    /// What it says to one call.
    #[must_use]
    pub fn answer(&self, data: &Data) -> Answer {
        match self {
            Self::Policy(policy) => {
                let decision = decide(policy, data);
                Answer {
                    action: decision.action,
                    line: decision.line,
                    because: Some(decision.because),
                    at: None,
                }
            }
            Self::Program(program) => {
                let ran = bpf::run(program, data);
                Answer {
                    action: ran.map_or(Action::KillProcess, |(_, v)| Action::from_value(v)),
                    line: 0,
                    because: None,
                    at: ran.map(|(at, _)| at),
                }
            }
        }
    }

    pub(crate) fn diagram(&self, d: &mut Diagrams) -> Result<Id, AnalysisError> {
        match self {
            Self::Policy(policy) => meaning::diagram(d, policy, &mut Values),
            Self::Program(program) => symbolic::diagram(d, program),
        }
    }
}
