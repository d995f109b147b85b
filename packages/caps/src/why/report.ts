// What `caps why` says in the end. Pure.
import type { Verdict } from '@srcon/kit'
import { namesOf, setOf, without } from '../names.ts'
import { printable } from '../tasks.ts'
import { needed, type Seen } from './seen.ts'

/** A run that has ended. */
export interface Watched {
  readonly method: 'trace' | 'calls'
  readonly verdict: Verdict
  readonly seen: readonly Seen[]
  /** Checks that were not recorded for want of room. */
  readonly lost: number
  /** Checks that were left out since they say nothing of what is needed. */
  readonly left: { readonly accounting: number; readonly probes: number }
}

export interface WhyReport {
  readonly method: Watched['method']
  /** Every check is in it. */
  readonly exact: boolean
  readonly code: number | null
  readonly signal: string | null
  readonly seen: readonly Seen[]
  /** The fewest that this run needs in the caller's user namespace, and the words for it. */
  readonly needs: readonly string[]
  readonly keep: string
  /** Of these such as the caller does not have itself, so that they cannot be kept. */
  readonly beyond: readonly string[]
  /** The same inside a user namespace that the command made or got. */
  readonly needsInside: readonly string[]
  readonly lost: number
  readonly left: Watched['left']
}

/** `permitted`: what the caller has, which is all that it can keep for a command. */
export function report({ method, verdict: { code, signal }, seen, lost, left }: Watched, permitted: bigint): WhyReport {
  const needs = needed(seen, 'ours')
  const beyond = namesOf(without(setOf(needs), permitted))
  return { method, exact: method === 'trace' && lost === 0, code, signal, seen, needs, keep: keepWords(needs.filter(name => !beyond.includes(name))), beyond, needsInside: needed(seen, 'own'), lost, left }
}

/** `--keep net_raw,chown`. */
export function keepWords(names: readonly string[]): string {
  return `--keep ${names.map(short).join(',') || 'none'}`
}

const short = (name: string): string => name.replace(/^CAP_/, '').toLowerCase()

export function reportLines({ method, seen, keep, beyond, needsInside, lost, left }: WhyReport): string[] {
  const rows = seen.map(({ capability, outcome, call, process, where, instead, count }) => {
    const how = instead ? 'not needed' : outcome
    return `  ${capability.padEnd(24)}${how.padEnd(12)}${call}${count > 1 ? ` (${count} times)` : ''} by ${printable(process)}${where === 'own' ? ', in a user namespace of its own' : ''}`
  })
  return [
    method === 'trace' ? "caps: capabilities that were asked for (exact: from the kernel's record of checks)" : 'caps: capabilities that were asked for (an estimate: from the calls that were made)',
    ...(rows.length > 0 ? rows : ['  none']),
    ...(lost > 0 ? [`  ${lost} events of the record were lost: run it again with less to do at once`] : []),
    ...(left.accounting + left.probes > 0 ? [`  not counted: ${left.accounting} of memory accounting, ${left.probes} probes`] : []),
    ...(beyond.length > 0 ? [`  ${beyond.join(' ')} cannot be kept: the caller does not have it`] : []),
    ...(needsInside.length > 0 ? [`caps: enough behind ns-unshare --user: ${keepWords(needsInside)}`] : []),
    `caps: enough for this run: ${keep}`,
  ]
}
