//! Where to cut a sorted list of runs, so that the search tree over it is both flat and small: near the
//! middle, and there where the fewest tests result. A single number between two runs of the same node
//! costs one JEQ instead of two JGE.

use crate::graph::Run;
use std::collections::HashMap;

/// How far from the middle a cut may be: keeps the tree's depth near log2.
const SLACK: usize = 1;

/// A stretch of runs, from and up to.
type Stretch = (usize, usize);

pub(crate) struct Search<'a> {
    runs: &'a [Run],
    /// For each stretch looked at: how many tests it takes, and where it is cut.
    best: HashMap<Stretch, (usize, usize)>,
}

impl<'a> Search<'a> {
    pub(crate) fn new(runs: &'a [Run]) -> Self {
        let best = HashMap::new();
        Self { runs, best }
    }

    /// Whether a stretch is a single number inside a run.
    pub(crate) fn is_single(&self, (from, to): Stretch) -> bool {
        match self.runs[from..to] {
            [(_, around), (number, _), (next, after)] => around == after && next == number + 1,
            _ => false,
        }
    }

    /// Where to cut a stretch of two or more runs.
    pub(crate) fn cut(&mut self, stretch: Stretch) -> usize {
        self.look(stretch).1
    }

    fn look(&mut self, stretch: Stretch) -> (usize, usize) {
        let (from, to) = stretch;
        match to - from {
            1 => return (0, from),
            3 if self.is_single(stretch) => return (1, from + 1),
            _ => {}
        }
        if let Some(&known) = self.best.get(&stretch) {
            return known;
        }
        let middle = from + (to - from) / 2;
        let cuts = middle.saturating_sub(SLACK).max(from + 1)..=(middle + SLACK).min(to - 1);
        let cost =
            |search: &mut Self, cut| search.look((from, cut)).0 + search.look((cut, to)).0 + 1;
        let best = cuts
            .map(|cut| (cost(self, cut), cut))
            .min_by_key(|&(cost, cut)| (cost, cut.abs_diff(middle)));
        let best = best.unwrap_or((to - from, middle));
        self.best.insert(stretch, best);
        best
    }
}
