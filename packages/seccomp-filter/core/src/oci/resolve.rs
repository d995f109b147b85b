//! A profile for one host: which architectures, which rules, in which order.

use super::{
    Context, Profile, Widths,
    host::applies,
    listener,
    shape::{Form, FormRule, Source},
    words::{action, comparison, errno_of, flags},
};
use crate::{
    Action, Arch, Condition, Entry, Narrowed, Note, Policy, PolicyError, Rule, X32_BIT,
    action::ENOSYS,
    table::{self, Call},
};
use serde_json::value::RawValue;
use std::collections::BTreeMap;

pub(super) struct Resolver<'a> {
    source: &'a Source<'a>,
    context: &'a Context,
    notes: Vec<Note>,
}

/// A rule that applies on this host, before the widths of arguments are looked at.
struct Applied {
    calls: Vec<&'static Call>,
    /// Any of these must hold entirely; one empty list is "always".
    alternatives: Vec<Vec<Condition>>,
    action: Action,
    line: u32,
}

impl<'a> Resolver<'a> {
    pub(super) fn new(source: &'a Source<'a>, context: &'a Context) -> Self {
        Self {
            source,
            context,
            notes: Vec::new(),
        }
    }

    pub(super) fn resolve(
        mut self,
        form: &Form<'a>,
        arches: Option<&[Arch]>,
        default: Option<Action>,
    ) -> Result<Profile, PolicyError> {
        let own = errno_of(form.default_errno_ret, form.default_errno.as_deref())
            .and_then(|errno| action(&form.default_action, errno))
            .map_err(|e| PolicyError::whole(format!("defaultAction: {e}")))?;
        let default = default.unwrap_or(own);
        let flags = flags(&form.flags)?;
        let listed = self.arches(form)?;
        let arches = arches.map_or(listed, <[Arch]>::to_vec);
        let mut rules = Vec::with_capacity(form.syscalls.len());
        for raw in &form.syscalls {
            rules.extend(self.rule(raw)?);
        }
        let notified = rules.iter().filter(|rule| rule.action == Action::Notify);
        let notified =
            notified.flat_map(|rule| rule.calls.iter().map(|call| (rule.line, call.name)));
        let listener = listener::of(form, default, notified)?;
        if listener.is_none() && form.listener_path.is_some() {
            self.note(0, "listenerPath: no call is notified, so nobody is told");
        }
        let entries = arches.iter().map(|&arch| self.entry(arch, default, &rules));
        Ok(Profile {
            policy: Policy {
                entries: entries.collect(),
                closed: self.context.closed,
            },
            log: flags.log,
            spec_allow: flags.spec_allow,
            wait_killable: flags.wait_killable,
            listener,
            notes: self.notes,
            files: Vec::new(),
        })
    }

    /// The ways in that are open: the native one always, then those listed that this kernel has.
    fn arches(&mut self, form: &Form<'_>) -> Result<Vec<Arch>, PolicyError> {
        if !form.architectures.is_empty() && !form.arch_map.is_empty() {
            return Err(PolicyError::whole(
                "architectures and archMap exclude each other",
            ));
        }
        let native = self.context.arch;
        let mine = form
            .arch_map
            .iter()
            .filter(|m| m.architecture == native.oci());
        let tokens = form
            .architectures
            .iter()
            .chain(mine.flat_map(|m| &m.sub_architectures));
        let mut arches = vec![native];
        for token in tokens {
            if !token.starts_with("SCMP_ARCH_") {
                let message =
                    format!("unknown architecture {token:?}, not of the form SCMP_ARCH_X86_64");
                return Err(PolicyError::whole(message));
            }
            // Of another machine's architectures no call can come in here.
            let known = Arch::from_oci(token).filter(|arch| arch.machine() == native.machine());
            arches.extend(known.filter(|arch| !arches.contains(arch)));
        }
        Ok(arches)
    }

    /// One element of `syscalls`; `None` if it does not apply here.
    fn rule(&mut self, raw: &'a RawValue) -> Result<Option<Applied>, PolicyError> {
        let form: FormRule = self.source.parse(raw.get())?;
        let (line, column) = self.source.place(raw.get());
        let refuse = |message: String| PolicyError {
            line,
            column,
            message,
        };
        let action = errno_of(form.errno_ret, form.errno.as_deref())
            .and_then(|errno| action(&form.action, errno))
            .map_err(refuse)?;
        let conditions: Result<Vec<Condition>, String> = form.args.iter().map(comparison).collect();
        let conditions = conditions.map_err(refuse)?;
        if form.names.is_empty() == form.name.is_none() {
            return Err(refuse("one of names and name is needed".to_owned()));
        }
        if !applies(&form, self.context).map_err(refuse)? {
            return Ok(None);
        }
        let calls = self.calls(form.names.iter().chain(&form.name), line);
        let alternatives = self.alternatives(conditions, line);
        Ok(Some(Applied {
            calls,
            alternatives,
            action,
            line,
        }))
    }

    fn calls<'n>(
        &mut self,
        names: impl Iterator<Item = &'n String>,
        line: u32,
    ) -> Vec<&'static Call> {
        let mut calls = Vec::new();
        for name in names {
            match table::find(name) {
                Some(call) => calls.push(call),
                None => self.note(line, format!("{name}: no such system call here, skipped")),
            }
        }
        calls
    }

    /// runc's reading: where an argument occurs twice, each condition stands alone.
    fn alternatives(&mut self, conditions: Vec<Condition>, line: u32) -> Vec<Vec<Condition>> {
        let twice = |c: &Condition| conditions.iter().filter(|o| o.arg == c.arg).count() > 1;
        if !conditions.iter().any(twice) {
            return vec![conditions];
        }
        self.note(line, "several conditions on one argument: any of the rule's conditions is enough, as in runc");
        conditions.into_iter().map(|c| vec![c]).collect()
    }

    /// The rules as they are for one way in.
    fn entry(&self, arch: Arch, default: Action, rules: &[Applied]) -> Entry {
        let mut calls: BTreeMap<u32, Vec<Rule>> = BTreeMap::new();
        let mut last = None;
        for rule in rules {
            for call in &rule.calls {
                let Some(number) = call.number(arch) else {
                    continue;
                };
                last = last.max(Some(number));
                // As runc: so "deny" cannot take back what a wider "allow" gave.
                if rule.action == default {
                    continue;
                }
                for conditions in &rule.alternatives {
                    if let Some(conditions) = self.narrow(arch, call, conditions) {
                        calls.entry(number).or_default().push(Rule {
                            conditions,
                            action: rule.action,
                            line: rule.line,
                        });
                    }
                }
            }
        }
        calls.values_mut().for_each(order);
        let none = if arch == Arch::X32 { X32_BIT } else { 0 };
        Entry {
            arch,
            default,
            newer: newer(default, last.unwrap_or(none)),
            calls,
        }
    }

    /// `None` if the rule can never match.
    fn narrow(&self, arch: Arch, call: &Call, conditions: &[Condition]) -> Option<Vec<Condition>> {
        let mut tests = Vec::with_capacity(conditions.len());
        for condition in conditions {
            let read = match (self.context.widths, arch) {
                (Widths::Kernel, _) | (_, Arch::X86 | Arch::Arm) => {
                    call.read_mask(arch, condition.arg)
                }
                (Widths::Register, Arch::X32) => 0xffff_ffff,
                (Widths::Register, _) => u64::MAX,
            };
            match condition.narrow(read) {
                Narrowed::Test(test) => tests.push(test),
                Narrowed::Always => {}
                Narrowed::Never => return None,
            }
        }
        Some(tests)
    }

    fn note(&mut self, line: u32, text: impl Into<String>) {
        self.notes.push(Note {
            line,
            text: text.into(),
        });
    }
}

/// The form says nothing of order. The first rule without conditions wins, as in libseccomp; else of
/// all that match the strictest.
fn order(rules: &mut Vec<Rule>) {
    match rules.iter().position(|rule| rule.conditions.is_empty()) {
        Some(index) => {
            rules.swap(0, index);
            rules.truncate(1);
        }
        None => rules.sort_by_key(|rule| rule.action.rank()),
    }
}

/// What is newer than the newest call that the profile names, its author cannot have decided on:
/// ENOSYS, so that a C library takes the older call. As runc: only where the default forbids.
fn newer(default: Action, last: u32) -> Option<(u32, Action)> {
    let unknown = Action::Errno(ENOSYS);
    (!default.permits() && default != unknown).then_some((last, unknown))
}
