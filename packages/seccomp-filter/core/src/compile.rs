//! Policy to program.

use crate::{
    Policy, PolicyError,
    bpf::{Insn, MAX_INSNS},
    emit::emit,
    graph::Graph,
};

/// A compiled policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// What the kernel takes.
    pub insns: Vec<Insn>,
    /// For each instruction the lines of the policy that it was made for: equal tests of different rules are one.
    /// None for what looks at the number only, and for verdicts, which all rules share: whose verdict it is
    /// [`crate::analysis::decide`] says.
    pub lines: Vec<Vec<u32>>,
}

/// Compiles a policy.
///
/// # Errors
/// If it does not fit into the 4096 instructions that the kernel takes.
pub fn compile(policy: &Policy) -> Result<Program, PolicyError> {
    let (graph, root) = Graph::of(policy);
    let (insns, lines) = emit(&graph, root);
    if insns.len() > MAX_INSNS {
        return Err(PolicyError::whole(format!(
            "the policy takes {} instructions, the kernel no more than {MAX_INSNS}",
            insns.len()
        )));
    }
    Ok(Program { insns, lines })
}
