//! Rules one by one: which of them ever decide, and those of a profile that come to nothing or contradict each other.

use super::{Finding, Severity};
use crate::{
    Action, Arch, Condition, Narrowed, Policy, Rule,
    analysis::{
        AnalysisError,
        diagram::{Diagrams, Id, NO, YES},
        meaning::{self, Ends},
    },
    names,
    oci::Written,
    table, words,
};
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::{BTreeMap, BTreeSet};

/// Rules by the place in their call.
struct Places;

impl Ends for Places {
    fn rule(&mut self, _: Arch, _: u32, index: usize, _: &Rule) -> u32 {
        u32::try_from(index + 1).unwrap_or(u32::MAX)
    }
    fn other(&mut self, _: Option<Arch>, _: Action) -> u32 {
        0
    }
}

/// How a line stands for a call: it decides somewhere, or why it does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Standing {
    Decides,
    /// As the default, by itself.
    Default,
    /// Rules before it decide all its calls.
    Shadowed,
    /// No call has such arguments.
    Never,
}

/// By line, then by call.
type Standings = BTreeMap<u32, BTreeMap<String, Standing>>;

/// Rules that never decide.
pub(super) fn of_policy(
    policy: &Policy,
    written: &[Written],
    findings: &mut Vec<Finding>,
) -> Result<(), AnalysisError> {
    let mut lines = Standings::new();
    for entry in &policy.entries {
        for (&number, rules) in &entry.calls {
            let name =
                names::call(entry.arch, number).map_or_else(|| number.to_string(), str::to_owned);
            for (rule, standing) in
                rules
                    .iter()
                    .zip(standings(entry.arch, number, rules, entry.default)?)
            {
                let of = lines
                    .entry(rule.line)
                    .or_default()
                    .entry(name.clone())
                    .or_insert(standing);
                *of = standing.min(*of);
            }
        }
    }
    // Those that were left out of the policy already.
    for rule in written {
        for name in &rule.names {
            if let Some(standing) = left_out(policy, rule, name) {
                lines
                    .entry(rule.line)
                    .or_default()
                    .entry(name.clone())
                    .or_insert(standing);
            }
        }
    }
    for (line, calls) in lines {
        for standing in [Standing::Never, Standing::Shadowed, Standing::Default] {
            let of: BTreeSet<&str> = calls
                .iter()
                .filter(|(_, s)| **s == standing)
                .map(|(n, _)| n.as_str())
                .collect();
            if !of.is_empty() {
                findings.push(idle(line, standing, &of, calls.len()));
            }
        }
    }
    Ok(())
}

fn idle(line: u32, standing: Standing, calls: &BTreeSet<&str>, all: usize) -> Finding {
    let some: Vec<&str> = calls.iter().take(4).copied().collect();
    let more = if calls.len() > 4 {
        format!(" and {} more", calls.len() - 4)
    } else {
        String::new()
    };
    let whom = if calls.len() == all && all > 1 {
        "all its calls".to_owned()
    } else {
        format!("{}{more}", some.join(", "))
    };
    let (id, severity, why, fix) = match standing {
        Standing::Never => (
            "never-matches",
            Severity::Warning,
            format!("for {whom} it can never match: no argument has such a value"),
            "correct the value or the mask, or take the rule out",
        ),
        Standing::Shadowed => (
            "shadowed",
            // Of a group an earlier line takes single calls out on purpose.
            if calls.len() < all {
                Severity::Note
            } else {
                Severity::Warning
            },
            format!("for {whom} it never decides: other rules decide all that it matches"),
            "take it out, or put it before them",
        ),
        _ => (
            "equal-to-default",
            Severity::Note,
            format!(
                "for {whom} it says what the default says, so it changes nothing; it takes nothing back that another rule gives"
            ),
            "take it out, or narrow the other rule",
        ),
    };
    Finding {
        id,
        severity,
        line,
        file: None,
        call: (calls.len() == 1).then(|| some.concat()),
        why,
        fix: fix.to_owned(),
    }
}

fn standings(
    arch: Arch,
    number: u32,
    rules: &[Rule],
    default: Action,
) -> Result<Vec<Standing>, AnalysisError> {
    let mut d = Diagrams::new();
    let otherwise = d.end(0);
    let node = meaning::call(&mut d, arch, number, rules, otherwise, &mut Places)?;
    let decide = reached(&d, node);
    let mut all = Vec::with_capacity(rules.len());
    for (i, rule) in rules.iter().enumerate() {
        let when = meaning::all(&mut d, arch, &rule.conditions);
        let last = rules[i..].iter().all(|r| r.action == default);
        all.push(match decide.contains(&u32::try_from(i + 1).unwrap_or(0)) {
            _ if when == NO => Standing::Never,
            true if last => Standing::Default,
            true => Standing::Decides,
            false => Standing::Shadowed,
        });
    }
    Ok(all)
}

fn reached(d: &Diagrams, root: Id) -> FxHashSet<u32> {
    let mut seen = FxHashSet::default();
    let mut ends = FxHashSet::default();
    let mut stack = vec![root];
    while let Some(id) = stack.pop() {
        if !seen.insert(id) {
            continue;
        }
        match d.value(id) {
            Some(value) => drop(ends.insert(value)),
            None => stack.extend([d.node(id).low, d.node(id).high]),
        }
    }
    ends
}

/// Why a written rule is not in the policy for a call; `None` if it is, or the call is nowhere.
fn left_out(policy: &Policy, rule: &Written, name: &str) -> Option<Standing> {
    let call = table::find(name)?;
    let mut standing = None;
    for entry in &policy.entries {
        let Some(number) = call.number(entry.arch) else {
            continue;
        };
        let rules = entry.calls.get(&number).map_or(&[][..], Vec::as_slice);
        if rules.iter().any(|r| r.line == rule.line) {
            return None;
        }
        let read = |c: &Condition| c.narrow(call.read_mask(entry.arch, c.arg));
        let never = rule.conditions.iter().any(|c| read(c) == Narrowed::Never);
        let this = match never {
            true => Standing::Never,
            false if rule.action == entry.default => Standing::Default,
            false => Standing::Shadowed,
        };
        standing = standing.min(Some(this)).or(Some(this));
    }
    standing
}

/// What the form of a profile leaves open, or takes otherwise than it looks.
pub(super) fn of_text(policy: &Policy, written: &[Written], findings: &mut Vec<Finding>) {
    let mut by_name: FxHashMap<&str, Vec<&Written>> = FxHashMap::default();
    let mut last: Option<(&str, u32)> = None;
    let native = policy.entries.first();
    for rule in written {
        repeated(rule, findings);
        for name in &rule.names {
            by_name.entry(name).or_default().push(rule);
            let number = table::find(name).and_then(|call| call.number(native?.arch));
            match (table::find(name), number) {
                (None, _) => findings.push(unknown(rule, name)),
                (Some(_), Some(number)) if last.is_none_or(|(_, most)| number > most) => {
                    last = Some((name, number))
                }
                _ => {}
            }
        }
    }
    for (name, rules) in &by_name {
        contradictions(policy, name, rules, findings);
    }
    let (Some((name, number)), Some(entry)) = (last, native) else {
        return;
    };
    let newer: Vec<&str> = names::calls(entry.arch)
        .iter()
        .filter(|c| c.0 > number && c.0 < 0x000f_0000)
        .map(|c| c.1)
        .collect();
    if !newer.is_empty() {
        let answer = entry.newer.map_or(entry.default, |(_, action)| action);
        findings.push(Finding {
            id: "newer-calls",
            severity: Severity::Note,
            line: 0,
            file: None,
            call: None,
            why: format!(
                "the newest call that it names is {name}; newer ones get {}: {}",
                words::action(answer),
                newer.join(", ")
            ),
            fix: "name those that are to be allowed".to_owned(),
        });
    }
}

fn repeated(rule: &Written, findings: &mut Vec<Finding>) {
    let twice = |c: &Condition| rule.conditions.iter().filter(|o| o.arg == c.arg).count() > 1;
    if let Some(c) = rule.conditions.iter().find(|c| twice(c)) {
        findings.push(Finding {
            id: "repeated-argument",
            severity: Severity::Error,
            line: rule.line,
            file: None,
            call: rule.names.first().cloned(),
            why: format!("argument {} has several conditions: runtimes then take any one of the rule's conditions as enough, not all of them together", c.arg),
            fix: "write a rule for each alternative, or one condition with a mask; the terse form has `and`".to_owned(),
        });
    }
}

fn unknown(rule: &Written, name: &str) -> Finding {
    let near = nearest(name, table::all().iter().map(|call| call.name));
    Finding {
        id: "unknown-call",
        severity: Severity::Warning,
        line: rule.line,
        file: None,
        call: Some(name.to_owned()),
        why: format!("no architecture has a call {name}, so the rule says nothing of it"),
        fix: near.map_or_else(
            || "take the name out".to_owned(),
            |known| format!("did you mean {known}?"),
        ),
    }
}

/// Two rules of one call with other answers for the same arguments; the form has no order.
fn contradictions(policy: &Policy, name: &str, rules: &[&Written], findings: &mut Vec<Finding>) {
    let Some((entry, call)) = policy.entries.first().zip(table::find(name)) else {
        return;
    };
    let mut d = Diagrams::new();
    let sets: Vec<Id> = rules
        .iter()
        .map(|rule| set(&mut d, entry.arch, call, rule))
        .collect();
    for (i, a) in rules.iter().enumerate() {
        for (j, b) in rules.iter().enumerate().skip(i + 1) {
            // A rule without conditions wins in libseccomp, one that says the default is left out: both are no question.
            let open = a.action != b.action
                && [a, b]
                    .iter()
                    .all(|r| r.action != entry.default && !r.conditions.is_empty());
            if open && d.and(sets[i], sets[j]) != NO {
                findings.push(Finding {
                    id: "contradiction",
                    severity: Severity::Error,
                    line: b.line,
                    file: None,
                    call: Some(name.to_owned()),
                    why: format!(
                        "another rule says {} and this one {} to the same arguments; the form has no order, so which holds is the runtime's choice",
 words::action(a.action), words::action(b.action)
                    ),
                    fix: "make their conditions exclude each other".to_owned(),
                });
            }
        }
    }
}

fn set(d: &mut Diagrams, arch: Arch, call: &table::Call, rule: &Written) -> Id {
    rule.conditions.iter().fold(YES, |all, c| {
        let this = match c.narrow(call.read_mask(arch, c.arg)) {
            Narrowed::Test(test) => meaning::condition(d, arch, &test),
            Narrowed::Always => YES,
            Narrowed::Never => NO,
        };
        d.and(all, this)
    })
}

/// The name that was perhaps meant.
pub(crate) fn nearest<'a>(word: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let near = names.map(|name| (distance(word, name), name)).min();
    near.filter(|(distance, _)| *distance <= 2)
        .map(|(_, name)| name)
}

/// How many letters to change, add or take out.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut corner = std::mem::replace(&mut row[0], i + 1);
        for (j, &y) in b.iter().enumerate() {
            let best = (corner + usize::from(x != y))
                .min(row[j] + 1)
                .min(row[j + 1] + 1);
            corner = std::mem::replace(&mut row[j + 1], best);
        }
    }
    row[b.len()]
}
