//! What a filter answers, as a decision diagram over the bits of `seccomp_data`: at each node one bit is asked,
//! at the ends stands the answer. Bits are asked in one fixed order and equal nodes are one node, so two
//! filters mean the same exactly when their diagrams are the same node: that is the proof of equality that
//! `diff`, `minimise` and the decompiler rest on. (A reduced ordered decision diagram, Bryant 1986.)

use super::AnalysisError;
use rustc_hash::FxHashMap;

/// A node's place.
pub(crate) type Id = u32;

/// Bits of `seccomp_data`, in the order in which they are asked; the last of all is an end.
pub(crate) type Var = u16;

/// The variable of an end.
pub(crate) const END: Var = u16::MAX;

/// False, as a condition.
pub(crate) const NO: Id = 0;
/// True, as a condition.
pub(crate) const YES: Id = 1;

/// More nodes than that are refused: the memory of a question stays below some 200 MB.
const MOST: usize = 4 << 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Node {
    pub(crate) var: Var,
    /// Where the bit is 0; of an end its value.
    pub(crate) low: Id,
    /// Where the bit is 1.
    pub(crate) high: Id,
}

/// Diagrams that share their nodes, so that they can be compared.
#[derive(Debug)]
pub(crate) struct Diagrams {
    nodes: Vec<Node>,
    known: FxHashMap<Node, Id>,
    chosen: FxHashMap<(Id, Id, Id), Id>,
}

/// Place in the order of the bits: the architecture, the number, the arguments with their upper half first, the
/// instruction pointer; in a word the highest bit first, so that a comparison takes few nodes.
pub(crate) fn bit(offset: u32, bit: u32) -> Var {
    #[allow(clippy::cast_possible_truncation)] // below 512
    let var = (rank(offset) * 32 + (31 - bit)) as Var;
    var
}

fn rank(offset: u32) -> u32 {
    match offset {
        4 => 0,
        0 => 1,
        16.. => 2 + (((offset - 16) / 4) ^ 1),
        _ => 14 + ((offset / 4) ^ 1) % 2,
    }
}

/// Offset in `seccomp_data` of the word, and the bit in it.
pub(crate) fn place(var: Var) -> (u32, u32) {
    let (rank, bit) = (u32::from(var) / 32, 31 - u32::from(var) % 32);
    let offset = match rank {
        0 => 4,
        1 => 0,
        2..14 => 16 + 4 * ((rank - 2) ^ 1),
        _ => 8 + 4 * ((rank - 14) ^ 1),
    };
    (offset, bit)
}

impl Diagrams {
    pub(crate) fn new() -> Self {
        let mut new = Self {
            nodes: Vec::new(),
            known: FxHashMap::default(),
            chosen: FxHashMap::default(),
        };
        new.end(0);
        new.end(1);
        new
    }

    pub(crate) fn node(&self, id: Id) -> Node {
        self.nodes[id as usize]
    }

    /// The value at an end; `None` at a node that asks.
    pub(crate) fn value(&self, id: Id) -> Option<u32> {
        let node = self.node(id);
        (node.var == END).then_some(node.low)
    }

    /// An end.
    pub(crate) fn end(&mut self, value: u32) -> Id {
        self.add(Node {
            var: END,
            low: value,
            high: 0,
        })
    }

    /// Whether a bit is set.
    pub(crate) fn is_set(&mut self, var: Var) -> Id {
        self.ask(var, NO, YES)
    }

    /// A node; both ways must only ask later bits.
    pub(crate) fn ask(&mut self, var: Var, low: Id, high: Id) -> Id {
        if low == high {
            return low;
        }
        self.add(Node { var, low, high })
    }

    /// `yes` where the condition holds, else `no`.
    pub(crate) fn choose(&mut self, condition: Id, yes: Id, no: Id) -> Id {
        match condition {
            YES => return yes,
            NO => return no,
            _ if yes == no => return yes,
            _ if yes == YES && no == NO => return condition,
            _ => {}
        }
        if let Some(&id) = self.chosen.get(&(condition, yes, no)) {
            return id;
        }
        let nodes = [condition, yes, no].map(|id| (id, self.node(id)));
        let var = nodes.iter().map(|(_, n)| n.var).min().unwrap_or(END);
        let side = |high: bool| {
            nodes.map(|(id, n)| match n.var == var {
                true if high => n.high,
                true => n.low,
                false => id,
            })
        };
        let (low, high) = (side(false), side(true));
        let low = self.choose(low[0], low[1], low[2]);
        let high = self.choose(high[0], high[1], high[2]);
        let id = self.ask(var, low, high);
        self.chosen.insert((condition, yes, no), id);
        id
    }

    pub(crate) fn and(&mut self, a: Id, b: Id) -> Id {
        self.choose(a, b, NO)
    }

    pub(crate) fn or(&mut self, a: Id, b: Id) -> Id {
        self.choose(a, YES, b)
    }

    pub(crate) fn not(&mut self, a: Id) -> Id {
        self.choose(a, NO, YES)
    }

    /// `a > k` (or `a >= k` with `or_equal`) of a number given by its bits, lowest first.
    pub(crate) fn greater(&mut self, bits: &[Id], k: u64, or_equal: bool) -> Id {
        let mut result = if or_equal { YES } else { NO };
        for (i, &bit) in bits.iter().enumerate() {
            result = match k >> i & 1 {
                1 => self.choose(bit, result, NO),
                _ => self.choose(bit, YES, result),
            };
        }
        result
    }

    /// `a == k` of a number given by its bits, lowest first.
    pub(crate) fn equal(&mut self, bits: &[Id], k: u64) -> Id {
        bits.iter()
            .enumerate()
            .fold(YES, |rest, (i, &bit)| match k >> i & 1 {
                1 => self.choose(bit, rest, NO),
                _ => self.choose(bit, NO, rest),
            })
    }

    /// A word all of whose values are cut into runs (first value, where it leads; sorted, the first from 0).
    pub(crate) fn by_word(&mut self, offset: u32, runs: &[(u32, Id)]) -> Id {
        self.halve(offset, runs, 0, 32)
    }

    fn halve(&mut self, offset: u32, runs: &[(u32, Id)], from: u64, bits: u32) -> Id {
        let at = runs.partition_point(|run| u64::from(run.0) <= from) - 1;
        let end = runs.get(at + 1).map_or(1 << 32, |run| u64::from(run.0));
        if end >= from + (1 << bits) {
            return runs[at].1;
        }
        let half = bits - 1;
        let low = self.halve(offset, runs, from, half);
        let high = self.halve(offset, runs, from + (1 << half), half);
        self.ask(bit(offset, half), low, high)
    }

    /// The reverse of [`Self::by_word`] for several diagrams at once: runs of values of the word at `offset` for
    /// which all of them go on alike. `word`: which word all the nodes ask first, if any.
    ///
    /// # Errors
    /// If there are more runs than a number of calls can explain.
    pub(crate) fn runs<const N: usize>(
        &self,
        offset: u32,
        roots: [Id; N],
    ) -> Result<Vec<(u32, [Id; N])>, AnalysisError> {
        let mut runs: Vec<(u32, [Id; N])> = Vec::new();
        let mut stack = vec![(0_u32, 32_u32, roots)];
        while let Some((from, bits, ids)) = stack.pop() {
            let first = bits.checked_sub(1).map(|b| bit(offset, b));
            let asks = |id: &Id| first.is_some_and(|first| self.within(*id, first, bit(offset, 0)));
            if !ids.iter().any(asks) {
                if runs.last().is_none_or(|last| last.1 != ids) {
                    runs.push((from, ids));
                }
                if runs.len() > 1 << 17 {
                    return Err(AnalysisError::too_large("too many runs of numbers"));
                }
                continue;
            }
            let half = bits - 1;
            let side = |high: bool| ids.map(|id| self.step(id, bit(offset, half), high));
            stack.push((from | 1 << half, half, side(true)));
            stack.push((from, half, side(false)));
        }
        Ok(runs)
    }

    fn within(&self, id: Id, first: Var, last: Var) -> bool {
        (first..=last).contains(&self.node(id).var)
    }

    /// One bit further.
    pub(crate) fn step(&self, id: Id, var: Var, high: bool) -> Id {
        let node = self.node(id);
        match node.var == var {
            true if high => node.high,
            true => node.low,
            false => id,
        }
    }

    /// Refuses to go on with more than the memory of one question.
    pub(crate) fn check(&self) -> Result<(), AnalysisError> {
        if self.nodes.len().max(self.chosen.len() / 2) > MOST {
            return Err(AnalysisError::too_large(
                "its conditions depend on each other in too many ways",
            ));
        }
        Ok(())
    }

    fn add(&mut self, node: Node) -> Id {
        if let Some(&id) = self.known.get(&node) {
            return id;
        }
        let id = Id::try_from(self.nodes.len()).unwrap_or(Id::MAX);
        self.nodes.push(node);
        self.known.insert(node, id);
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_has_its_place() {
        let mut seen: Vec<Var> = Vec::new();
        for offset in (0..64).step_by(4) {
            for b in 0..32 {
                assert_eq!(place(bit(offset, b)), (offset, b));
                seen.push(bit(offset, b));
            }
        }
        seen.sort_unstable();
        assert_eq!(seen, (0..512).collect::<Vec<Var>>());
    }

    #[test]
    fn equal_meanings_are_one_node() {
        let mut d = Diagrams::new();
        let bits: Vec<Id> = (0..32).map(|b| d.is_set(bit(16, b))).collect();
        let above = d.greater(&bits, 41, false);
        let at_least = d.greater(&bits, 42, true);
        assert_eq!(above, at_least);
        let (five, six) = (d.equal(&bits, 5), d.equal(&bits, 6));
        let both = d.or(five, six);
        let not_five = d.greater(&bits, 5, false);
        let not_seven = d.greater(&bits, 7, true);
        let not_seven = d.not(not_seven);
        let upper = d.and(not_five, not_seven);
        let again = d.or(upper, five);
        assert_eq!(both, again);
        let five_again = d.not(not_five);
        let four = d.greater(&bits, 5, true);
        assert_eq!(d.and(five_again, four), five);
    }

    #[test]
    fn runs_come_back() {
        let mut d = Diagrams::new();
        let (a, b) = (d.end(7), d.end(9));
        let runs = [(0, a), (5, b), (6, a), (u32::MAX, b)];
        let id = d.by_word(0, &runs);
        let found = d.runs(0, [id]).unwrap();
        assert_eq!(found, runs.map(|(from, id)| (from, [id])));
        assert_eq!(d.runs(0, [a]).unwrap(), [(0, [a])]);
    }
}
