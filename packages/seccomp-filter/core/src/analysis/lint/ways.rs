//! The ways into the kernel: that a program looks at the architecture at all, and what becomes of 32-bit programs and x32.

use super::{Finding, Question, Severity};
use crate::{
    Action, Arch, X32_BIT,
    analysis::{
        AnalysisError, Subject,
        diagram::{Diagrams, Id},
        meaning::{ARCH, NUMBER},
    },
};

/// One way in that tells calls apart or lets all through.
pub(super) struct Way {
    pub(super) arch: Arch,
    /// Runs of numbers: first, last, what is decided.
    pub(super) runs: Vec<(u32, u32, Id)>,
    /// The answer to all its calls, if it is one.
    pub(super) constant: Option<Action>,
}

impl Way {
    /// What is decided for a number.
    pub(super) fn of(&self, number: u32) -> Option<Id> {
        let found = self
            .runs
            .iter()
            .find(|(first, last, _)| (*first..=*last).contains(&number));
        found.map(|run| run.2)
    }
}

/// The ways in of a machine.
pub(super) fn open(d: &Diagrams, root: Id, native: Arch) -> Result<Vec<Way>, AnalysisError> {
    let runs = d.runs(ARCH, [root])?;
    let mut ways = Vec::new();
    for arch in Arch::ALL
        .into_iter()
        .filter(|arch| arch.machine() == native.machine())
    {
        let at = runs.partition_point(|run| run.0 <= arch.audit()) - 1;
        let numbers = d.runs(NUMBER, runs[at].1)?;
        let (from, to) = match arch {
            Arch::X32 => (X32_BIT, u32::MAX - 1),
            Arch::X86_64 => (0, X32_BIT - 1),
            _ => (0, u32::MAX),
        };
        let own = numbers.iter().enumerate().map(|(i, &(first, [id]))| {
            let last = numbers.get(i + 1).map_or(u32::MAX, |run| run.0 - 1);
            (first.max(from), last.min(to), id)
        });
        let own: Vec<(u32, u32, Id)> = own.filter(|(first, last, _)| first <= last).collect();
        let constant = match own[..] {
            [(_, _, id)] => d.value(id).map(Action::from_value),
            _ => None,
        };
        ways.push(Way {
            arch,
            runs: own,
            constant,
        });
    }
    ways.sort_by_key(|way| way.arch != native);
    Ok(ways)
}

pub(super) fn check(ways: &[Way], question: &Question<'_>, findings: &mut Vec<Finding>) {
    let native = ways.first().map(|way| &way.runs);
    for way in ways.iter().skip(1) {
        let name = way.arch.name();
        let what = if way.arch == Arch::X32 {
            "calls by x32 numbers"
        } else {
            "32-bit programs"
        };
        let (severity, why, fix) = match way.constant {
            Some(action) if action.permits() => (
                Severity::Error,
                format!(
                    "{what} are not filtered at all: {} for every call",
                    crate::words::action(action)
                ),
                format!("compare the architecture first and close {name}, or give it rules"),
            ),
            Some(action) if is_policy(question) => (
                Severity::Note,
                format!(
                    "{name} is not among the architectures: {what} end by {}",
                    crate::words::action(action)
                ),
                format!("add {name} to the architectures if such programs are to run"),
            ),
            None if native.is_some_and(|native| same_numbers(native, &way.runs)) => (
                Severity::Error,
                format!(
                    "the architecture is not looked at: by {name} other calls have the numbers that are tested"
                ),
                "load the architecture first (offset 4) and close the ways in that are not meant"
                    .to_owned(),
            ),
            _ => continue,
        };
        findings.push(Finding {
            id: "missing-arch",
            severity,
            line: 0,
            file: None,
            call: None,
            why,
            fix,
        });
    }
}

fn is_policy(question: &Question<'_>) -> bool {
    matches!(question.subject, Subject::Policy(_))
}

/// Whether the numbers of one way in are decided as if they were another's.
fn same_numbers(native: &[(u32, u32, Id)], other: &[(u32, u32, Id)]) -> bool {
    native.len() > 1
        && native
            .iter()
            .zip(other)
            .take(native.len() - 1)
            .all(|(a, b)| (a.0, a.2) == (b.0, b.2))
}
