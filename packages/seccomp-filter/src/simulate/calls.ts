// The facts about system calls, as data from the addon: numbers and widths of arguments come from the kernel's
// headers, and a second copy of them would only be a second place for the same numbers.
import { addon } from '../addon.ts'
import type { Known } from './evaluate.ts'
import type { Way } from './ways.ts'

const tables = new Map<string, readonly Known[]>()

/** All calls of a way in. */
export function callsOf(way: Way): readonly Known[] {
  let table = tables.get(way.oci)
  if (!table) tables.set(way.oci, (table = addon().callsOf(way.oci)))
  return table
}
