//! "Did you mean": the known word that is fewest letters away from a misspelled one.

/// `; is it "socket"?` where a word is near enough, else nothing.
pub(crate) fn hint<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let most = word.len() / 3 + 1;
    let near = known
        .into_iter()
        .filter(|k| k.len().abs_diff(word.len()) <= most)
        .map(|k| (distance(word, k), k))
        .filter(|(d, _)| *d <= most)
        .min();
    near.map_or_else(String::new, |(_, k)| format!("; is it {k:?}?"))
}

/// Letters to put in, take out, change or swap (restricted Damerau–Levenshtein), by bytes.
fn distance(a: &str, b: &str) -> usize {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut rows: [Vec<usize>; 3] = [Vec::new(), (0..=b.len()).collect(), Vec::new()];
    for i in 0..a.len() {
        let mut row = vec![i + 1];
        for j in 0..b.len() {
            let change = rows[1][j] + usize::from(a[i] != b[j]);
            let mut best = change.min(rows[1][j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j] {
                best = best.min(rows[0][j - 1] + 1);
            }
            row.push(best);
        }
        rows = [std::mem::take(&mut rows[1]), row, Vec::new()];
    }
    rows[1][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("raed", "read"), 1, "swapped");
        assert_eq!(distance("", "abc"), 3);
        let known = ["read", "readv", "write", "socket"];
        assert_eq!(hint("sokcet", known), "; is it \"socket\"?");
        assert_eq!(hint("reed", known), "; is it \"read\"?");
        assert_eq!(hint("mount", known), "");
    }
}
