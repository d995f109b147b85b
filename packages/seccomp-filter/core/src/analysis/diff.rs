//! Two filters compared by meaning: call by call, with one call for each difference that shows it. Equal means
//! proved equal, for all architectures, numbers and arguments: both are the same diagram.

use super::{
    AnalysisError, Subject,
    diagram::{Diagrams, Id, NO, YES, place},
    lift,
    meaning::{ARCH, NUMBER},
    subject::Answer,
};
use crate::{Arch, Condition, X32_BIT, bpf::Data, names};
use rustc_hash::{FxHashMap, FxHashSet};

/// One kind of call that is answered differently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The way in; `None`: one that neither opens.
    pub way: Option<Arch>,
    /// Numbers, first and last: of one call, or of a run that has no name here.
    pub numbers: (u32, u32),
    /// Name of the call.
    pub name: Option<&'static str>,
    /// For which arguments: any of these lists of conditions; `None` if they cannot be said in a few words.
    pub when: Option<Vec<Vec<Condition>>>,
    /// A call that shows it.
    pub witness: Data,
    /// What the first says to it.
    pub a: Answer,
    /// What the second says to it.
    pub b: Answer,
}

/// The outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Differences {
    /// In the order of ways in and numbers; empty: proved equal.
    pub all: Vec<Difference>,
    /// Calls by name and way in that are answered alike whatever their arguments.
    pub alike: usize,
    /// Calls by name and way in of which some are answered differently.
    pub unlike: usize,
}

/// Compares. `only`: one way in.
///
/// # Errors
/// If a program cannot be followed, or the comparison would take too much memory.
pub fn diff(a: &Subject, b: &Subject, only: Option<Arch>) -> Result<Differences, AnalysisError> {
    let mut d = Diagrams::new();
    let roots = [a.diagram(&mut d)?, b.diagram(&mut d)?];
    let mut comparison = Comparison {
        sides: [a, b],
        d,
        pairs: FxHashMap::default(),
        found: Differences {
            all: Vec::new(),
            alike: 0,
            unlike: 0,
        },
    };
    comparison.ways(roots, only)?;
    Ok(comparison.found)
}

/// Arguments that lead to a pair of different answers.
#[derive(Clone)]
struct Pair {
    when: Option<Vec<Vec<Condition>>>,
    args: [u64; 6],
    ip: u64,
}

struct Comparison<'a> {
    sides: [&'a Subject; 2],
    d: Diagrams,
    pairs: FxHashMap<(Arch, Id, Id), Vec<Pair>>,
    found: Differences,
}

impl Comparison<'_> {
    fn ways(&mut self, roots: [Id; 2], only: Option<Arch>) -> Result<(), AnalysisError> {
        let runs = self.d.runs(ARCH, roots)?;
        let mut closed = None;
        for (i, &(first, ids)) in runs.iter().enumerate() {
            let last = runs.get(i + 1).map_or(u32::MAX, |run| run.0 - 1);
            let constant = ids.iter().all(|&id| self.d.value(id).is_some());
            let known: Vec<Arch> = (Arch::ALL.into_iter())
                .filter(|arch| *arch != Arch::X32 && (first..=last).contains(&arch.audit()))
                .collect();
            if constant {
                let here = known.iter().find(|arch| only.is_none_or(|o| o == **arch));
                if ids[0] != ids[1] && (here.is_some() || only.is_none()) {
                    closed.get_or_insert(here.map_or(first, |a| a.audit()));
                }
                continue;
            }
            match known[..] {
                [arch] if first == last => self.numbers(arch, ids, only)?,
                _ if ids[0] == ids[1] => {}
                _ => {
                    return Err(AnalysisError::too_large(
                        "they tell architectures apart that have no name here",
                    ));
                }
            }
        }
        if let Some(audit) = closed {
            let pair = Pair {
                when: Some(vec![vec![]]),
                args: [0; 6],
                ip: 0,
            };
            self.add(None, (0, u32::MAX), None, audit, &pair);
        }
        Ok(())
    }

    fn numbers(
        &mut self,
        arch: Arch,
        ids: [Id; 2],
        only: Option<Arch>,
    ) -> Result<(), AnalysisError> {
        let mut runs = self.d.runs(NUMBER, ids)?;
        if arch == Arch::X86_64 {
            for cut in [X32_BIT, u32::MAX] {
                let at = runs.partition_point(|run| run.0 <= cut);
                if runs[at - 1].0 != cut {
                    runs.insert(at, (cut, runs[at - 1].1));
                }
            }
        }
        for (i, &(first, ids)) in runs.iter().enumerate() {
            let last = runs.get(i + 1).map_or(u32::MAX, |run| run.0 - 1);
            let x32 = arch == Arch::X86_64 && first >= X32_BIT && first != u32::MAX;
            let way = if x32 { Arch::X32 } else { arch };
            if only.is_some_and(|only| only != way) {
                continue;
            }
            let named: Vec<(u32, &'static str)> = names::calls(way)
                .iter()
                .filter(|(number, _)| (first..=last).contains(number))
                .copied()
                .collect();
            if ids[0] == ids[1] {
                self.found.alike += named.len();
                continue;
            }
            self.found.unlike += named.len();
            for pair in self.pairs(way, ids)? {
                for &(number, name) in &named {
                    self.add(Some(way), (number, number), Some(name), arch.audit(), &pair);
                }
                if let Some(numbers) = nameless(first, last, &named) {
                    self.add(Some(way), numbers, None, arch.audit(), &pair);
                }
            }
        }
        self.found.all.sort_by_key(|d| (d.way, d.numbers.0));
        Ok(())
    }

    fn add(
        &mut self,
        way: Option<Arch>,
        numbers: (u32, u32),
        name: Option<&'static str>,
        arch: u32,
        pair: &Pair,
    ) {
        let witness = Data {
            nr: numbers.0,
            arch,
            ip: pair.ip,
            args: pair.args,
        };
        let [a, b] = self.sides.map(|side| side.answer(&witness));
        self.found.all.push(Difference {
            way,
            numbers,
            name,
            when: pair.when.clone(),
            witness,
            a,
            b,
        });
    }

    /// Every pair of different answers that two diagrams over the arguments can come to.
    fn pairs(&mut self, way: Arch, ids: [Id; 2]) -> Result<Vec<Pair>, AnalysisError> {
        if let Some(known) = self.pairs.get(&(way, ids[0], ids[1])) {
            return Ok(known.clone());
        }
        let mut ends: Vec<(u32, u32)> = Vec::new();
        let mut seen = FxHashSet::default();
        let mut stack = vec![ids];
        while let Some(ids) = stack.pop() {
            if ids[0] == ids[1] || !seen.insert(ids) {
                continue;
            }
            if let [Some(a), Some(b)] = ids.map(|id| self.d.value(id)) {
                if !ends.contains(&(a, b)) {
                    ends.push((a, b));
                }
                continue;
            }
            let var = ids
                .map(|id| self.d.node(id).var)
                .into_iter()
                .min()
                .unwrap_or(0);
            stack.push(ids.map(|id| self.d.step(id, var, true)));
            stack.push(ids.map(|id| self.d.step(id, var, false)));
        }
        let mut pairs = Vec::with_capacity(ends.len());
        for (a, b) in ends {
            let where_so = self.where_so(ids, (a, b), &mut FxHashMap::default());
            self.d.check()?;
            let (args, ip) = smallest(&self.d, where_so, way);
            let when = lift::conditions(&mut self.d, way, where_so);
            pairs.push(Pair { when, args, ip });
        }
        self.pairs.insert((way, ids[0], ids[1]), pairs.clone());
        Ok(pairs)
    }

    /// The arguments for which the two come to exactly these ends, as a condition.
    fn where_so(
        &mut self,
        ids: [Id; 2],
        ends: (u32, u32),
        known: &mut FxHashMap<[Id; 2], Id>,
    ) -> Id {
        if let Some(&id) = known.get(&ids) {
            return id;
        }
        let id = if let [Some(a), Some(b)] = ids.map(|id| self.d.value(id)) {
            if (a, b) == ends { YES } else { NO }
        } else {
            let var = ids
                .map(|id| self.d.node(id).var)
                .into_iter()
                .min()
                .unwrap_or(0);
            let [low, high] = [false, true].map(|high| {
                let next = ids.map(|id| self.d.step(id, var, high));
                self.where_so(next, ends, known)
            });
            self.d.ask(var, low, high)
        };
        known.insert(ids, id);
        id
    }
}

/// The numbers of a run that are no call's, first and last.
fn nameless(first: u32, last: u32, named: &[(u32, &str)]) -> Option<(u32, u32)> {
    let free = |number: u32| !named.iter().any(|(n, _)| *n == number);
    // Named numbers are few: the first free one is near the beginning.
    let from = (first..=last).find(|&number| free(number))?;
    let to = (first..=last).rev().find(|&number| free(number))?;
    Some((from, to))
}

/// Arguments for which a condition holds, with as few bits set as the first way that works needs.
fn smallest(d: &Diagrams, condition: Id, way: Arch) -> ([u64; 6], u64) {
    let (mut args, mut ip) = ([0_u64; 6], 0_u64);
    let mut id = condition;
    while id != YES && id != NO {
        let node = d.node(id);
        let high = node.low == NO;
        if high {
            let (offset, bit) = place(node.var);
            let upper = (offset & 4 != 0) != super::meaning::big_endian(way);
            let value = 1_u64 << (bit + if upper { 32 } else { 0 });
            match offset {
                16.. => args[(offset as usize - 16) / 8] |= value,
                _ => ip |= value,
            }
        }
        id = if high { node.high } else { node.low };
    }
    (args, ip)
}
