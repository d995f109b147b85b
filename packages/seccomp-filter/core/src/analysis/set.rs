//! A set of values of one argument, said as conditions: values, ranges, bits. Of several ways to say it the one that is
//! easiest to read.

use super::diagram::{Diagrams, Id, NO, YES, bit, place};
use crate::{Condition, Op};
use rustc_hash::FxHashSet;

/// Any of these lists of conditions, all on one argument.
pub(crate) type Alternatives = Vec<Vec<Condition>>;

/// More runs or single cases than that are not said.
const MOST: usize = 64;

/// The set as conditions on argument `arg`, of which the kernel reads `read`; `None` if it takes too many. The diagram
/// asks the upper half of an argument first.
pub(crate) fn describe(d: &Diagrams, arg: u8, set: Id, read: u64) -> Option<Alternatives> {
    match set {
        YES => return Some(vec![vec![]]),
        NO => return Some(vec![]),
        _ => {}
    }
    let support = support(d, arg, set);
    let plain = if support & !read == 0 { read } else { u64::MAX };
    let by_runs = [plain, support].into_iter().filter_map(|mask| {
        let runs = runs(d, arg, set, mask)?;
        Some(from_runs(arg, mask, &runs, mask != plain))
    });
    let best = by_runs.flatten().min_by_key(|(cost, _)| *cost);
    let cubes = cubes(d, arg, set).map(|all| (5 * all.len(), all));
    best.into_iter()
        .chain(cubes)
        .min_by_key(|(cost, _)| *cost)
        .map(|(_, all)| all)
}

/// The bits of the argument on which it depends.
fn support(d: &Diagrams, arg: u8, set: Id) -> u64 {
    let mut seen = FxHashSet::default();
    let mut stack = vec![set];
    let mut mask = 0;
    while let Some(id) = stack.pop() {
        if id == YES || id == NO || !seen.insert(id) {
            continue;
        }
        let node = d.node(id);
        mask |= bit_of(node.var, arg);
        stack.extend([node.low, node.high]);
    }
    mask
}

fn bit_of(var: u16, arg: u8) -> u64 {
    let (offset, bit) = place(var);
    let low = 16 + 8 * u32::from(arg);
    1 << (bit + if offset == low { 0 } else { 32 })
}

/// The values under a mask, from the smallest on: (first value, whether it is in the set).
fn runs(d: &Diagrams, arg: u8, set: Id, mask: u64) -> Option<Vec<(u64, bool)>> {
    let bits: Vec<u32> = (0..64).rev().filter(|i| mask >> i & 1 == 1).collect();
    let mut runs: Vec<(u64, bool)> = Vec::new();
    let mut stack = vec![(set, 0_usize, 0_u64)];
    while let Some((id, depth, from)) = stack.pop() {
        if id == YES || id == NO {
            if runs.last().is_none_or(|last| last.1 != (id == YES)) {
                runs.push((from, id == YES));
            }
            if runs.len() > MOST {
                return None;
            }
            continue;
        }
        let i = *bits.get(depth)?;
        let offset = 16 + 8 * u32::from(arg) + if i < 32 { 0 } else { 4 };
        let var = bit(offset, i % 32);
        stack.push((d.step(id, var, true), depth + 1, from | 1 << i));
        stack.push((d.step(id, var, false), depth + 1, from));
    }
    Some(runs)
}

/// Both ways to say runs: those inside, or none of those outside. With what each costs a reader.
fn from_runs(arg: u8, mask: u64, runs: &[(u64, bool)], masked: bool) -> Vec<(usize, Alternatives)> {
    let test = |op, value| Condition {
        arg,
        mask,
        op,
        value,
    };
    let spans: Vec<(u64, u64, bool)> = runs
        .iter()
        .enumerate()
        .map(|(i, &(from, inside))| {
            let to = runs
                .get(i + 1)
                .map_or(mask, |next| next.0.wrapping_sub(1) & mask);
            (from, to, inside)
        })
        .collect();
    let mut inside = Alternatives::new();
    for &(from, to, _) in spans.iter().filter(|s| s.2) {
        match (from, to) {
            // Two or three neighbours are rather values than a range.
            _ if masked && from != to => inside.push(vec![test(Op::Ge, from), test(Op::Le, to)]),
            _ if to - from < 3 => inside.extend((from..=to).map(|value| vec![test(Op::Eq, value)])),
            (0, _) => inside.push(vec![test(Op::Le, to)]),
            (_, _) if to == mask => inside.push(vec![test(Op::Ge, from)]),
            _ => inside.push(vec![test(Op::Ge, from), test(Op::Le, to)]),
        }
    }
    let extra = usize::from(masked);
    let points = inside
        .iter()
        .all(|all| matches!(all[..], [Condition { op: Op::Eq, .. }]));
    let cost = match points {
        true => 1 + inside.len() + extra,
        false => inside.iter().map(|all| 1 + all.len() * (1 + extra)).sum(),
    };
    let mut ways = vec![(cost, inside)];
    let few = |from: u64, to: u64| from == to || (!masked && to - from < 3);
    if spans
        .iter()
        .all(|&(from, to, inside)| inside || few(from, to))
    {
        let outside = spans.iter().filter(|s| !s.2);
        let outside = outside.flat_map(|&(from, to, _)| from..=to);
        let outside: Vec<Condition> = outside.map(|value| test(Op::Ne, value)).collect();
        ways.push((1 + outside.len() + extra, vec![outside]));
    }
    ways
}

/// Case by case: the bits that are known on each way.
fn cubes(d: &Diagrams, arg: u8, set: Id) -> Option<Alternatives> {
    let mut all = Vec::new();
    let mut stack = vec![(set, 0_u64, 0_u64)];
    while let Some((id, mask, value)) = stack.pop() {
        match id {
            NO => {}
            YES => all.push(vec![Condition {
                arg,
                mask,
                op: Op::Eq,
                value,
            }]),
            _ => {
                let node = d.node(id);
                let bit = bit_of(node.var, arg);
                stack.push((node.high, mask | bit, value | bit));
                stack.push((node.low, mask | bit, value));
            }
        }
        if all.len() > MOST {
            return None;
        }
    }
    Some(all)
}
