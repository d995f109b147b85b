// The text of --caps: what it names is demanded, `all` and a clause without names mean as much as there is.
import { fullSet } from '../names.ts'
import { parseClauses, type ThreadSets } from './clauses.ts'

/** All bits that the kernel's sets have: of these, what is there. */
const EVERY = fullSet(63)

/** Reads clauses twice: by names alone, and with all. Throws a ToolError `E_INPUT`. Pure. */
export function readCaps(text: string): { readonly named: ThreadSets; readonly sets: ThreadSets } {
  const sets = parseClauses(text, 63, EVERY)
  const named = parseClauses(text, 63, 0n)
  // A later clause about all takes back what was named: `cap_kill=ep =`.
  const left = (name: keyof ThreadSets): bigint => named[name] & sets[name]
  return { sets, named: { effective: left('effective'), permitted: left('permitted'), inheritable: left('inheritable') } }
}
