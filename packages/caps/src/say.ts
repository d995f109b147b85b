// Privileges in words for people. Pure.
import type { Ids } from '@srcon/kit/host'
import { fullSet, namesOf } from './names.ts'

/** Bits of prctl(PR_GET_SECUREBITS); each is followed by its lock. See capabilities(7). */
const SECUREBITS = ['noroot', 'no_setuid_fixup', 'keep_caps', 'no_cap_ambient_raise', 'exec_restrict_file', 'exec_deny_interactive'] as const

/** `noroot`, `noroot_locked`, …; a bit that has no name here, by its number. */
export function securebitNames(bits: number): string[] {
  const known = SECUREBITS.flatMap((name, i) => [...(bits & (1 << (2 * i)) ? [name] : []), ...(bits & (2 << (2 * i)) ? [`${name}_locked`] : [])])
  const more = Array.from({ length: 32 - 2 * SECUREBITS.length }, (_, i) => 2 * SECUREBITS.length + i).filter(bit => (bits >>> bit) & 1)
  return [...known, ...more.map(bit => `bit_${bit}`)]
}

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
