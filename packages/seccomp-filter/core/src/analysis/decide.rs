//! What a policy says to one call, and because of which line: the rules are walked as they stand. The program's
//! RETs are shared by all rules, so the line cannot be read from the instruction that was reached.

use crate::{Action, Arch, Condition, Op, Policy, X32_BIT, bpf::Data};

/// Who decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Because {
    /// A rule; its place among the rules of its call.
    Rule(usize),
    /// No rule matched.
    Default,
    /// The number is above all that the policy can have known.
    Newer,
    /// This way into the kernel is not open.
    Closed,
}

/// A verdict and its reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    /// The answer.
    pub action: Action,
    /// Line of the policy's text; 0 where it is not a rule.
    pub line: u32,
    /// Why.
    pub because: Because,
    /// The way in, as far as the policy knows it.
    pub way: Option<Arch>,
}

/// The decision on a call.
#[must_use]
pub fn decide(policy: &Policy, data: &Data) -> Decision {
    let way = way_in(policy, data);
    let open = |arch: &Arch| policy.entries.iter().find(|e| e.arch == *arch);
    let decision = |action, line, because| Decision {
        action,
        line,
        because,
        way,
    };
    let Some(entry) = way.as_ref().and_then(open) else {
        return decision(policy.closed, 0, Because::Closed);
    };
    if entry.arch == Arch::X86_64 && data.nr == u32::MAX {
        return decision(entry.default, 0, Because::Default);
    }
    let rules = entry.calls.get(&data.nr);
    if rules.is_none()
        && let Some((last, action)) = entry.newer
        && data.nr > last
    {
        return decision(action, 0, Because::Newer);
    }
    let rules = rules.map_or(&[][..], Vec::as_slice);
    let matches = |conditions: &[Condition]| conditions.iter().all(|c| holds(c, data.args));
    match rules.iter().position(|rule| matches(&rule.conditions)) {
        Some(index) => decision(rules[index].action, rules[index].line, Because::Rule(index)),
        None => decision(entry.default, 0, Because::Default),
    }
}

/// By the kernel's word for the architecture, and on a PC by the bit of x32.
fn way_in(policy: &Policy, data: &Data) -> Option<Arch> {
    let known = policy
        .entries
        .iter()
        .map(|e| e.arch)
        .chain(Arch::ALL)
        .find(|arch| arch.audit() == data.arch)?;
    let x32 = matches!(known, Arch::X86_64 | Arch::X32);
    // A tracer sets the number to -1 to skip the call; that is no x32 call.
    let number_is_x32 = data.nr >= X32_BIT && data.nr != u32::MAX;
    Some(match x32 {
        true if number_is_x32 => Arch::X32,
        true => Arch::X86_64,
        false => known,
    })
}

/// Whether a condition holds.
#[must_use]
pub fn holds(c: &Condition, args: [u64; 6]) -> bool {
    let arg = args[usize::from(c.arg)] & c.mask;
    match c.op {
        Op::Eq => arg == c.value,
        Op::Ne => arg != c.value,
        Op::Gt => arg > c.value,
        Op::Ge => arg >= c.value,
        Op::Lt => arg < c.value,
        Op::Le => arg <= c.value,
    }
}
