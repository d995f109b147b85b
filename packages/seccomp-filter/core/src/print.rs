//! A policy as text in the terse form, whatever form it was read from. See docs/policy-language.md.

use crate::{
    Action, Condition, Entry, Policy, Rule, action::ENOSYS, names, table, terse::groups, words,
};
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
    written(policy, flags, false)
}

/// The same with `@group` in place of names where that is shorter. What a group has beyond them is answered
/// by lines before it.
#[must_use]
pub fn print_short(policy: &Policy, flags: &[&str]) -> Printed {
    written(policy, flags, true)
}

/// What is said of a call: conditions in words, and the answer; the last may be unconditional.
type Said = Vec<(String, Action)>;

fn written(policy: &Policy, flags: &[&str], short: bool) -> Printed {
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
    let mut calls: BTreeMap<&'static str, Said> = calls(policy)
        .into_iter()
        .map(|name| (name, said(policy, name, &mut unsaid)))
        .filter(|(_, said)| !said.is_empty())
        .collect();
    let chosen = match short {
        true => groups(policy, native.default, &mut calls),
        false => BTreeMap::new(),
    };
    let (always, some): (Vec<_>, Vec<_>) = calls.iter().partition(|(_, said)| said[0].0.is_empty());
    // A group comes last: what it must not catch is said before it.
    if short {
        statements(&mut text, &some);
    }
    let by_group =
        |name: &str, action| groups::of(name).and_then(|group| chosen.get(group)) == Some(&action);
    let mut lists: BTreeMap<i64, (Action, Vec<&str>)> = BTreeMap::new();
    for (name, said) in always {
        let action = said[0].1;
        if !by_group(name, action) {
            list(&mut lists, action).push(name);
        }
    }
    for lists in [lists, last(&chosen)] {
        for (action, names) in lists.values() {
            text.push('\n');
            text.push_str(&wrapped(&words::action(*action), names));
        }
    }
    if !short {
        statements(&mut text, &some);
    }
    unsaid.extend(beyond(policy, native));
    unsaid.dedup();
    Printed { text, unsaid }
}

/// The names under one answer; the answers in the order of their rank.
fn list<'l, 'a>(
    lists: &'l mut BTreeMap<i64, (Action, Vec<&'a str>)>,
    action: Action,
) -> &'l mut Vec<&'a str> {
    let key = -action.rank() * 0x1_0000 + i64::from(action.value() & 0xffff);
    &mut lists.entry(key).or_insert_with(|| (action, Vec::new())).1
}

fn last(chosen: &BTreeMap<&'static str, Action>) -> BTreeMap<i64, (Action, Vec<&'static str>)> {
    let mut lists = BTreeMap::new();
    for (group, action) in chosen {
        list(&mut lists, *action).push(*group);
    }
    lists
}

fn statements(text: &mut String, calls: &[(&&'static str, &Said)]) {
    if !calls.is_empty() {
        text.push('\n');
    }
    for (name, said) in calls {
        for (when, action) in *said {
            let action = words::action(*action);
            text.push_str(&match when.is_empty() {
                true => format!("{name}: {action}\n"),
                false => format!("{name}({when}): {action}\n"),
            });
        }
    }
}

/// The built-in groups that are written, each with its answer. A call of one that is answered otherwise is said to
/// be so: what had been left to the default is added.
fn groups(
    policy: &Policy,
    default: Action,
    calls: &mut BTreeMap<&'static str, Said>,
) -> BTreeMap<&'static str, Action> {
    let mut chosen = BTreeMap::new();
    for (group, all) in groups::lists() {
        let here = |name: &&str| {
            let call = table::find(name);
            let mut ways = policy.entries.iter();
            call.is_some_and(|call| ways.any(|entry| call.number(entry.arch).is_some()))
        };
        let members: Vec<&'static str> = all.iter().copied().filter(here).collect();
        let always = |calls: &BTreeMap<&'static str, Said>, name: &str| {
            calls
                .get(name)
                .map(|s| s[0].clone())
                .filter(|s| s.0.is_empty())
                .map(|s| s.1)
        };
        let mut answers: Vec<Action> = members.iter().filter_map(|n| always(calls, n)).collect();
        answers.dedup();
        let saved = |action: &Action| {
            let each = members.iter().map(|name| {
                let length = i64::try_from(name.len() + 1).unwrap_or(i64::MAX);
                match (always(calls, name), calls.get(name)) {
                    (Some(other), _) if other == *action => length,
                    (Some(_), _) => 0,
                    (None, None) => -length,
                    (None, Some(said)) if said.last().is_some_and(|s| s.0.is_empty()) => 0,
                    (None, Some(_)) => -length - 12,
                }
            });
            each.sum::<i64>() - i64::try_from(group.len() + 1).unwrap_or(0)
        };
        let best = answers.iter().map(|action| (saved(action), *action));
        let Some((_, action)) = best
            .filter(|(saved, _)| *saved > 0)
            .max_by_key(|best| best.0)
        else {
            continue;
        };
        for name in members {
            let said = calls.entry(name).or_default();
            if said.last().is_none_or(|last| !last.0.is_empty()) {
                said.push((String::new(), default));
            }
        }
        chosen.insert(*group, action);
    }
    chosen
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

/// What is said of a call, the same by every way in that has it.
fn said(policy: &Policy, name: &'static str, unsaid: &mut Vec<String>) -> Said {
    let mut first: Option<Said> = None;
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

fn by_way(entry: &Entry, name: &str, number: u32, unsaid: &mut Vec<String>) -> Said {
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
