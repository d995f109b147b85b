// Privileges in words for people. Pure.
import type { Ids } from '@srcon/kit/host'
import { fullSet, namesOf } from './names.ts'

/** A set: `none`, `all`, `all but CAP_X`, or the names. `last`: the highest capability of the kernel. */
export function sayNames(names: readonly string[], last: number): string {
  const all = namesOf(fullSet(last))
  if (names.length === 0) return 'none'
  if (names.length <= all.length / 2) return names.join(' ')
  const has = new Set(names)
  const missing = all.filter(name => !has.has(name))
  return missing.length === 0 ? 'all' : `all but ${missing.join(' ')}`
}

/** Four ids, of which most processes have only one. */
export function sayIds({ real, effective, saved, fs }: Ids, name: (id: number) => string = String): string {
  if (new Set([real, effective, saved, fs]).size === 1) return name(real)
  return `real ${name(real)}, effective ${name(effective)}, saved ${name(saved)}, files ${name(fs)}`
}
