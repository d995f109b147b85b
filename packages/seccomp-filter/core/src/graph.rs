//! Policy to decision graph: every node tests one 32-bit word of `seccomp_data` or is a verdict.
//! Equal nodes are one node, so that equal rules of different calls and architectures share code.

use crate::{
    Action, Arch, Condition, Entry, Op, Policy, Rule, X32_BIT, bpf,
    search::{Leaf, leaves},
};
use rustc_hash::FxHashMap;

/// A node's place in [`Graph::nodes`].
pub(crate) type Id = u32;

/// All bits of a word: no AND before the comparison.
pub(crate) const FULL: u32 = u32::MAX;

const NUMBER: u32 = 0;
const ARCH: u32 = 4;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Test {
    /// Byte offset in `seccomp_data`.
    pub(crate) word: u32,
    pub(crate) mask: u32,
    /// JEQ, JGT, JGE or JSET.
    pub(crate) code: u16,
    pub(crate) k: u32,
    pub(crate) yes: Id,
    pub(crate) no: Id,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Node {
    Verdict(u32),
    Test(Test),
}

#[derive(Debug, Default)]
pub(crate) struct Graph {
    pub(crate) nodes: Vec<Node>,
    /// Line of the policy that a node was first made for; 0 if none.
    pub(crate) lines: Vec<u32>,
    known: FxHashMap<Node, Id>,
    line: u32,
}

/// From this number on, until the next run, the same node decides.
pub(crate) type Run = (u32, Id);

impl Graph {
    /// The graph of a policy and its root.
    pub(crate) fn of(policy: &Policy) -> (Self, Id) {
        let mut graph = Self::default();
        let mut root = graph.verdict(policy.closed);
        let mut entries: Vec<&Entry> = policy.entries.iter().collect();
        // The chain of architectures is built from its end; the native one comes first in `entries`.
        entries.reverse();
        for entry in entries.iter().filter(|e| e.arch != Arch::X32) {
            let x32 = policy.entries.iter().find(|e| e.arch == Arch::X32);
            let runs = graph.runs(
                entry,
                x32.filter(|_| entry.arch == Arch::X86_64),
                policy.closed,
            );
            let calls = graph.tree(&runs);
            root = graph.test(ARCH, FULL, bpf::JEQ, entry.arch.audit(), calls, root);
        }
        (graph, root)
    }

    /// All numbers, as maximal runs of the same node.
    fn runs(&mut self, entry: &Entry, x32: Option<&Entry>, closed: Action) -> Vec<Run> {
        let mut runs = Vec::new();
        if entry.arch != Arch::X86_64 {
            self.runs_of(entry, 0, None, &mut runs);
            return runs;
        }
        self.runs_of(entry, 0, Some(X32_BIT), &mut runs);
        match x32 {
            Some(x32) => self.runs_of(x32, X32_BIT, Some(u32::MAX), &mut runs),
            None => {
                let closed = self.verdict(closed);
                push(&mut runs, X32_BIT, closed);
            }
        }
        // A tracer sets the number to -1 to skip the call; that is no x32 call.
        let default = self.verdict(entry.default);
        push(&mut runs, u32::MAX, default);
        runs
    }

    /// The runs of one entry from `start` up to, not including, `end`.
    fn runs_of(&mut self, entry: &Entry, start: u32, end: Option<u32>, runs: &mut Vec<Run>) {
        let default = self.verdict(entry.default);
        let newer = entry
            .newer
            .map(|(last, action)| (last, self.verdict(action)));
        push(runs, start, default);
        for (&number, rules) in &entry.calls {
            let decision = self.rules(rules, entry.default);
            push(runs, number, decision);
            if number.checked_add(1).is_some_and(|next| Some(next) != end) {
                push(runs, number + 1, default);
            }
        }
        if let Some((last, action)) = newer
            && last.checked_add(1).is_some_and(|next| Some(next) != end)
        {
            push(runs, last + 1, action);
        }
    }

    /// The rules of one call: the first that matches decides.
    fn rules(&mut self, rules: &[Rule], default: Action) -> Id {
        let mut next = self.verdict(default);
        let chunks: Vec<&[Rule]> = rules.chunk_by(same_upper_half).collect();
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
    fn list(&mut self, rules: &[Rule], no: Id) -> Id {
        let mut next = no;
        let mut upper = None;
        for rule in rules.iter().rev() {
            self.line = rule.line;
            let [c] = rule.conditions[..] else { continue };
            let yes = self.verdict(rule.action);
            let (low, (_, mask), (_, value)) = (low_word(c.arg), halves(c.mask), halves(c.value));
            next = self.equal(low, mask, value, yes, next);
            upper = Some(c);
        }
        let Some(c) = upper else { return no };
        let (mask, value) = (halves(c.mask).0, halves(c.value).0);
        self.equal(low_word(c.arg) + 4, mask, value, next, no)
    }

    /// One condition over 64 bits, as comparisons of its halves; the upper one first.
    fn condition(&mut self, c: Condition, yes: Id, no: Id) -> Id {
        let low = low_word(c.arg);
        let high = low + 4;
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

    fn verdict(&mut self, action: Action) -> Id {
        self.add(Node::Verdict(action.value()))
    }

    /// A test, or what it comes to where its outcome is known.
    fn test(&mut self, word: u32, mask: u32, code: u16, k: u32, yes: Id, no: Id) -> Id {
        let (mut k, mut yes, mut no) = (k, yes, no);
        if code == bpf::JSET {
            // Bits that are known on the way to a second test of the same word.
            if let Some(t) = self.bit_test(yes, word).filter(|t| k & !t.k == 0) {
                yes = t.yes;
            }
            if let Some(t) = self.bit_test(no, word).filter(|t| t.k & !k == 0) {
                no = t.no;
            }
            // Either bit leads to the same place: one test of both.
            if let Some(t) = self.bit_test(no, word).filter(|t| t.yes == yes) {
                k |= t.k;
                no = t.no;
            }
        }
        let known = match code {
            bpf::JEQ if k & !mask != 0 => Some(false),
            bpf::JEQ if mask == 0 => Some(true),
            bpf::JSET if k == 0 => Some(false),
            bpf::JGE if k == 0 => Some(true),
            bpf::JGE if k > mask => Some(false),
            bpf::JGT if k >= mask => Some(false),
            _ => None,
        };
        match known {
            Some(true) => yes,
            Some(false) => no,
            None if yes == no => yes,
            None => self.add(Node::Test(Test {
                word,
                mask,
                code,
                k,
                yes,
                no,
            })),
        }
    }

    fn bit_test(&self, id: Id, word: u32) -> Option<Test> {
        match self.nodes[id as usize] {
            Node::Test(t) if t.code == bpf::JSET && t.word == word => Some(t),
            _ => None,
        }
    }

    fn add(&mut self, node: Node) -> Id {
        if let Some(&id) = self.known.get(&node) {
            return id;
        }
        let id = Id::try_from(self.nodes.len()).unwrap_or(Id::MAX);
        self.nodes.push(node);
        // Verdicts are shared by all rules, so they have no line of their own.
        let shared = matches!(node, Node::Verdict(_));
        self.lines.push(if shared { 0 } else { self.line });
        self.known.insert(node, id);
        id
    }

    /// A search tree over all numbers, halved by JGE.
    fn tree(&mut self, runs: &[Run]) -> Id {
        self.halve(runs, &leaves(runs))
    }

    fn halve(&mut self, runs: &[Run], leaves: &[Leaf]) -> Id {
        let [(from, to)] = *leaves else {
            let (left, right) = leaves.split_at(leaves.len() / 2);
            let yes = self.halve(runs, right);
            let no = self.halve(runs, left);
            return self.test(NUMBER, FULL, bpf::JGE, runs[right[0].0].0, yes, no);
        };
        // The run itself, and from the second on every other one a single number in it.
        let singles = runs[from..to].iter().skip(1).step_by(2).rev();
        singles.fold(runs[from].1, |no, &(number, inner)| {
            self.test(NUMBER, FULL, bpf::JEQ, number, inner, no)
        })
    }
}

fn push(runs: &mut Vec<Run>, start: u32, node: Id) {
    if runs.last().is_some_and(|last| last.0 == start) {
        runs.pop();
    }
    if runs.last().is_none_or(|last| last.1 != node) {
        runs.push((start, node));
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

/// Offset in `seccomp_data` of an argument's lower half; little-endian.
fn low_word(arg: u8) -> u32 {
    16 + 8 * u32::from(arg)
}

fn halves(value: u64) -> (u32, u32) {
    #[allow(clippy::cast_possible_truncation)] // the halves
    let (high, low) = ((value >> 32) as u32, value as u32);
    (high, low)
}
