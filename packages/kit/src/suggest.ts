// The nearest match of a mistyped word, by edit distance: what "did you mean" says.

/** The word of `all` that is nearest, if it is near enough to be meant. */
export function nearest(word: string, all: Iterable<string>): string | undefined {
  let best: string | undefined
  let least = Math.max(2, Math.floor(word.length / 3)) + 1
  for (const candidate of all) {
    // As many edits as one is longer are needed at least.
    if (Math.abs(candidate.length - word.length) >= least && !candidate.startsWith(word)) continue
    const far = candidate.startsWith(word) && word.length > 1 ? 1 : distance(word, candidate)
    if (far < least) [best, least] = [candidate, far]
  }
  return best
}

/** Edits (insert, delete, replace, swap of neighbours) that turn `a` into `b`. */
function distance(a: string, b: string): number {
  let before: number[] = []
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      let edits = Math.min(at(row, j) + 1, at(next, j - 1) + 1, at(row, j - 1) + (same ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) edits = Math.min(edits, at(before, j - 2) + 1)
      next[j] = edits
    }
    ;[before, row] = [row, next]
  }
  return at(row, b.length)
}

const at = (row: readonly number[], i: number): number => row[i] ?? Infinity
