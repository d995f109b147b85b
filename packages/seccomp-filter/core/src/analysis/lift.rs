//! From a diagram back to rules: what decompiling, minimising and the words of a difference have in common. An argument
//! is taken at a time: its values are parted by what follows, each part is said in conditions, and what follows is
//! taken apart in the same way.

use super::{
    diagram::{Diagrams, END, Id, NO, Var, YES, bit, place},
    meaning::big_endian,
    set::{self, Alternatives},
};
use crate::{Action, Arch, Condition, Op, Rule, names, table};
use rustc_hash::{FxHashMap, FxHashSet};

/// More parts of one argument than that are not taken apart.
const MOST_PARTS: usize = 256;
/// Nor are decisions that take more rules.
const MOST_RULES: usize = 4096;

/// When a condition over arguments holds, in a few words; `None` if it takes many.
pub(crate) fn conditions(
    d: &mut Diagrams,
    way: Arch,
    condition: Id,
) -> Option<Vec<Vec<Condition>>> {
    let condition = upper_half_first(d, way, condition);
    let lifter = Lifter { way, name: None };
    let rules = lifter.rules(d, condition, NO)?;
    let simple = rules.len() <= 16 && rules.iter().all(|(_, end)| *end == YES);
    simple.then(|| rules.into_iter().map(|(when, _)| when).collect())
}

/// The rules of one call, of which the first that matches decides; `None` if they cannot be said.
pub(crate) fn rules(
    d: &mut Diagrams,
    way: Arch,
    number: u32,
    node: Id,
    default: Id,
) -> Option<Vec<Rule>> {
    let node = upper_half_first(d, way, node);
    let lifter = Lifter {
        way,
        name: names::call(way, number),
    };
    let rules = lifter.rules(d, node, default)?;
    let rule = |(conditions, end)| Rule {
        conditions,
        action: Action::from_value(d.value(end).unwrap_or(0)),
        line: 0,
    };
    Some(rules.into_iter().map(rule).collect())
}

type Lifted = Vec<(Vec<Condition>, Id)>;

struct Lifter {
    way: Arch,
    name: Option<&'static str>,
}

/// A part of an argument's values, and what follows there.
struct Part {
    set: Id,
    said: Alternatives,
    /// Rules besides the default.
    rules: Lifted,
    end: Option<Id>,
}

impl Lifter {
    fn rules(&self, d: &mut Diagrams, node: Id, default: Id) -> Option<Lifted> {
        if node == default {
            return Some(vec![]);
        }
        if d.node(node).var == END {
            return Some(vec![(vec![], node)]);
        }
        let (offset, _) = place(d.node(node).var);
        let arg = u8::try_from(offset.checked_sub(16)? / 8).ok()?;
        let last = bit(16 + 8 * u32::from(arg), 0);
        let mut parts = Vec::new();
        for child in children(d, node, last)? {
            let set = select(d, node, last, child, &mut FxHashMap::default());
            let said = set::describe(d, arg, set, self.read(arg))?;
            let rules = self.rules(d, child, default)?;
            let end = (d.node(child).var == END).then_some(child);
            parts.push(Part {
                set,
                said,
                rules,
                end,
            });
        }
        let best = self.best(d, arg, &parts, default);
        (best.len() <= MOST_RULES).then_some(best)
    }

    fn read(&self, arg: u8) -> u64 {
        let call = self.name.and_then(table::find);
        call.map_or_else(
            || {
                if self.way.is_32_bit() {
                    0xffff_ffff
                } else {
                    u64::MAX
                }
            },
            |call| call.read_mask(self.way, arg),
        )
    }

    /// The shortest of: each part by itself, or one of them as "everything else".
    fn best(&self, d: &mut Diagrams, arg: u8, parts: &[Part], default: Id) -> Lifted {
        let mut best = self.each(d, arg, parts);
        for last in 0..parts.len() {
            let mut rules = Vec::new();
            for part in parts
                .iter()
                .enumerate()
                .filter(|(i, _)| *i != last)
                .map(|(_, part)| part)
            {
                let mut own = part.rules.clone();
                if own.last().is_none_or(|(when, _)| !when.is_empty()) {
                    own.push((vec![], default));
                }
                multiply(&part.said, &own, &mut rules);
            }
            rules.extend(parts[last].rules.iter().cloned());
            if cost(&rules) < cost(&best) {
                best = rules;
            }
        }
        best
    }

    /// Each part by itself. What was decided before does not matter any more, so a later part may be said with it.
    fn each(&self, d: &mut Diagrams, arg: u8, parts: &[Part]) -> Lifted {
        let mut order: Vec<&Part> = parts.iter().filter(|part| !part.rules.is_empty()).collect();
        order.sort_by_key(|part| (part.end.is_none(), words(&part.said)));
        let mut rules = Vec::new();
        let mut decided = NO;
        for part in order {
            let wider = d.or(part.set, decided);
            let wider = set::describe(d, arg, wider, self.read(arg));
            let said = match &wider {
                Some(wider) if words(wider) < words(&part.said) => wider,
                _ => &part.said,
            };
            multiply(said, &part.rules, &mut rules);
            if part.end.is_some() {
                decided = d.or(decided, part.set);
            }
        }
        rules
    }
}

fn multiply(said: &Alternatives, rules: &Lifted, into: &mut Lifted) {
    for (when, end) in rules {
        for alternative in said {
            into.push((alternative.iter().chain(when).copied().collect(), *end));
        }
    }
}

/// How much there is to read; a further value of a list is one word.
fn cost(rules: &Lifted) -> usize {
    let listed = |at: usize| match (&rules[at - 1], &rules[at]) {
        ((a, x), (b, y)) if x == y => match (&a[..], &b[..]) {
            ([a], [b]) => a.op == Op::Eq && b.op == Op::Eq && (a.arg, a.mask) == (b.arg, b.mask),
            _ => false,
        },
        _ => false,
    };
    let each = rules.iter().enumerate();
    each.map(|(at, (when, _))| {
        if at > 0 && listed(at) {
            1
        } else {
            2 + when.len()
        }
    })
    .sum()
}

fn words(said: &Alternatives) -> usize {
    said.iter().map(|all| 1 + all.len()).sum()
}

/// What can follow the bits up to `last`.
fn children(d: &Diagrams, node: Id, last: Var) -> Option<Vec<Id>> {
    let mut found = Vec::new();
    let mut seen = FxHashSet::default();
    let mut stack = vec![node];
    while let Some(id) = stack.pop() {
        if !seen.insert(id) {
            continue;
        }
        let node = d.node(id);
        if node.var > last {
            found.push(id);
            if found.len() > MOST_PARTS {
                return None;
            }
            continue;
        }
        stack.extend([node.high, node.low]);
    }
    Some(found)
}

/// For which values of the bits up to `last` it comes to `child`.
fn select(d: &mut Diagrams, id: Id, last: Var, child: Id, known: &mut FxHashMap<Id, Id>) -> Id {
    let node = d.node(id);
    if node.var > last {
        return if id == child { YES } else { NO };
    }
    if let Some(&set) = known.get(&id) {
        return set;
    }
    let low = select(d, node.low, last, child, known);
    let high = select(d, node.high, last, child, known);
    let set = d.ask(node.var, low, high);
    known.insert(id, set);
    set
}

/// The same for an architecture that stores the lower half first, so that numbers can be read from the bits in order.
fn upper_half_first(d: &mut Diagrams, way: Arch, id: Id) -> Id {
    if big_endian(way) {
        swap(d, id, &mut FxHashMap::default())
    } else {
        id
    }
}

fn swap(d: &mut Diagrams, id: Id, known: &mut FxHashMap<Id, Id>) -> Id {
    let node = d.node(id);
    if node.var == END {
        return id;
    }
    if let Some(&id) = known.get(&id) {
        return id;
    }
    let (low, high) = (swap(d, node.low, known), swap(d, node.high, known));
    let (offset, place) = place(node.var);
    let set = d.is_set(bit(offset ^ 4, place));
    let swapped = d.choose(set, high, low);
    known.insert(id, swapped);
    swapped
}
