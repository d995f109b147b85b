//! The leaves of the search tree over all numbers. Single numbers that stand alone inside a run (one
//! forbidden call among allowed ones) are tested by one JEQ each, where halving by JGE would need two.

use crate::graph::Run;

/// Most single numbers in a leaf: they are tested one after the other.
const SINGLES: usize = 3;

/// A run with single numbers inside it: places from and up to in the list of runs.
pub(crate) type Leaf = (usize, usize);

/// All runs, cut into leaves; as few as possible, which makes the program short.
pub(crate) fn leaves(runs: &[Run]) -> Vec<Leaf> {
    let mut leaves = Vec::with_capacity(runs.len());
    let mut from = 0;
    while from < runs.len() {
        let mut to = from + 1;
        while to - from <= 2 * (SINGLES - 1) + 1 && goes_on(&runs[to - 1..]) {
            to += 2;
        }
        leaves.push((from, to));
        from = to;
    }
    leaves
}

/// Whether a single number follows, and then the same run again.
fn goes_on(runs: &[Run]) -> bool {
    match *runs {
        [(_, around), (number, _), (next, after), ..] => around == after && next == number + 1,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn singles_belong_to_the_run_around_them() {
        let runs = [(0, 1), (5, 2), (6, 1), (9, 3), (10, 1), (20, 2), (22, 1)];
        assert_eq!(leaves(&runs), [(0, 5), (5, 6), (6, 7)]);
        let alternating: Vec<Run> = (0..9).map(|n| (n, n % 2)).collect();
        assert_eq!(leaves(&alternating), [(0, 7), (7, 8), (8, 9)]);
        assert_eq!(leaves(&runs[..1]), [(0, 1)]);
        assert_eq!(leaves(&runs[..2]), [(0, 1), (1, 2)]);
    }
}
