//! What in a policy works otherwise than its author may think: widths, rules that never decide, calls that do what a
//! ruled call does, ways in that were forgotten. Where a finding is about meaning it is proved, with a call that shows it.

mod rules;
mod twins;
mod ways;
mod widths;

pub(crate) use rules::nearest;

use super::{AnalysisError, Subject, diagram::Diagrams};
use crate::{Policy, oci::Written};
use serde::Serialize;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The policy lets through what it says it forbids, or its meaning is open.
    Error,
    /// It may not be what was meant.
    Warning,
    /// Good to know.
    Note,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Which check, `register-width`.
    pub id: &'static str,
    /// How bad.
    pub severity: Severity,
    /// Line in the text, from 1; 0: the whole.
    pub line: u32,
    /// The text, where it is one that the policy extends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The call that it is about.
    pub call: Option<String>,
    /// What and why, one line.
    pub why: String,
    /// What to do, one line.
    pub fix: String,
}

/// What is looked at.
#[derive(Debug)]
pub struct Question<'a> {
    /// What it means here.
    pub subject: &'a Subject,
    /// The same with whole registers compared, as runc does; of a profile.
    pub registers: Option<&'a Policy>,
    /// The rules of a profile as they are written.
    pub written: &'a [Written],
    /// The machine's own way in.
    pub native: crate::Arch,
}

/// All findings, the worst first, then in the order of lines.
///
/// # Errors
/// If it cannot be analysed within bounds.
pub fn lint(question: &Question<'_>) -> Result<Vec<Finding>, AnalysisError> {
    let mut findings = Vec::new();
    if let Subject::Policy(policy) = question.subject {
        rules::of_policy(policy, question.written, &mut findings)?;
        rules::of_text(policy, question.written, &mut findings);
        if let Some(registers) = question.registers {
            widths::check(policy, registers, &mut findings)?;
        }
    }
    let mut d = Diagrams::new();
    let root = question.subject.diagram(&mut d)?;
    let ways = ways::open(&d, root, question.native)?;
    ways::check(&ways, question, &mut findings);
    for way in &ways {
        twins::check(&mut d, way, question.subject, &mut findings)?;
    }
    findings.sort_by(|a, b| (a.severity, a.line, a.id).cmp(&(b.severity, b.line, b.id)));
    findings.dedup();
    Ok(findings)
}
