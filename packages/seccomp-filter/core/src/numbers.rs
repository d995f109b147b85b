//! Which call it is: the way in, then the number. All numbers of a way in are cut into maximal runs of
//! the same decision; a balanced tree of JGE finds the run. Only words 0 and 1 of `seccomp_data` are
//! looked at until the number is known: so the kernel can work out beforehand which numbers are always
//! allowed, and does not run the filter for those (its "constant action bitmap").

use crate::{
    Action, Arch, Entry, Policy, X32_BIT, bpf,
    graph::{FULL, Graph, Id, Run},
    search::{Leaf, leaves},
};

/// Offsets in `seccomp_data`.
const NUMBER: u32 = 0;
const ARCH: u32 = 4;

impl Graph {
    /// The graph of a policy and its root.
    pub(crate) fn of(policy: &Policy) -> (Self, Id) {
        let mut graph = Self::default();
        let mut root = graph.verdict(policy.closed);
        let mut entries: Vec<&Entry> = policy.entries.iter().collect();
        // The chain of architectures is built from its end; the native one comes first in `entries`.
        entries.reverse();
        let pc = entries.iter().any(|e| e.arch == Arch::X86_64);
        for entry in entries.iter().filter(|e| e.arch != Arch::X32 || !pc) {
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
        match entry.arch {
            Arch::X86_64 => self.runs_of(entry, 0, Some(X32_BIT), &mut runs),
            // Looked at alone.
            Arch::X32 => {
                let closed = self.verdict(closed);
                push(&mut runs, 0, closed);
            }
            _ => {
                self.runs_of(entry, 0, None, &mut runs);
                return runs;
            }
        }
        match x32.or_else(|| Some(entry).filter(|e| e.arch == Arch::X32)) {
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
        self.big_endian = entry.arch.is_big_endian();
        let default = self.verdict(entry.default);
        let newer = entry
            .newer
            .map(|(last, action)| (last, self.verdict(action)));
        let unnamed = |number: u32| match newer {
            Some((last, node)) if number > last => node,
            _ => default,
        };
        let inside = |number: &u32| Some(*number) != end;
        // Where what is unnamed turns from the default to "newer"; numbers beyond may be named yet.
        let mut turn = newer
            .and_then(|(last, _)| last.checked_add(1))
            .filter(inside);
        push(runs, start, unnamed(start));
        for (&number, rules) in &entry.calls {
            if let Some(at) = turn.filter(|&at| at <= number) {
                push(runs, at, unnamed(at));
                turn = None;
            }
            let decision = self.rules(rules, entry.default);
            push(runs, number, decision);
            if let Some(next) = number.checked_add(1).filter(inside) {
                push(runs, next, unnamed(next));
            }
        }
        if let Some(at) = turn {
            push(runs, at, unnamed(at));
        }
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
