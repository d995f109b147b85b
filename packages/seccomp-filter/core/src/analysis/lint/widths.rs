//! Widths: libseccomp, and so runc, compares whole registers on 64-bit machines, where the kernel reads an `int` from the
//! lower half. Both readings of the profile are compared, so a finding is a call that they answer differently.

use super::{Finding, Severity};
use crate::{
    Policy,
    analysis::{AnalysisError, Subject, diff},
    words,
};

pub(super) fn check(
    kernel: &Policy,
    registers: &Policy,
    findings: &mut Vec<Finding>,
) -> Result<(), AnalysisError> {
    let found = diff(
        &Subject::Policy(kernel.clone()),
        &Subject::Policy(registers.clone()),
        None,
    )?;
    let mut seen: Vec<(&str, bool)> = Vec::new();
    for difference in &found.all {
        let name = difference.name.unwrap_or("a call without a name");
        let opens = difference.b.action.rank() > difference.a.action.rank();
        if seen.contains(&(name, opens)) {
            continue;
        }
        seen.push((name, opens));
        let line = [difference.a.line, difference.b.line]
            .into_iter()
            .find(|&line| line > 0)
            .unwrap_or(0);
        let [a, b] = [&difference.a, &difference.b].map(|side| words::action(side.action));
        let which =
            upper(&difference.witness.args).map_or(String::new(), |i| format!("argument {i} of "));
        findings.push(Finding {
            id: "register-width",
            severity: if opens { Severity::Error } else { Severity::Warning },
            line,
            file: None,
            call: Some(name.to_owned()),
            why: format!(
                "{which}{name} is an int, of which the kernel reads 32 of 64 bits; compared over all 64, as libseccomp does, a call that the policy answers with {a} is answered with {b}"
            ),
            fix: "load it with seccomp-filter, which compares what the kernel reads, or compare with a mask of 32 bits (SCMP_CMP_MASKED_EQ)".to_owned(),
        });
    }
    Ok(())
}

/// The argument with bits set in its upper half.
fn upper(args: &[u64; 6]) -> Option<usize> {
    args.iter().position(|arg| arg >> 32 != 0)
}
