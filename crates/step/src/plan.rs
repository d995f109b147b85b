//! The plan as it is read: the whole of it is parsed, validated and checked for order before the
//! first step acts. An unknown step, field or version is refused by name; everything that input
//! controls has a limit.

use crate::{Bytes, Kind, Mark, Needs, ParentDeath, Refusal, Step, order};
use serde::Deserialize;
use serde_json::value::RawValue;

/// Largest plan, bytes.
pub const MAX_BYTES: usize = 1 << 20;
/// Most steps in a plan.
pub const MAX_STEPS: usize = 1024;
/// Most words in a command.
pub const MAX_WORDS: usize = 1 << 16;

/// What the plan says of the host it was made for; a mismatch is refused.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Facts {
    /// `uname -m`.
    pub arch: Option<String>,
    /// Highest capability of the kernel, `/proc/sys/kernel/cap_last_cap`.
    #[serde(rename = "lastCap")]
    pub last_cap: Option<u32>,
}

/// A plan, ready to be carried out.
#[derive(Debug)]
pub struct Plan {
    /// The steps in order.
    pub steps: Vec<Box<dyn Step>>,
    /// The command that a saved plan names; the command line of the launcher comes first.
    pub argv: Vec<Bytes>,
    /// What it rests on.
    pub facts: Facts,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Outer<'a> {
    version: u32,
    #[serde(borrow)]
    steps: Vec<&'a RawValue>,
    #[serde(default)]
    argv: Vec<Bytes>,
    #[serde(default)]
    facts: Facts,
    #[serde(default, rename = "$schema")]
    _schema: serde::de::IgnoredAny,
}

#[derive(Deserialize)]
struct Head {
    #[serde(rename = "do")]
    name: String,
}

impl Plan {
    /// Reads a plan with the kinds of steps given.
    ///
    /// # Errors
    /// What is refused, and which step.
    pub fn parse(text: &[u8], kinds: &[&[Kind]]) -> Result<Self, Refusal> {
        if text.len() > MAX_BYTES {
            return Err(Refusal::plan(format!(
                "the plan is larger than {MAX_BYTES} bytes"
            )));
        }
        let text = std::str::from_utf8(text)
            .map_err(|e| Refusal::plan(format!("the plan is not UTF-8: {e}")))?;
        let version = serde_json::from_str::<VersionOnly>(text)
            .ok()
            .and_then(|v| v.version);
        if version.is_some_and(|v| v != 1) {
            return Err(
                Refusal::plan("this plan has another version than 1").because(
                    "a newer tool made it",
                    "use the launcher that came with that tool",
                ),
            );
        }
        let outer: Outer<'_> = serde_json::from_str(text)
            .map_err(|e| Refusal::plan(format!("the plan is not valid: {e}")))?;
        debug_assert_eq!(outer.version, 1);
        if outer.steps.len() > MAX_STEPS {
            return Err(Refusal::plan(format!("more than {MAX_STEPS} steps")));
        }
        if outer.argv.len() > MAX_WORDS {
            return Err(Refusal::plan(format!(
                "more than {MAX_WORDS} words in the command"
            )));
        }
        let mut steps = Vec::with_capacity(outer.steps.len());
        for (index, raw) in outer.steps.iter().enumerate() {
            steps.push(parse_step(index, raw.get(), kinds)?);
        }
        Ok(Self {
            steps,
            argv: outer.argv,
            facts: outer.facts,
        })
    }

    /// What all steps together need.
    #[must_use]
    pub fn needs(&self) -> Needs {
        self.steps
            .iter()
            .map(|s| s.needs())
            .fold(Needs::default(), |a, b| Needs {
                supervisor: a.supervisor || b.supervisor || b.undo || b.time_limit.is_some(),
                keeper: a.keeper || b.keeper || b.undo || b.time_limit.is_some(),
                undo: a.undo || b.undo,
                time_limit: b.time_limit.or(a.time_limit),
                grace: b.grace.or(a.grace),
                visible: a.visible || b.visible,
                parent_death: b.parent_death.or(a.parent_death),
                encloses: a.encloses || b.encloses,
            })
    }

    /// Checks the order of the steps. `privileged`: the caller may mount in its own namespaces.
    ///
    /// # Errors
    /// The first order that cannot work, with the reason and the remedy.
    pub fn check_order(&self, privileged: bool) -> Result<(), Refusal> {
        let needs = self.needs();
        if needs.time_limit.is_some() && !needs.encloses {
            return Err(Refusal::plan(
                "a time limit without a pid namespace or a transient cgroup",
            )
            .because(
                "only one process would be ended, not what it started",
                "add --pid (ns-unshare) or a limit (cgroup-ctl)",
            ));
        }
        if needs.supervisor && needs.parent_death == Some(ParentDeath::Signal(0)) {
            return Err(Refusal::plan(
                "no parent-death signal for a command that has a supervisor",
            )
            .because(
                "the supervisor stays as its parent, and the command must not outlive it",
                "leave --pdeathsig clear out, or what needs a supervisor: --pid, a limit, a time limit",
            ));
        }
        let marks: Vec<(usize, Mark)> = (self.steps.iter().enumerate())
            .flat_map(|(i, s)| s.marks().into_iter().map(move |m| (i, m)))
            .collect();
        order::check(&marks, privileged)
    }
}

#[derive(Deserialize)]
struct VersionOnly {
    version: Option<u64>,
}

fn parse_step(index: usize, text: &str, kinds: &[&[Kind]]) -> Result<Box<dyn Step>, Refusal> {
    let head: Head = serde_json::from_str(text)
        .map_err(|e| Refusal::step(index, format!("step {index} is not a step: {e}")))?;
    let known = kinds
        .iter()
        .flat_map(|k| k.iter())
        .find(|k| k.name == head.name);
    let Some(kind) = known else {
        return Err(Refusal::step(
            index,
            format!("step {index}: unknown step '{}'", clip(&head.name)),
        ));
    };
    let step = (kind.parse)(text)
        .map_err(|e| Refusal::step(index, format!("step {index} ({}): {e}", kind.name)))?;
    step.validate()
        .map_err(|e| Refusal::step(index, format!("step {index} ({}): {e}", kind.name)))?;
    Ok(step)
}

fn clip(text: &str) -> String {
    text.chars().take(80).collect()
}
