//! The diagram of a policy, straight from its rules and not by way of the compiler: so the two can be proved to
//! agree (`diagram(compile(policy)) == diagram(policy)`, for all calls at once).

use super::{
    AnalysisError,
    diagram::{Diagrams, Id, NO, YES, bit},
};
use crate::{Action, Arch, Condition, Entry, Op, Policy, Rule, X32_BIT};

/// Offsets in `seccomp_data`.
pub(crate) const NUMBER: u32 = 0;
pub(crate) const ARCH: u32 = 4;

/// What stands at the ends of a diagram: the kernel's value of the answer, or who gave it.
pub(crate) trait Ends {
    /// A rule's answer; `index` is its place among the rules of its call.
    fn rule(&mut self, arch: Arch, number: u32, index: usize, rule: &Rule) -> u32;
    /// Any other answer: the default, that for newer numbers, that for closed ways in.
    fn other(&mut self, arch: Option<Arch>, action: Action) -> u32;
}

/// The kernel's values.
pub(crate) struct Values;

impl Ends for Values {
    fn rule(&mut self, _: Arch, _: u32, _: usize, rule: &Rule) -> u32 {
        rule.action.value()
    }
    fn other(&mut self, _: Option<Arch>, action: Action) -> u32 {
        action.value()
    }
}

/// The diagram of a policy.
///
/// # Errors
/// If its conditions depend on each other in too many ways.
pub(crate) fn diagram(
    d: &mut Diagrams,
    policy: &Policy,
    ends: &mut impl Ends,
) -> Result<Id, AnalysisError> {
    let closed = ends.other(None, policy.closed);
    let closed = d.end(closed);
    let mut ways = vec![(0, closed)];
    for entry in policy.entries.iter().filter(|e| e.arch != Arch::X32) {
        let mut runs = Vec::new();
        runs_of(d, entry, 0, ends, &mut runs)?;
        if entry.arch == Arch::X86_64 {
            runs.retain(|run| run.0 < X32_BIT);
            match policy.entries.iter().find(|e| e.arch == Arch::X32) {
                Some(x32) => runs_of(d, x32, X32_BIT, ends, &mut runs)?,
                None => runs.push((X32_BIT, closed)),
            }
            // A tracer sets the number to -1 to skip the call; that is no x32 call.
            runs.retain(|run| run.0 != u32::MAX);
            let default = ends.other(Some(entry.arch), entry.default);
            runs.push((u32::MAX, d.end(default)));
        }
        let calls = d.by_word(NUMBER, &runs);
        ways.push((entry.arch.audit(), calls));
        ways.push((entry.arch.audit() + 1, closed));
    }
    ways.sort_by_key(|way| way.0);
    d.check()?;
    Ok(d.by_word(ARCH, &ways))
}

/// The numbers of one way in, from `start` on, as runs.
fn runs_of(
    d: &mut Diagrams,
    entry: &Entry,
    start: u32,
    ends: &mut impl Ends,
    runs: &mut Vec<(u32, Id)>,
) -> Result<(), AnalysisError> {
    let default = ends.other(Some(entry.arch), entry.default);
    let default = d.end(default);
    let newer = entry.newer.map(|(last, action)| {
        let value = ends.other(Some(entry.arch), action);
        (last, d.end(value))
    });
    let unnamed = |number: u32| match newer {
        Some((last, node)) if number > last => node,
        _ => default,
    };
    let mut push = |number: u32, node: Id| {
        if runs.last().is_some_and(|run| run.0 == number) {
            runs.pop();
        }
        runs.push((number, node));
    };
    // Where what is unnamed turns from the default to "newer"; numbers beyond may be named yet.
    let mut turn = newer.and_then(|(last, _)| last.checked_add(1));
    push(start, unnamed(start));
    for (&number, rules) in &entry.calls {
        if let Some(at) = turn.filter(|&at| at <= number) {
            push(at, unnamed(at));
            turn = None;
        }
        push(number, call(d, entry.arch, number, rules, default, ends)?);
        if let Some(next) = number.checked_add(1) {
            push(next, unnamed(next));
        }
    }
    if let Some(at) = turn {
        push(at, unnamed(at));
    }
    Ok(())
}

/// The decision of one call's rules: the first that matches.
pub(crate) fn call(
    d: &mut Diagrams,
    arch: Arch,
    number: u32,
    rules: &[Rule],
    default: Id,
    ends: &mut impl Ends,
) -> Result<Id, AnalysisError> {
    let mut next = default;
    for (index, rule) in rules.iter().enumerate().rev() {
        let value = ends.rule(arch, number, index, rule);
        let yes = d.end(value);
        let when = all(d, arch, &rule.conditions);
        next = d.choose(when, yes, next);
        d.check()?;
    }
    Ok(next)
}

/// When all conditions hold.
pub(crate) fn all(d: &mut Diagrams, arch: Arch, conditions: &[Condition]) -> Id {
    let mut when = YES;
    for c in conditions {
        let this = condition(d, arch, c);
        when = d.and(when, this);
    }
    when
}

/// When one condition holds.
pub(crate) fn condition(d: &mut Diagrams, arch: Arch, c: &Condition) -> Id {
    let bits: Vec<Id> = (0..64)
        .map(|i| match c.mask >> i & 1 {
            1 => d.is_set(argument_bit(arch, c.arg, i)),
            _ => NO,
        })
        .collect();
    match c.op {
        Op::Eq => d.equal(&bits, c.value),
        Op::Gt => d.greater(&bits, c.value, false),
        Op::Ge => d.greater(&bits, c.value, true),
        Op::Ne => {
            let equal = d.equal(&bits, c.value);
            d.not(equal)
        }
        Op::Lt => {
            let at_least = d.greater(&bits, c.value, true);
            d.not(at_least)
        }
        Op::Le => {
            let above = d.greater(&bits, c.value, false);
            d.not(above)
        }
    }
}

/// The variable of one bit of an argument.
pub(crate) fn argument_bit(arch: Arch, arg: u8, i: u32) -> u16 {
    bit(word_of(arch, arg, i >= 32), i % 32)
}

/// Offset of an argument's upper or lower half.
pub(crate) fn word_of(arch: Arch, arg: u8, upper: bool) -> u32 {
    16 + 8 * u32::from(arg) + 4 * u32::from(upper != big_endian(arch))
}

/// Whether the upper half of an argument comes first.
pub(crate) const fn big_endian(arch: Arch) -> bool {
    arch.is_big_endian()
}
