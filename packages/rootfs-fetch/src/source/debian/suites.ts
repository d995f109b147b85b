// Debian's suites: names, numbers and aliases, when their support ends, and which tools know them.
import { usage } from '@srcon/kit/error'
import { nearest } from '@srcon/kit/suggest'
import { tool } from '../../native.ts'
import { releases } from './dates.ts'

export interface Suite {
  /** As it is asked for at the mirror: `bookworm`, or an alias of which the mirror says what it is. */
  readonly name: string
  /** `12`; undefined for one that the table does not know, and for aliases. */
  readonly number?: string | undefined
  readonly released?: string | undefined
  /** End of the full support, `2026-07-11`. */
  readonly eol?: string | undefined
  /** End of the long-term support. */
  readonly ltsEol?: string | undefined
}

/** What only the mirror can say. */
const moving = ['stable', 'testing', 'unstable']

const all: readonly Suite[] = releases.map(([number, name, released, eol, ltsEol]) => ({
  name, number: number || undefined, released: released || undefined, eol: eol || undefined, ltsEol: ltsEol || undefined,
}))

/** All of the table, the newest first. */
export const suites: readonly Suite[] = all.toReversed()

export function suiteNamed(name: string): Suite | undefined {
  return all.find(each => each.name === name)
}

/** From a word to a suite. `free`: the mirror is one of the user's own, which may have other suites. Pure; throws a ToolError `E_USAGE`. */
export function readSuite(word: string | undefined, today: string, free: boolean): Suite {
  const name = word === undefined || word === 'latest' ? 'stable' : word
  if (moving.includes(name)) return { name: name === 'unstable' ? 'sid' : name }
  const old = /^(old)(old)?stable$/.exec(name)
  if (old) return released(today)[old[2] === undefined ? 1 : 2] ?? { name }
  const known = all.find(each => each.name === name || each.number === name)
  if (known) return known
  if (/^\d+\.\d+/.test(name)) throw usage(tool, `'debian:${name}' is a point release`, `mirrors have the newest one of each: debian:${name.split('.')[0]}`)
  if (name === 'experimental') throw usage(tool, 'experimental is no whole Debian', 'it has only what is tried beside sid: debian:sid')
  if (free && /^[a-z][a-z0-9.-]{0,39}$/.test(name)) return { name }
  const near = nearest(name, [...all.map(each => each.name), ...moving, 'oldstable', 'oldoldstable'])
  throw usage(tool, `'${name}' is no suite of Debian`, near === undefined ? 'for example debian:trixie, debian:12, debian:stable, debian:sid' : `did you mean debian:${near}?`)
}

/** The newest first. */
function released(today: string): readonly Suite[] {
  return suites.filter(each => each.released !== undefined && each.released <= today)
}

/** What an alias stands for as far as the table knows: where no mirror is asked. */
export function standsFor(suite: Suite, today: string): Suite {
  const [stable] = released(today)
  if (suite.name === 'stable') return stable ?? suite
  return suite.name === 'testing' ? (all[all.findIndex(each => each === stable) + 1] ?? suite) : suite
}

/** Support of all kinds has ended: only an archive may have it, and its keys expire. */
export function hasEnded({ ltsEol }: Suite, today: string): boolean {
  return ltsEol !== undefined && ltsEol <= today
}

/** A line where support has ended, or is not what it was. */
export function endOfLife({ name, number, eol, ltsEol }: Suite, today: string): string | undefined {
  const title = `Debian ${number ?? ''} (${name})`.replace('  ', ' ')
  if (ltsEol !== undefined && ltsEol <= today) return `${title} has had no security updates since ${ltsEol}`
  if (eol !== undefined && eol <= today) return `${title} has only long-term support since ${eol}, until ${ltsEol}`
  return undefined
}
