//! The shortest policy that we find of the same meaning: rules that never decide are dropped, equal neighbours joined, and
//! where it is shorter a call's rules are written anew from what they mean. Proved equal before it is given out.

use super::{
    AnalysisError, Subject,
    diagram::{Diagrams, Id},
    diff, lift,
    meaning::{self, Values},
};
use crate::{Arch, Condition, Entry, Policy, Rule, names, words};

/// The outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Minimised {
    /// The shorter policy.
    pub policy: Policy,
    /// Rules, call by call and way by way, before and after.
    pub rules: (usize, usize),
}

/// Shortens a policy.
///
/// # Errors
/// If it cannot be analysed within bounds; never with another meaning.
pub fn minimise(policy: &Policy) -> Result<Minimised, AnalysisError> {
    shorten(policy, true)
}

/// The same without writing any rule anew, for a form that has not all words for those.
///
/// # Errors
/// As [`minimise`].
pub fn drop_idle(policy: &Policy) -> Result<Minimised, AnalysisError> {
    shorten(policy, false)
}

fn shorten(policy: &Policy, anew: bool) -> Result<Minimised, AnalysisError> {
    let mut d = Diagrams::new();
    let entries = policy.entries.iter().map(|e| entry(&mut d, e, anew));
    let entries: Result<Vec<Entry>, AnalysisError> = entries.collect();
    let shorter = Policy {
        entries: entries?,
        closed: policy.closed,
    };
    let same = diff(
        &Subject::Policy(policy.clone()),
        &Subject::Policy(shorter.clone()),
        None,
    )?;
    if !same.all.is_empty() {
        return Err(AnalysisError::too_large(
            "the shorter policy is not proved to mean the same",
        ));
    }
    let count = |p: &Policy| {
        p.entries
            .iter()
            .flat_map(|e| e.calls.values())
            .map(Vec::len)
            .sum()
    };
    Ok(Minimised {
        rules: (count(policy), count(&shorter)),
        policy: shorter,
    })
}

fn entry(d: &mut Diagrams, entry: &Entry, anew: bool) -> Result<Entry, AnalysisError> {
    let default = d.end(entry.default.value());
    let mut shorter = Entry {
        calls: std::collections::BTreeMap::new(),
        ..entry.clone()
    };
    for (&number, rules) in &entry.calls {
        let node = meaning::call(d, entry.arch, number, rules, default, &mut Values)?;
        let unnamed = match entry.newer {
            Some((last, action)) if number > last => d.end(action.value()),
            _ => default,
        };
        if node == unnamed {
            continue;
        }
        let fewer = fewer(d, entry.arch, number, rules, default, node)?;
        let anew = anew
            .then(|| lift::rules(d, entry.arch, number, node, default))
            .flatten();
        let name = names::call(entry.arch, number);
        let cost = |rules: &[Rule]| length(entry.arch, name, rules);
        let best = anew
            .into_iter()
            .filter(|anew| cost(anew) < cost(&fewer))
            .min_by_key(|anew| cost(anew));
        shorter.calls.insert(number, best.unwrap_or(fewer));
    }
    Ok(shorter)
}

/// Rules and conditions left out, from the last on, as long as the meaning stays.
fn fewer(
    d: &mut Diagrams,
    arch: Arch,
    number: u32,
    rules: &[Rule],
    default: Id,
    node: Id,
) -> Result<Vec<Rule>, AnalysisError> {
    let mut left = rules.to_vec();
    let same = |d: &mut Diagrams, left: &[Rule]| -> Result<bool, AnalysisError> {
        Ok(meaning::call(d, arch, number, left, default, &mut Values)? == node)
    };
    // Quadratic: for the few calls with many rules the drop of each is not tried.
    if left.len() > 256 {
        return Ok(left);
    }
    for i in (0..left.len()).rev() {
        let rule = left.remove(i);
        if !same(d, &left)? {
            left.insert(i, rule);
        }
    }
    for i in 0..left.len() {
        for c in (0..left[i].conditions.len()).rev() {
            let condition = left[i].conditions.remove(c);
            if !same(d, &left)? {
                left[i].conditions.insert(c, condition);
            }
        }
    }
    Ok(left)
}

/// Characters that the rules take in the terse form.
fn length(arch: Arch, name: Option<&str>, rules: &[Rule]) -> usize {
    let alike = rules.chunk_by(|a, b| {
        a.action == b.action && !a.conditions.is_empty() && !b.conditions.is_empty()
    });
    let one = |rules: &[Rule]| {
        let alternatives: Vec<&[Condition]> = rules.iter().map(|r| &r.conditions[..]).collect();
        let when = words::any(arch, name, &alternatives);
        name.map_or(0, str::len) + when.len() + 4 + words::action(rules[0].action).len()
    };
    alike.map(one).sum()
}
