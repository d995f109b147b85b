// The library of caps: steps for a plan, and the looking.
import type { Step } from '@srcon/kit/step'
import { readFacts, type CapsFacts } from './facts.ts'
import { type CapList, joined, type ListOption, nothing, readList } from './lists.ts'
import { SETPCAP } from './names.ts'
import { type Request, readUser } from './request.ts'
import { steps } from './steps.ts'

export { readFacts, type CapsFacts } from './facts.ts'
export { namesOf, nameOf, numberOf, setOf } from './names.ts'
export { show, type Shown } from './show.ts'
export { formatClauses, formatHex, formatIab, type Iab, parseClauses, parseHex, parseIab, type ThreadSets } from './text/index.ts'

/** Names with or without `cap_`, `all`, `none`, or a preset; a list of them, or one text with commas. */
export type Capabilities = string | readonly string[]

/** The long options in camelCase. */
export interface CapabilityOptions {
  readonly drop?: Capabilities
  readonly keep?: Capabilities
  readonly ambient?: Capabilities
  readonly noNewPrivs?: boolean
  /** A uid, or `UID:GID`; the gid is the uid where it is left out. */
  readonly user?: number | string
  readonly groups?: readonly number[]
  readonly keepGroups?: boolean
  readonly clearGroups?: boolean
}

/**
 * Steps that take capabilities, change ids, set no_new_privs. Throws a ToolError `E_USAGE` or `E_REFUSED`.
 * `before`: the steps of the same plan that come first. Left out, a caller without CAP_SETPCAP is taken
 * to have put a user namespace first; if not, the launcher fails at the bounding set and says why.
 */
export function capabilities(options: CapabilityOptions, facts: CapsFacts = readFacts(), before?: readonly Step[]): readonly Step[] {
  const first = before ?? ((facts.effective & SETPCAP) === 0n ? [assumedNamespace(facts)] : [])
  return steps(requestOf(options), facts, first)
}

function assumedNamespace({ uidMap, gidMap }: CapsFacts): Step {
  const whole = (map: readonly { inside: number; count: number }[]) => map.map(line => ({ ...line, inside: 0, count: 2 ** 32 - 1 }))
  return { do: 'ns.user', uidMap: whole(uidMap), gidMap: whole(gidMap) }
}

function requestOf({ drop, keep, ambient, noNewPrivs, user, groups, keepGroups, clearGroups }: CapabilityOptions): Request {
  const wanted = keepGroups ? 'keep' : clearGroups ? [] : groups
  return {
    ...(drop === undefined ? {} : { drop: listOf('drop', drop) }),
    ...(keep === undefined ? {} : { keep: listOf('keep', keep) }),
    ...(ambient === undefined ? {} : { ambient: listOf('ambient', ambient) }),
    ...(noNewPrivs ? { noNewPrivs } : {}),
    ...(user === undefined ? {} : readUser(String(user))),
    ...(wanted === undefined ? {} : { groups: wanted }),
  }
}

function listOf(option: ListOption, names: Capabilities): CapList {
  const words = typeof names === 'string' ? [names] : names
  return words.map(word => readList(option, word)).reduce(joined, nothing)
}
