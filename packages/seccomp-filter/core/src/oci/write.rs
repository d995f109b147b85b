//! A policy in OCI's form, for configs: exactly the same, or refused with the reason.

use super::{
    Context, Profile,
    disjoint::{Free, free, is_whole, other_bits},
};
use crate::{
    Action, Condition, Entry, Narrowed, Op, PolicyError, Rule, action::ENOSYS, source::placed,
    table,
};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The policy as a `linux.seccomp` object, JSON text.
///
/// # Errors
/// What OCI's form cannot say, and where it stands.
pub fn write(profile: &Profile, context: &Context) -> Result<String, PolicyError> {
    object(profile, context).map_err(|error| {
        let (file, line) = placed(&profile.files, error.line);
        match file {
            None => PolicyError { line, ..error },
            Some(file) => PolicyError::whole(format!("{file}:{line}: {}", error.message)),
        }
    })
}

fn object(profile: &Profile, context: &Context) -> Result<String, PolicyError> {
    let policy = &profile.policy;
    let native = policy
        .entries
        .iter()
        .find(|entry| entry.arch == context.arch)
        .ok_or_else(|| PolicyError::whole("the policy leaves no way into the kernel open"))?;
    let default = native.default;
    if policy.closed != context.closed {
        return Err(PolicyError::whole(
            "OCI's form has no word for what closed ways in answer",
        ));
    }
    let mut object = Map::new();
    let (name, errno) = action(default, 0)?;
    object.insert("defaultAction".into(), name.into());
    if let Some(errno) = errno {
        object.insert("defaultErrnoRet".into(), errno.into());
    }
    if policy.entries.len() > 1 {
        let tokens: Vec<&str> = policy
            .entries
            .iter()
            .map(|entry| entry.arch.oci())
            .collect();
        object.insert("architectures".into(), tokens.into());
    }
    let flags = [
        (profile.log, "SECCOMP_FILTER_FLAG_LOG"),
        (profile.spec_allow, "SECCOMP_FILTER_FLAG_SPEC_ALLOW"),
        (
            profile.wait_killable,
            "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV",
        ),
    ];
    let flags: Vec<&str> = flags
        .iter()
        .filter(|(set, _)| *set)
        .map(|(_, name)| *name)
        .collect();
    if !flags.is_empty() {
        object.insert("flags".into(), flags.into());
    }
    let mut rules = rules(&policy.entries, native)?;
    rules.extend(newest(&policy.entries, default)?);
    object.insert("syscalls".into(), rules.into());
    listener(profile, &mut object)?;
    serde_json::to_string(&object).map_err(|e| PolicyError::whole(e.to_string()))
}

/// Who answers what is notified.
fn listener(profile: &Profile, object: &mut Map<String, Value>) -> Result<(), PolicyError> {
    let entries = profile.policy.entries.iter();
    let mut rules = entries.flat_map(|entry| entry.calls.values().flatten());
    match (
        &profile.listener,
        rules.find(|rule| rule.action == Action::Notify),
    ) {
        (Some(listener), _) => {
            object.insert("listenerPath".into(), listener.path.clone().into());
            if let Some(metadata) = &listener.metadata {
                object.insert("listenerMetadata".into(), metadata.clone().into());
            }
        }
        (None, Some(rule)) => {
            return Err(refuse(
                rule.line,
                "OCI's form names who answers what is notified, and this policy does not",
            ));
        }
        (None, None) => {}
    }
    Ok(())
}

/// All calls, those with the same rules together.
fn rules(entries: &[Entry], native: &Entry) -> Result<Vec<Value>, PolicyError> {
    let mut order: Vec<Vec<Value>> = Vec::new();
    let mut names: Vec<Vec<&str>> = Vec::new();
    for (call, own) in calls(entries, native)? {
        let free = free(own, native.default).map_err(|(line, message)| refuse(line, message))?;
        let written: Result<Vec<Vec<Value>>, PolicyError> = free.iter().map(rule).collect();
        let written: Vec<Value> = written?.into_iter().flatten().collect();
        match order.iter().position(|known| *known == written) {
            Some(index) => names[index].push(call),
            None => {
                order.push(written);
                names.push(vec![call]);
            }
        }
    }
    let named = order.into_iter().zip(names).flat_map(|(rules, names)| {
        rules.into_iter().map(move |mut rule| {
            rule["names"] = json!(names);
            rule
        })
    });
    Ok(named.collect())
}

/// The rules of each call; the same on all architectures that have it.
fn calls<'p>(
    entries: &'p [Entry],
    native: &'p Entry,
) -> Result<BTreeMap<&'static str, &'p [Rule]>, PolicyError> {
    let mut calls: BTreeMap<&str, &[Rule]> = BTreeMap::new();
    for entry in std::iter::once(native).chain(entries) {
        for (number, rules) in &entry.calls {
            let call = table::named(entry.arch, *number);
            let call = call.ok_or_else(|| PolicyError::whole(format!("{number} has no name")))?;
            let known: &[Rule] = calls.entry(call.name).or_insert(rules);
            let read = call.read_masks(entry.arch);
            let here: Option<Vec<(Vec<Condition>, Action)>> = known
                .iter()
                .map(|rule| Some((narrow(rule, read)?, rule.action)))
                .collect();
            let own = rules
                .iter()
                .map(|rule| (rule.conditions.clone(), rule.action));
            if here.is_none_or(|here| !own.eq(here)) {
                let line = rules.first().map_or(0, |rule| rule.line);
                return Err(refuse(
                    line,
                    format!(
                        "{} has other rules or other places of arguments on {} than elsewhere, which OCI's form cannot say",
                        call.name,
                        entry.arch.name()
                    ),
                ));
            }
        }
    }
    Ok(calls)
}

fn narrow(rule: &Rule, read: [u64; 6]) -> Option<Vec<Condition>> {
    let mut tests = Vec::with_capacity(rule.conditions.len());
    for condition in &rule.conditions {
        match condition.narrow(read[usize::from(condition.arg)]) {
            Narrowed::Test(test) => tests.push(test),
            Narrowed::Always => {}
            Narrowed::Never => return None,
        }
    }
    Some(tests)
}

/// A rule as elements of `syscalls`, still without names.
fn rule(rule: &Free) -> Result<Vec<Value>, PolicyError> {
    let (name, errno) = action(rule.action, rule.line)?;
    let mut made = Vec::new();
    for all in &rule.any {
        for tests in spread(all) {
            let args: Result<Vec<Value>, PolicyError> =
                tests.iter().map(|test| argument(test, rule.line)).collect();
            let mut counts = [0; 6];
            tests
                .iter()
                .for_each(|test| counts[usize::from(test.arg)] += 1);
            if counts.iter().any(|count| *count > 1) {
                return Err(refuse(
                    rule.line,
                    "this needs several conditions on one argument, of which OCI's form takes any as enough",
                ));
            }
            let mut object = json!({ "names": [], "action": name });
            if let Some(errno) = errno {
                object["errnoRet"] = errno.into();
            }
            if !tests.is_empty() {
                object["args"] = args?.into();
            }
            made.push(object);
        }
    }
    Ok(made)
}

/// "Some of these bits differ" is said bit by bit.
fn spread(all: &[Condition]) -> Vec<Vec<Condition>> {
    let mut lists: Vec<Vec<Condition>> = vec![Vec::new()];
    for test in all {
        let ways = match test.op {
            Op::Ne if !is_whole(test.mask) => other_bits(*test),
            _ => vec![*test],
        };
        let joined = lists.iter().flat_map(|list| {
            ways.iter()
                .map(move |way| list.iter().copied().chain([*way]).collect())
        });
        lists = joined.collect();
    }
    lists
}

/// An int is compared under a mask, so that every runtime compares what the kernel reads.
fn argument(test: &Condition, line: u32) -> Result<Value, PolicyError> {
    let op = match test.op {
        Op::Eq if test.mask == u64::MAX => "SCMP_CMP_EQ",
        Op::Eq => {
            return Ok(
                json!({ "index": test.arg, "value": test.mask, "valueTwo": test.value, "op": "SCMP_CMP_MASKED_EQ" }),
            );
        }
        _ if !is_whole(test.mask) => {
            return Err(refuse(
                line,
                "OCI's form compares under a mask for equality only",
            ));
        }
        Op::Ne => "SCMP_CMP_NE",
        Op::Gt => "SCMP_CMP_GT",
        Op::Ge => "SCMP_CMP_GE",
        Op::Lt => "SCMP_CMP_LT",
        Op::Le => "SCMP_CMP_LE",
    };
    Ok(json!({ "index": test.arg, "value": test.value, "op": op }))
}

fn action(action: Action, line: u32) -> Result<(&'static str, Option<u16>), PolicyError> {
    let written = action.oci();
    written.ok_or_else(|| refuse(line, "OCI's form has no number for trap"))
}

/// Runtimes answer ENOSYS to what is newer than the newest call that is named: so the newest is named.
fn newest(entries: &[Entry], default: Action) -> Result<Option<Value>, PolicyError> {
    let unsaid =
        || PolicyError::whole("OCI's form has no word for what calls newer than the policy answer");
    let stub = !default.permits() && default != Action::Errno(ENOSYS);
    let mut names: BTreeSet<&'static str> = BTreeSet::new();
    for entry in entries {
        match entry.newer.filter(|(_, action)| *action != default) {
            None if !stub => {}
            Some((last, Action::Errno(ENOSYS))) if stub => {
                let beyond = last + 1..=table::newest(entry.arch);
                let named = table::named(entry.arch, last)
                    .filter(|_| beyond.is_empty() || entry.calls.range(beyond).next().is_none());
                names.insert(named.ok_or_else(unsaid)?.name);
            }
            _ => return Err(unsaid()),
        }
    }
    let newer = |name: &&str, entry: &Entry| {
        let number = table::find(name).and_then(|call| call.number(entry.arch));
        number > entry.newer.map(|(last, _)| last)
    };
    if names
        .iter()
        .any(|name| entries.iter().any(|entry| newer(name, entry)))
    {
        return Err(unsaid());
    }
    if names.is_empty() {
        return Ok(None);
    }
    let (name, errno) = action(default, 0)?;
    let mut object = json!({ "names": names, "action": name });
    if let Some(errno) = errno {
        object["errnoRet"] = errno.into();
    }
    Ok(Some(object))
}

fn refuse(line: u32, message: impl Into<String>) -> PolicyError {
    PolicyError {
        line,
        column: 0,
        message: message.into(),
    }
}
