//! Answers and rules as the terse form writes them. See docs/policy-language.md.

use crate::{Action, Arch, Condition, Op, Rule, names, table};

/// An answer: `errno EPERM`.
#[must_use]
pub fn action(action: Action) -> String {
    match action {
        Action::KillProcess => "kill-process".to_owned(),
        Action::KillThread => "kill-thread".to_owned(),
        Action::Trap(0) => "trap".to_owned(),
        Action::Trap(data) => format!("trap {data}"),
        Action::Errno(errno) => format!("errno {}", names::errno(errno)),
        Action::Trace(0) => "trace".to_owned(),
        Action::Trace(data) => format!("trace {data}"),
        Action::Log => "log".to_owned(),
        Action::Allow => "allow".to_owned(),
        Action::Notify => "notify".to_owned(),
    }
}

/// A list of conditions, of which all must hold: `domain == AF_UNIX and type & 0xf == 1`.
#[must_use]
pub fn all(arch: Arch, call: Option<&str>, conditions: &[Condition]) -> String {
    let mut tests: Vec<String> = Vec::new();
    let mut rest = conditions;
    while let Some((first, after)) = rest.split_first() {
        // Several values that one argument must not have are one test.
        let alike = |c: &&Condition| {
            c.op == Op::Ne && c.arg == first.arg && c.mask == first.mask && plain(arch, call, c)
        };
        let same = if first.op == Op::Ne {
            rest.iter().take_while(alike).count()
        } else {
            0
        };
        if same > 1 {
            let values: Vec<String> = rest[..same]
                .iter()
                .map(|c| names::value(arch, call, c.arg, c.value))
                .collect();
            tests.push(format!(
                "{} not in {}",
                names::argument(arch, call, first.arg),
                values.join(", ")
            ));
            rest = &rest[same..];
        } else {
            tests.push(test(arch, call, first));
            rest = after;
        }
    }
    tests.join(" and ")
}

/// Alternatives, of which one must hold.
#[must_use]
pub fn any(arch: Arch, call: Option<&str>, alternatives: &[&[Condition]]) -> String {
    let points = |c: &Condition, like: &Condition| {
        c.op == Op::Eq && c.arg == like.arg && c.mask == like.mask && plain(arch, call, c)
    };
    let mut said: Vec<String> = Vec::new();
    let mut rest = alternatives;
    while let Some((first, after)) = rest.split_first() {
        let same = match **first {
            [ref like] => rest
                .iter()
                .take_while(|a| matches!(a, [c] if points(c, like)))
                .count(),
            _ => 0,
        };
        if same > 1 {
            let values: Vec<String> = rest[..same]
                .iter()
                .map(|a| names::value(arch, call, a[0].arg, a[0].value))
                .collect();
            said.push(format!(
                "{} in {}",
                names::argument(arch, call, first[0].arg),
                values.join(", ")
            ));
            rest = &rest[same..];
        } else {
            said.push(all(arch, call, first));
            rest = after;
        }
    }
    said.join(" or ")
}

/// Whether all bits are compared that the kernel reads, and no others.
#[must_use]
pub fn plain(arch: Arch, call: Option<&str>, c: &Condition) -> bool {
    c.mask == read_mask(arch, call, c.arg)
}

/// The bits of an argument that the kernel reads.
#[must_use]
pub fn read_mask(arch: Arch, call: Option<&str>, arg: u8) -> u64 {
    let narrow = if arch.is_32_bit() {
        0xffff_ffff
    } else {
        u64::MAX
    };
    call.and_then(table::find)
        .map_or(narrow, |call| call.read_mask(arch, arg))
}

fn test(arch: Arch, call: Option<&str>, c: &Condition) -> String {
    let op = match c.op {
        Op::Eq => "==",
        Op::Ne => "!=",
        Op::Gt => ">",
        Op::Ge => ">=",
        Op::Lt => "<",
        Op::Le => "<=",
    };
    let arg = names::argument(arch, call, c.arg);
    let value = match c.value {
        // None of these bits, rather than the name that no bits at all may have.
        0 if !plain(arch, call, c) => "0".to_owned(),
        value => names::value(arch, call, c.arg, value),
    };
    // A mask that is wider than what the kernel reads compares bits that no word of this form can name.
    if plain(arch, call, c) || c.mask == u64::MAX {
        format!("{arg} {op} {value}")
    } else {
        format!(
            "{arg} & {} {op} {value}",
            names::value(arch, call, c.arg, c.mask)
        )
    }
}

/// A rule of a call.
#[must_use]
pub fn rule(arch: Arch, name: &str, rule: &Rule) -> String {
    let answer = action(rule.action);
    match &rule.conditions[..] {
        [] => format!("{name}: {answer}"),
        conditions => format!("{name}({}): {answer}", all(arch, Some(name), conditions)),
    }
}
