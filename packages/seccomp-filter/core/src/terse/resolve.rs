//! A text and those it extends, for one host: the same [`Policy`] that the other forms come to. Rules of
//! one call stand in the order of the lines, own ones first.

use super::{ast::Text, nearest::hint, values::Site};
use crate::{
    Action, Arch, Entry, Narrowed, Note, Policy, PolicyError, Rule,
    action::ENOSYS,
    oci::{Context, Profile},
    source::mark,
    table,
};
use std::collections::BTreeMap;

/// What stands at the end of the chain where that is an OCI profile: it is read for these ways in, with
/// this default.
pub(crate) type Base<'b> =
    &'b dyn Fn(Option<&[Arch]>, Option<Action>) -> Result<Profile, PolicyError>;

/// `texts`: the first extends the second, and so on.
pub(crate) fn resolve(
    texts: &[Text<'_>],
    base: Option<Base<'_>>,
    context: &Context,
) -> Result<Profile, PolicyError> {
    let said = |pick: fn(&Text<'_>) -> Option<Action>| texts.iter().find_map(pick);
    let default = said(|text| text.default);
    let arches = arches(texts, context.arch)?;
    let below = base
        .map(|read| read(arches.as_deref(), default))
        .transpose()?;
    let (wanted, flags) = (arches.unwrap_or_else(|| vec![context.arch]), flags(texts)?);
    // An OCI profile has its entries in the same order as they are asked for, or its own.
    let ways: Vec<Arch> = match &below {
        Some(profile) => profile.policy.entries.iter().map(|e| e.arch).collect(),
        None => wanted,
    };
    let inherited = below.as_ref().and_then(|p| p.policy.entries.first());
    let Some(effective) = default.or_else(|| inherited.map(|e| e.default)) else {
        return Err(PolicyError::whole(
            "what of calls that no rule names? A line \"default errno EPERM\" or another is missing",
        ));
    };
    let unknown = said(|text| text.unknown);
    let mut entries = Vec::with_capacity(ways.len());
    for &arch in &ways {
        let lower = below
            .as_ref()
            .and_then(|p| p.policy.entries.iter().find(|e| e.arch == arch));
        let stated = lower.filter(|_| default.is_none() && unknown.is_none());
        entries.push(Entry {
            arch,
            default: effective,
            newer: match stated {
                Some(entry) => entry.newer,
                None => newer(arch, effective, unknown),
            },
            calls: calls(texts, lower, arch, context.arch)?,
        });
    }
    let closed = said(|text| text.closed);
    let policy = Policy {
        entries,
        closed: closed.unwrap_or(context.closed),
    };
    let mut profile = below.unwrap_or_else(|| Profile::of(policy.clone()));
    profile.policy = policy;
    if let Some(flags) = flags {
        flags.set(&mut profile);
    }
    for note in &mut profile.notes {
        note.line = mark(texts.len(), note.line);
    }
    let rules = |(file, text): (usize, &Text<'_>)| {
        let notified = text.rules.iter().find(|r| r.action == Action::Notify)?;
        Some((file, notified.calls.first().map_or(0, |call| call.at.line)))
    };
    let notified = texts.iter().enumerate().find_map(rules);
    if let (Some((file, line)), None) = (notified, &profile.listener) {
        profile.notes.push(Note {
            line: mark(file, line),
            text: "notify: ENOSYS, unless whoever loads the policy listens".to_owned(),
        });
    }
    Ok(profile)
}

/// Calls that came into the kernel after this table was made: a C library takes ENOSYS as "use the older
/// call".
fn newer(arch: Arch, default: Action, unknown: Option<Action>) -> Option<(u32, Action)> {
    let enosys = Action::Errno(ENOSYS);
    let action = match unknown {
        Some(action) => action,
        None if default.permits() => default,
        None => enosys,
    };
    (action != default).then(|| (table::newest(arch), action))
}

fn calls(
    texts: &[Text<'_>],
    lower: Option<&Entry>,
    arch: Arch,
    native: Arch,
) -> Result<BTreeMap<u32, Vec<Rule>>, PolicyError> {
    let mut calls: BTreeMap<u32, Vec<Rule>> = BTreeMap::new();
    for (file, text) in texts.iter().enumerate() {
        for statement in &text.rules {
            for named in &statement.calls {
                let Some(call) = table::find(named.name) else {
                    continue;
                };
                let number = call.number(arch);
                let site = Site {
                    call,
                    arch,
                    // A value that fits here may be too wide for an older way in, and is never met there.
                    strict: arch == native,
                };
                let alternatives = match &statement.condition {
                    None => vec![Vec::new()],
                    // Looked at even where the call is absent, so that a misspelled name is told.
                    Some(any) => match (site.alternatives(any), number) {
                        (Err(error), Some(_)) => return Err(error.in_file(file)),
                        (Err(error), None) if arch == native && elsewhere(call, any) => {
                            return Err(error.in_file(file));
                        }
                        (result, _) => result.unwrap_or_default(),
                    },
                };
                let Some(number) = number else { continue };
                let rules = calls.entry(number).or_default();
                for conditions in alternatives {
                    let Some(conditions) = narrow(call.read_masks(arch), conditions) else {
                        continue;
                    };
                    rules.push(Rule {
                        conditions,
                        action: statement.action,
                        line: mark(file, named.at.line),
                    });
                }
            }
        }
    }
    for (number, rules) in lower.iter().flat_map(|entry| &entry.calls) {
        let marked = rules.iter().map(|rule| Rule {
            line: mark(texts.len(), rule.line),
            ..rule.clone()
        });
        calls.entry(*number).or_default().extend(marked);
    }
    Ok(calls)
}

/// Whether the names in a condition are wrong wherever the call exists.
fn elsewhere(call: &'static table::Call, any: &[Vec<super::ast::Test<'_>>]) -> bool {
    let with = Arch::ALL
        .into_iter()
        .filter(|arch| call.number(*arch).is_some());
    let mut wrong = with.map(|arch| {
        let site = Site {
            call,
            arch,
            strict: false,
        };
        site.alternatives(any).is_err()
    });
    wrong.all(|wrong| wrong)
}

/// `None` if the conditions can never hold together.
fn narrow(read: [u64; 6], conditions: Vec<crate::Condition>) -> Option<Vec<crate::Condition>> {
    let mut tests = Vec::with_capacity(conditions.len());
    for condition in conditions {
        match condition.narrow(read[usize::from(condition.arg)]) {
            Narrowed::Test(test) => tests.push(test),
            Narrowed::Always => {}
            Narrowed::Never => return None,
        }
    }
    Some(tests)
}

/// The ways in that the first text that speaks of them opens, the native one first.
fn arches(texts: &[Text<'_>], native: Arch) -> Result<Option<Vec<Arch>>, PolicyError> {
    let mut found = None;
    for (file, text) in texts.iter().enumerate() {
        let mut open = vec![native];
        for token in &text.arches {
            let arch = Arch::from_name(token.text).ok_or_else(|| {
                let near = hint(token.text, Arch::ALL.map(Arch::name));
                token
                    .refuse(format!("there is no architecture {}{near}", token.text))
                    .in_file(file)
            })?;
            // Of another machine's architectures no call can come in here.
            if arch.machine() == native.machine() && !open.contains(&arch) {
                open.push(arch);
            }
        }
        if found.is_none() && !text.arches.is_empty() {
            found = Some(open);
        }
    }
    Ok(found)
}

/// Flags of seccomp(2).
#[derive(Default)]
struct Flags {
    log: bool,
    spec_allow: bool,
    wait_killable: bool,
}

impl Flags {
    fn set(&self, profile: &mut Profile) {
        profile.log = self.log;
        profile.spec_allow = self.spec_allow;
        profile.wait_killable = self.wait_killable;
    }
}

fn flags(texts: &[Text<'_>]) -> Result<Option<Flags>, PolicyError> {
    let mut found = None;
    for (file, text) in texts.iter().enumerate() {
        let mut flags = Flags::default();
        for token in &text.flags {
            match token.text {
                "log" => flags.log = true,
                "spec-allow" => flags.spec_allow = true,
                "wait-killable" => flags.wait_killable = true,
                other => {
                    let known = ["log", "spec-allow", "wait-killable"];
                    let message = format!(
                        "there is no flag {other}{}; there are {}",
                        hint(other, known),
                        known.join(", ")
                    );
                    return Err(token.refuse(message).in_file(file));
                }
            }
        }
        if found.is_none() && !text.flags.is_empty() {
            found = Some(flags);
        }
    }
    Ok(found)
}
