// CPU weight (v2, 1 to 10000, others have 100) and shares (v1, 2 to 262144, others have 1024). Three
// formulas are in use; this is the one of current OCI runtimes, which maps both defaults on each other
// (runc pull request 4772). Every weight has shares that give it back, so the inverse is exact.

const MIN_SHARES = 2
const MAX_SHARES = 262_144

/** The weight of these shares. */
export function weightOf(shares: number): number {
  if (shares <= MIN_SHARES) return 1
  if (shares >= MAX_SHARES) return 10_000
  const l = Math.log2(shares)
  return Math.ceil(10 ** ((l * l + 125 * l) / 612 - 7 / 34))
}

/** The shares of this weight: 1024 for 100, else the smallest that give it back. */
export function sharesOf(weight: number): number {
  if (weight === 100) return 1024
  let [low, high] = [MIN_SHARES, MAX_SHARES]
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if (weightOf(middle) >= weight) high = middle
    else low = middle + 1
  }
  return low
}
