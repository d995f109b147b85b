// CPU weight (v2, 1 to 10000, others have 100) and shares (v1, 2 to 262144, others have 1024). A weight
// in words keeps its proportion: ten times the weight is ten times the CPU on v1 too, as with systemd.
// Shares of an OCI config become the weight that runc and crun give them, by a formula that maps both
// ends and both defaults on each other but no proportions (runc pull request 4772).

const MIN_SHARES = 2
const MAX_SHARES = 262_144

/** The weight of an OCI config's shares. */
export function weightOf(shares: number): number {
  if (shares <= MIN_SHARES) return 1
  if (shares >= MAX_SHARES) return 10_000
  const l = Math.log2(shares)
  return Math.ceil(10 ** ((l * l + 125 * l) / 612 - 7 / 34))
}

/** The shares in the same proportion to the default as this weight. */
export function sharesOf(weight: number): number {
  return Math.max(MIN_SHARES, Math.round((weight * 1024) / 100))
}

/** The weight in the same proportion to the default as these shares; the inverse of `sharesOf`. */
export function proportion(shares: number): number {
  return Math.round((shares * 100) / 1024)
}
