// The text forms of capability sets, both ways; loaded only where one is used.
import type { readCaps } from './caps.ts'
import type { parseIab } from './iab.ts'

export { formatClauses, parseClauses, type ThreadSets } from './clauses.ts'
export { formatHex, isHex, parseHex } from './hex.ts'
export { formatIab, type Iab, parseIab } from './iab.ts'
export { readCaps } from './caps.ts'

/** What the words of --caps and --iab are read with. */
export interface TextForms {
  readonly readCaps: typeof readCaps
  readonly parseIab: typeof parseIab
}
