//! Rules in order to rules without one. OCI knows no order: of rules that match the strictest wins, and
//! one without conditions wins over all. So what an earlier rule decides is taken out of a later one,
//! wherever the later would win. Where that cannot be said exactly, it is refused.

use crate::{Action, Condition, Op, Rule};

/// Tests that must all hold.
type All = Vec<Condition>;

/// A rule that needs no order: any of its lists of tests.
pub(super) struct Free {
    pub(super) any: Vec<All>,
    pub(super) action: Action,
    pub(super) line: u32,
}

/// Most lists of tests that one rule may come to.
const MOST: usize = 512;

/// The same rules without an order.
pub(super) fn free(rules: &[Rule], default: Action) -> Result<Vec<Free>, (u32, String)> {
    let mut made = Vec::new();
    for (index, rule) in rules.iter().enumerate() {
        let mut any = vec![rule.conditions.clone()];
        for earlier in &rules[..index] {
            if wins_by_itself(earlier, rule, default) {
                continue;
            }
            any = any
                .iter()
                .flat_map(|all| without(all, &earlier.conditions))
                .collect();
            if any.len() > MOST {
                return Err((
                    rule.line,
                    "what earlier lines leave of this one is too much for OCI's form".to_owned(),
                ));
            }
        }
        if rule.action != default && !any.is_empty() {
            made.push(Free {
                any,
                action: rule.action,
                line: rule.line,
            });
        }
        // What comes after it is never reached.
        if rule.conditions.is_empty() {
            break;
        }
    }
    Ok(made)
}

/// Whether the earlier of two rules is taken also where their order is not known.
fn wins_by_itself(earlier: &Rule, later: &Rule, default: Action) -> bool {
    if earlier.action == later.action {
        return true;
    }
    // A rule equal to the default is left out, and one without conditions wins over all with some.
    earlier.action != default
        && earlier.action.rank() < later.action.rank()
        && !later.conditions.is_empty()
}

/// `all`, but not where `other` holds entirely.
fn without(all: &All, other: &All) -> Vec<All> {
    if other.iter().any(|test| add(all, *test).is_none()) {
        return vec![all.clone()];
    }
    let negated = other.iter().flat_map(negate);
    negated.filter_map(|test| add(all, test)).collect()
}

/// `all` and one more test; `None` if they can never hold together.
fn add(all: &All, test: Condition) -> Option<All> {
    let mut joined = all.clone();
    let Some(place) = joined.iter().position(|c| c.arg == test.arg) else {
        joined.push(test);
        return Some(joined);
    };
    let old = joined[place];
    match (old.op, test.op) {
        (Op::Eq, Op::Eq) => {
            if (old.value ^ test.value) & old.mask & test.mask != 0 {
                return None;
            }
            joined[place] = Condition {
                mask: old.mask | test.mask,
                value: old.value | test.value,
                ..old
            };
        }
        (Op::Eq, _) if test.mask & !old.mask == 0 => {
            holds(test, old.value).then_some(())?;
        }
        (_, Op::Eq) if old.mask & !test.mask == 0 => {
            holds(old, test.value).then_some(())?;
            joined[place] = test;
        }
        _ if joined.contains(&test) => {}
        _ => joined.push(test),
    }
    Some(joined)
}

pub(super) fn holds(test: Condition, argument: u64) -> bool {
    let masked = argument & test.mask;
    match test.op {
        Op::Eq => masked == test.value,
        Op::Ne => masked != test.value,
        Op::Gt => masked > test.value,
        Op::Ge => masked >= test.value,
        Op::Lt => masked < test.value,
        Op::Le => masked <= test.value,
    }
}

/// Tests of which one holds exactly where this one does not.
fn negate(test: &Condition) -> Vec<Condition> {
    let op = match test.op {
        Op::Eq if is_whole(test.mask) => Op::Ne,
        Op::Eq => return other_bits(*test),
        Op::Ne => Op::Eq,
        Op::Gt => Op::Le,
        Op::Ge => Op::Lt,
        Op::Lt => Op::Ge,
        Op::Le => Op::Gt,
    };
    vec![Condition { op, ..*test }]
}

/// Whether a mask takes all that the kernel reads, of whatever width.
pub(super) const fn is_whole(mask: u64) -> bool {
    matches!(mask, 0xffff | 0xffff_ffff | u64::MAX)
}

/// "Not these bits" as tests of one bit each.
pub(super) fn other_bits(test: Condition) -> Vec<Condition> {
    let bits = (0..64).map(|bit| 1_u64 << bit);
    let own = bits.filter(|bit| test.mask & bit != 0);
    own.map(|bit| Condition {
        mask: bit,
        op: Op::Eq,
        value: (test.value & bit) ^ bit,
        ..test
    })
    .collect()
}
