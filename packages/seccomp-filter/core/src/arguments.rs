//! What a call's arguments decide: rules in order, each a list of conditions on 64-bit values, as tests of
//! 32-bit words. An argument is stored as two words, in the byte order of its architecture.

use crate::{
    Action, Condition, Op, Rule, bpf,
    graph::{FULL, Graph, Id},
};
use rustc_hash::FxHashSet;

impl Graph {
    /// The rules of one call: the first that matches decides.
    pub(crate) fn rules(&mut self, rules: &[Rule], default: Action) -> Id {
        let mut next = self.verdict(default);
        // What is said again never decides.
        let mut said = FxHashSet::default();
        let once: Vec<&Rule> = (rules.iter())
            .filter(|rule| said.insert(&rule.conditions[..]))
            .collect();
        let chunks: Vec<&[&Rule]> = once.chunk_by(|a, b| same_upper_half(a, b)).collect();
        for chunk in chunks.into_iter().rev() {
            next = match chunk {
                [rule] => self.rule(rule, next),
                _ => self.list(chunk, next),
            };
        }
        self.line = 0;
        next
    }

    fn rule(&mut self, rule: &Rule, no: Id) -> Id {
        self.line = rule.line;
        let mut yes = self.verdict(rule.action);
        for condition in rule.conditions.iter().rev() {
            yes = self.condition(*condition, yes, no);
        }
        yes
    }

    /// A list of values for one argument: their common upper half is tested once.
    fn list(&mut self, rules: &[&Rule], no: Id) -> Id {
        let mut next = no;
        let mut upper = None;
        for rule in rules.iter().rev() {
            self.line = rule.line;
            let [c] = rule.conditions[..] else { continue };
            let yes = self.verdict(rule.action);
            let (low, (_, mask), (_, value)) =
                (self.low_word(c.arg), halves(c.mask), halves(c.value));
            next = self.equal(low, mask, value, yes, next);
            upper = Some(c);
        }
        let Some(c) = upper else { return no };
        let (mask, value) = (halves(c.mask).0, halves(c.value).0);
        self.equal(self.high_word(c.arg), mask, value, next, no)
    }

    /// One condition over 64 bits, as comparisons of its halves; the upper one first.
    fn condition(&mut self, c: Condition, yes: Id, no: Id) -> Id {
        let (low, high) = (self.low_word(c.arg), self.high_word(c.arg));
        let (mask_high, mask_low) = halves(c.mask);
        let (value_high, value_low) = halves(c.value);
        let greater = match c.op {
            Op::Eq => {
                let rest = self.equal(low, mask_low, value_low, yes, no);
                return self.equal(high, mask_high, value_high, rest, no);
            }
            Op::Ne => return self.condition(Condition { op: Op::Eq, ..c }, no, yes),
            Op::Lt => return self.condition(Condition { op: Op::Ge, ..c }, no, yes),
            Op::Le => return self.condition(Condition { op: Op::Gt, ..c }, no, yes),
            Op::Gt => bpf::JGT,
            Op::Ge => bpf::JGE,
        };
        let rest = self.test(low, mask_low, greater, value_low, yes, no);
        if value_high == 0 {
            return self.equal(high, mask_high, 0, rest, yes);
        }
        let same = self.equal(high, mask_high, value_high, rest, no);
        self.test(high, mask_high, bpf::JGT, value_high, yes, same)
    }

    /// Offset in `seccomp_data` of an argument's lower half.
    fn low_word(&self, arg: u8) -> u32 {
        16 + 8 * u32::from(arg) + if self.big_endian { 4 } else { 0 }
    }

    /// Offset of its upper half.
    fn high_word(&self, arg: u8) -> u32 {
        self.low_word(arg) ^ 4
    }

    /// `word & mask == value`, without an AND where a bit test says the same.
    fn equal(&mut self, word: u32, mask: u32, value: u32, yes: Id, no: Id) -> Id {
        if value & !mask != 0 {
            no
        } else if mask == FULL {
            self.test(word, FULL, bpf::JEQ, value, yes, no)
        } else if value == 0 {
            self.test(word, FULL, bpf::JSET, mask, no, yes)
        } else if value == mask && mask.is_power_of_two() {
            self.test(word, FULL, bpf::JSET, mask, yes, no)
        } else {
            self.test(word, mask, bpf::JEQ, value, yes, no)
        }
    }
}

/// Whether both test one argument for equality and differ in the lower half at most.
fn same_upper_half(a: &Rule, b: &Rule) -> bool {
    match (&a.conditions[..], &b.conditions[..]) {
        ([a], [b]) => {
            let equality = a.op == Op::Eq && b.op == Op::Eq;
            equality && a.arg == b.arg && a.mask == b.mask && a.value >> 32 == b.value >> 32
        }
        _ => false,
    }
}

fn halves(value: u64) -> (u32, u32) {
    #[allow(clippy::cast_possible_truncation)] // the halves
    let (high, low) = ((value >> 32) as u32, value as u32);
    (high, low)
}
