//! The decision graph: every node tests one 32-bit word of `seccomp_data` or is a verdict. Equal nodes
//! are one node, so that equal rules of different calls and architectures share code, and a test whose
//! outcome is known is never made. `numbers` and `arguments` build it from a policy, `emit` reads it.

use crate::{Action, bpf};
use rustc_hash::FxHashMap;

/// A node's place in [`Graph::nodes`].
pub(crate) type Id = u32;

/// All bits of a word: no AND before the comparison.
pub(crate) const FULL: u32 = u32::MAX;

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
    /// Lines of the policy that a node was made for. A verdict has none: all rules share it.
    pub(crate) lines: Vec<Vec<u32>>,
    known: FxHashMap<Node, Id>,
    /// What is being built stems from this line.
    pub(crate) line: u32,
    /// What is being built is for an architecture that has the upper half of an argument first.
    pub(crate) big_endian: bool,
}

/// From this number on, until the next run, the same node decides.
pub(crate) type Run = (u32, Id);

impl Graph {
    /// The node that answers.
    pub(crate) fn verdict(&mut self, action: Action) -> Id {
        self.add(Node::Verdict(action.value()))
    }

    /// A test, or what it comes to where its outcome is known.
    pub(crate) fn test(&mut self, word: u32, mask: u32, code: u16, k: u32, yes: Id, no: Id) -> Id {
        let (mut k, mut yes, mut no) = (k, yes, no);
        // Tests that this one takes the place of: their lines are its lines too.
        let mut merged = None;
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
                merged = Some(no);
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
            None => {
                let id = self.add(Node::Test(Test {
                    word,
                    mask,
                    code,
                    k,
                    yes,
                    no,
                }));
                if let Some(other) = merged {
                    let lines = self.lines[other as usize].clone();
                    lines.into_iter().for_each(|line| self.made_for(id, line));
                }
                id
            }
        }
    }

    fn made_for(&mut self, id: Id, line: u32) {
        let lines = &mut self.lines[id as usize];
        if line != 0 && !lines.contains(&line) {
            lines.push(line);
        }
    }

    fn bit_test(&self, id: Id, word: u32) -> Option<Test> {
        match self.nodes[id as usize] {
            Node::Test(t) if t.code == bpf::JSET && t.word == word => Some(t),
            _ => None,
        }
    }

    fn add(&mut self, node: Node) -> Id {
        let shared = matches!(node, Node::Verdict(_));
        let id = match self.known.get(&node) {
            Some(&id) => id,
            None => {
                let id = Id::try_from(self.nodes.len()).unwrap_or(Id::MAX);
                self.nodes.push(node);
                self.lines.push(Vec::new());
                self.known.insert(node, id);
                id
            }
        };
        if !shared {
            self.made_for(id, self.line);
        }
        id
    }
}
