//! A policy as text in the terse form, whatever form it was read from. See docs/policy-language.md.

use crate::{Action, Condition, Entry, Policy, Rule, action::ENOSYS, names, table, words};
use std::collections::{BTreeMap, BTreeSet};

/// A policy as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Printed {
    /// The text.
    pub text: String,
    /// What the form has no words for; empty: the text means exactly what the policy does.
    pub unsaid: Vec<String>,
}

/// Longest line, where it can be helped.
const WIDTH: usize = 110;

/// Writes a policy. Its first entry is the native way in. `flags`: as the form names them.
#[must_use]
pub fn print(policy: &Policy, flags: &[&str]) -> Printed {
    let mut unsaid = Vec::new();
    let mut text = String::new();
    let Some(native) = policy.entries.first() else {
        text.push_str(&format!("default {}\n", words::action(policy.closed)));
        return Printed {
            text,
            unsaid: vec!["no way in is open".to_owned()],
        };
    };
    text.push_str(&format!("default {}\n", words::action(native.default)));
    head(&mut text, policy, native, flags);
    let mut always: BTreeMap<i64, (String, Vec<&str>)> = BTreeMap::new();
    let mut statements = Vec::new();
    for name in calls(policy) {
        let said = said(policy, name, &mut unsaid);
        match &said[..] {
            [] => {}
            [(when, action)] if when.is_empty() => {
                let key = -action.rank() * 0x1_0000 + i64::from(action.value() & 0xffff);
                let group = always
                    .entry(key)
                    .or_insert_with(|| (words::action(*action), Vec::new()));
                group.1.push(name);
            }
            _ => statements.extend(said.iter().map(|(when, action)| match when.is_empty() {
                true => format!("{name}: {}", words::action(*action)),
                false => format!("{name}({when}): {}", words::action(*action)),
            })),
        }
    }
    for (action, names) in always.values() {
        text.push('\n');
        text.push_str(&wrapped(action, names));
    }
    if !statements.is_empty() {
        text.push('\n');
    }
    for statement in statements {
        text.push_str(&statement);
        text.push('\n');
    }
    unsaid.extend(beyond(policy, native));
    unsaid.dedup();
    Printed { text, unsaid }
}

fn head(text: &mut String, policy: &Policy, native: &Entry, flags: &[&str]) {
    let others: Vec<&str> = policy.entries[1..].iter().map(|e| e.arch.name()).collect();
    if !others.is_empty() {
        text.push_str(&format!("arch {}\n", others.join(" ")));
    }
    let newer = native.newer.map_or(native.default, |(_, action)| action);
    if newer != implied(native.default) {
        text.push_str(&format!("unknown {}\n", words::action(newer)));
    }
    if policy.closed != Action::KillProcess {
        text.push_str(&format!("closed {}\n", words::action(policy.closed)));
    }
    if !flags.is_empty() {
        text.push_str(&format!("flags {}\n", flags.join(" ")));
    }
}

/// The answer to newer calls where the text says nothing of them.
fn implied(default: Action) -> Action {
    if default.permits() {
        default
    } else {
        Action::Errno(ENOSYS)
    }
}

/// All calls that have a rule by some way in, or are answered as newer ones; sorted.
fn calls(policy: &Policy) -> BTreeSet<&'static str> {
    let of = |entry: &Entry| {
        let ruled = entry
            .calls
            .keys()
            .filter_map(|&number| names::call(entry.arch, number));
        let last = entry.newer.map(|(last, _)| last);
        let newer = names::calls(entry.arch)
            .iter()
            .filter(move |c| last.is_some_and(|last| c.0 > last));
        ruled.chain(newer.map(|c| c.1)).collect::<Vec<_>>()
    };
    policy.entries.iter().flat_map(of).collect()
}

/// What is said of a call: conditions in words, and the answer; the same by every way in that has it.
fn said(policy: &Policy, name: &'static str, unsaid: &mut Vec<String>) -> Vec<(String, Action)> {
    let mut first: Option<Vec<(String, Action)>> = None;
    for entry in &policy.entries {
        let Some(number) = table::find(name).and_then(|call| call.number(entry.arch)) else {
            continue;
        };
        let mut said = by_way(entry, name, number, unsaid);
        while said
            .last()
            .is_some_and(|(_, action)| *action == entry.default)
        {
            said.pop();
        }
        match &first {
            None => first = Some(said),
            Some(first) if *first == said => {}
            Some(_) => unsaid.push(format!(
                "{name} has other rules by {} than by the native way in",
                entry.arch.name()
            )),
        }
    }
    first.unwrap_or_default()
}

fn by_way(
    entry: &Entry,
    name: &str,
    number: u32,
    unsaid: &mut Vec<String>,
) -> Vec<(String, Action)> {
    let Some(rules) = entry.calls.get(&number) else {
        let newer = entry.newer.filter(|(last, _)| number > *last);
        return newer
            .map(|(_, action)| (String::new(), action))
            .into_iter()
            .collect();
    };
    for c in rules.iter().flat_map(|rule| &rule.conditions) {
        let read = words::read_mask(entry.arch, Some(name), c.arg);
        if c.mask & !read != 0 {
            let (all, some) = (64 - c.mask.leading_zeros(), read.count_ones());
            unsaid.push(format!(
                "{name}: argument {} is compared over {all} bits, of which the kernel reads {some}",
                c.arg
            ));
        }
    }
    let alike = rules.chunk_by(|a, b| {
        a.action == b.action && !a.conditions.is_empty() && !b.conditions.is_empty()
    });
    let text = |rules: &[Rule]| {
        let alternatives: Vec<&[Condition]> = rules.iter().map(|r| &r.conditions[..]).collect();
        (
            words::any(entry.arch, Some(name), &alternatives),
            rules[0].action,
        )
    };
    alike.map(text).collect()
}

/// What no name reaches: numbers, and defaults of other ways in.
fn beyond(policy: &Policy, native: &Entry) -> Vec<String> {
    let mut unsaid = Vec::new();
    for entry in &policy.entries {
        let arch = entry.arch.name();
        let newest = table::newest(entry.arch);
        let of = |e: &Entry| (e.default, e.newer.map_or(e.default, |(_, action)| action));
        if of(entry) != of(native) {
            unsaid.push(format!("{arch} has another default than the native way in"));
        }
        let nameless = |number: &&u32| names::call(entry.arch, **number).is_none();
        if let Some(number) = entry.calls.keys().find(nameless) {
            unsaid.push(format!(
                "{arch} number {number}, which is no call's, has a rule of its own"
            ));
        }
        let free = |from: u32| (from..newest).any(|n| names::call(entry.arch, n).is_none());
        let last = entry.newer.map(|(last, _)| last.saturating_add(1));
        if last.is_some_and(free) {
            unsaid.push(format!(
                "{arch} numbers that are no call's are answered as newer ones from {} on",
                last.unwrap_or(0)
            ));
        }
    }
    unsaid
}

/// `allow read write …`, over as many lines as it takes.
fn wrapped(action: &str, names: &[&str]) -> String {
    let mut text = action.to_owned();
    let mut column = text.len();
    for name in names {
        if column + 1 + name.len() > WIDTH {
            text.push_str("\n ");
            column = 1;
        }
        text.push(' ');
        text.push_str(name);
        column += 1 + name.len();
    }
    text.push('\n');
    text
}
