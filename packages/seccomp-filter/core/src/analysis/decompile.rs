//! A program read back as a policy: which ways in are open, the default, the calls that differ from it.

use super::{
    AnalysisError,
    diagram::{Diagrams, Id},
    lift,
    meaning::{ARCH, NUMBER},
    symbolic,
};
use crate::{Action, Arch, Entry, Policy, X32_BIT, bpf::Insn, names, table};
use std::collections::BTreeMap;

/// What a program says, as rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decompiled {
    /// The rules.
    pub policy: Policy,
    /// What they do not say; empty: they mean exactly what the program does.
    pub unsaid: Vec<String>,
}

/// Reads a program back. `native`: the machine's own way in.
///
/// # Errors
/// If the program cannot be followed.
pub fn decompile(program: &[Insn], native: Arch) -> Result<Decompiled, AnalysisError> {
    let mut d = Diagrams::new();
    let root = symbolic::diagram(&mut d, program)?;
    let runs = d.runs(ARCH, [root])?;
    let mut unsaid = Vec::new();
    let span =
        |i: usize| runs.get(i + 1).map_or(1 << 32, |run| u64::from(run.0)) - u64::from(runs[i].0);
    let ends = (0..runs.len()).filter(|&i| d.value(runs[i].1[0]).is_some());
    let closed = ends
        .max_by_key(|&i| span(i))
        .and_then(|i| d.value(runs[i].1[0]));
    let closed = closed.map_or(Action::KillProcess, Action::from_value);
    let mut entries = Vec::new();
    for (i, &(first, [id])) in runs.iter().enumerate() {
        if d.value(id) == Some(closed.value()) {
            continue;
        }
        let last = runs.get(i + 1).map_or(u32::MAX, |run| run.0 - 1);
        let inside = |arch: &Arch| *arch != Arch::X32 && (first..=last).contains(&arch.audit());
        let known: Vec<Arch> = Arch::ALL.into_iter().filter(inside).collect();
        if first != last {
            unsaid.push("it does not tell architectures apart that have other numbers".to_owned());
        }
        for arch in known
            .into_iter()
            .filter(|a| first == last || a.machine() == native.machine())
        {
            way(&mut d, arch, id, closed, &mut entries, &mut unsaid)?;
        }
    }
    entries.sort_by_key(|e: &Entry| (e.arch != native, e.arch));
    Ok(Decompiled {
        policy: Policy { entries, closed },
        unsaid,
    })
}

fn way(
    d: &mut Diagrams,
    arch: Arch,
    id: Id,
    closed: Action,
    entries: &mut Vec<Entry>,
    unsaid: &mut Vec<String>,
) -> Result<(), AnalysisError> {
    let mut runs: Vec<(u32, u32, Id)> = Vec::new();
    let found = d.runs(NUMBER, [id])?;
    for (i, &(first, [id])) in found.iter().enumerate() {
        let last = found.get(i + 1).map_or(u32::MAX, |run| run.0 - 1);
        runs.push((first, last, id));
    }
    if arch != Arch::X86_64 {
        entries.push(entry(d, arch, &runs, None, unsaid));
        return Ok(());
    }
    let part = |from: u32, to: u32| -> Vec<(u32, u32, Id)> {
        let cut = runs.iter().map(|&(a, b, id)| (a.max(from), b.min(to), id));
        cut.filter(|(a, b, _)| a <= b).collect()
    };
    let (own, x32, skip) = (
        part(0, X32_BIT - 1),
        part(X32_BIT, u32::MAX - 1),
        part(u32::MAX, u32::MAX),
    );
    // The compiler answers it with the default.
    let skip = skip.first().and_then(|run| d.value(run.2));
    let own = entry(d, arch, &own, skip, unsaid);
    if skip != Some(own.default.value()) {
        unsaid.push(
            "the number -1, which a tracer sets to skip a call, has an answer of its own"
                .to_owned(),
        );
    }
    entries.push(own);
    if x32.len() != 1 || d.value(x32[0].2) != Some(closed.value()) {
        let x32 = entry(d, Arch::X32, &x32, None, unsaid);
        entries.push(x32);
    }
    Ok(())
}

/// One way in: numbers without a name tell the default, and what lies above all names is "newer".
fn entry(
    d: &mut Diagrams,
    arch: Arch,
    runs: &[(u32, u32, Id)],
    hint: Option<u32>,
    unsaid: &mut Vec<String>,
) -> Entry {
    let calls = names::calls(arch);
    let newest = table::newest(arch);
    let named = |first: u32, last: u32| {
        calls
            .iter()
            .filter(move |c| (first..=last).contains(&c.0))
            .count()
    };
    let above = runs
        .last()
        .and_then(|&(first, _, id)| Some((first, d.value(id)?)));
    // How many numbers without a name, then how many with one, have an answer; the last run is perhaps "newer".
    let mut votes: BTreeMap<u32, (usize, usize)> = BTreeMap::new();
    let many = runs.len() > 1;
    for &(first, last, id) in &runs[..runs.len() - usize::from(many)] {
        let Some(value) = d.value(id) else { continue };
        let to = last.min(newest);
        let known = named(first, last);
        let free = (to.saturating_add(1)).saturating_sub(first) as usize;
        let vote = votes.entry(value).or_default();
        vote.0 += free.saturating_sub(known);
        vote.1 += known;
    }
    let voted = votes.iter().max_by_key(|(_, vote)| **vote);
    let default = hint
        .or(voted.map(|(value, _)| *value))
        .or(above.map(|(_, value)| value));
    let default = default.unwrap_or(0);
    let newer = above.filter(|(first, value)| *value != default && *first > 0);
    let newer = newer.map(|(first, value)| (first - 1, Action::from_value(value)));
    let default_id = d.end(default);
    let mut found = BTreeMap::new();
    for &(first, last, id) in runs {
        let beyond = newer.is_some_and(|(last, _)| first > last);
        if id == default_id || beyond {
            continue;
        }
        let last = match newer {
            Some((end, _)) => last.min(end),
            None => last,
        };
        if last - first > 1 << 16 {
            unsaid.push(format!(
                "{}: numbers {first} to {last} have an answer of their own",
                arch.name()
            ));
            continue;
        }
        for number in first..=last {
            let rules = lift::rules(d, arch, number, id, default_id);
            match rules {
                Some(rules) => drop(found.insert(number, rules)),
                None => unsaid.push(format!(
                    "{} {}: its conditions take too many words",
                    arch.name(),
                    names::call(arch, number).map_or_else(|| number.to_string(), str::to_owned)
                )),
            }
        }
    }
    Entry {
        arch,
        default: Action::from_value(default),
        newer,
        calls: found,
    }
}
