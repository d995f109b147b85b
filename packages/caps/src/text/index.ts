// The text forms of capability sets, both ways; loaded only where one is used.
export { formatClauses, parseClauses, type ThreadSets } from './clauses.ts'
export { formatHex, isHex, parseHex } from './hex.ts'
export { formatIab, type Iab, parseIab } from './iab.ts'
