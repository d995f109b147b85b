// The library of caps: steps for a plan, and the looking.
import type { Step } from '@srcon/kit/step'
import { readFacts, type CapsFacts, withSecurebitsSeen } from './facts.ts'
import { SETPCAP } from './names.ts'
import { readWords, type Request } from './request.ts'
import { applySteps, factsNow, idsInNumbers, type AppliedToSelf } from './self.ts'
import { steps } from './steps.ts'
import * as textForms from './text/index.ts'

export { readFacts, type CapsFacts } from './facts.ts'
export { afterExec, beforeExec, type ExecutedFile } from './exec.ts'
export { securebitNames } from './securebits.ts'
export { stateAfter, type State } from './state.ts'
export { namesOf, nameOf, numberOf, setOf } from './names.ts'
export { formatClauses, formatHex, formatIab, type Iab, parseClauses, parseHex, parseIab, type ThreadSets } from './text/index.ts'
export { differingThreads, show, type Shown, type ShownThread } from './show.ts'
export { tree, type TreeNode, type TreeOptions } from './tree.ts'
export { decode, type Decoded } from './decode.ts'
export { about, type About } from './about.ts'
export { supports } from './supports.ts'
export { fileCapabilities, filesUnder, removeFileCapabilities, setFileCapabilities, verifyFileCapabilities, type FileCapabilities, type FilesUnder, type FoundFile } from './file-caps.ts'
export type { AppliedToSelf } from './self.ts'

/** Names with or without `cap_`, `all`, `none`, or a preset; a list of them, or one text with commas. */
export type Capabilities = string | readonly string[]

/** The long options in camelCase. */
export interface CapabilityOptions {
  /** Also of single sets: `b:net_raw`. */
  readonly drop?: Capabilities
  readonly keep?: Capabilities
  readonly add?: Capabilities
  /** Clauses of cap_text_formats(7): `cap_net_raw=ep`. */
  readonly caps?: string
  /** An IAB tuple: `!%cap_chown,^cap_setpcap`. */
  readonly iab?: string
  readonly ambient?: Capabilities
  readonly keepCaps?: boolean
  /** `noroot`, `-keep-caps`, `noroot-locked`; those not named stay. */
  readonly securebits?: string | readonly string[]
  /** A signal's name or number, `clear` or `keep`. */
  readonly pdeathsig?: number | string
  readonly noNewPrivs?: boolean
  /** A uid or a name, or `USER:GROUP`. Of a number the gid is the same where it is left out, of a name its own. */
  readonly user?: number | string
  readonly groups?: readonly (number | string)[]
  readonly initGroups?: boolean
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

/** The same words as on a command line, read by the same code. */
function requestOf(options: CapabilityOptions): Request {
  const { noNewPrivs, keepCaps, user, groups, keepGroups, clearGroups, initGroups, pdeathsig } = options
  const lists = (['drop', 'keep', 'add', 'ambient', 'securebits'] as const).flatMap(name => {
    const list = options[name] ?? []
    return (typeof list === 'string' ? [list] : list).map(value => ({ name, value }))
  })
  const none = (['keep', 'ambient'] as const).filter(name => Array.isArray(options[name]) && options[name].length === 0).map(name => ({ name, value: 'none' }))
  const texts = (['caps', 'iab'] as const).flatMap(name => (options[name] === undefined ? [] : [{ name, value: options[name] }]))
  const others: readonly [string, string | true | undefined][] = [
    ['keep-caps', keepCaps || undefined],
    ['no-new-privs', noNewPrivs || undefined],
    ['user', user === undefined ? undefined : String(user)],
    ['pdeathsig', pdeathsig === undefined ? undefined : String(pdeathsig)],
    [keepGroups ? 'keep-groups' : initGroups ? 'init-groups' : clearGroups || groups?.length === 0 ? 'clear-groups' : 'groups', keepGroups || initGroups || clearGroups || groups?.length === 0 || groups?.join(',')],
  ]
  const given: { readonly name: string; readonly value: string | true }[] = [...lists, ...none, ...texts, ...others.flatMap(([name, value]) => (value === undefined ? [] : [{ name, value }]))]
  return readWords({ given }, textForms)
}

export interface SelfOptions extends CapabilityOptions {
  /** What a change that began and could not be finished does. `exit` (default): the process ends with 125, after saying so
   *  on stderr: half of its threads may still have what was to go. `throw`: a ToolError `E_HALFWAY`; the caller must end. */
  readonly halfway?: 'exit' | 'throw'
}

/**
 * Changes the privileges of every thread of this process: the main one, Workers, the pools of libuv and V8. Takes what
 * `capabilities()` takes; where neither `keep` nor `drop` is given, nothing is kept: unlike a command that is executed
 * after a change of user, a running program would keep all. What a thread makes later has what its maker has.
 *
 * Names of users and groups are those of the root of this process; securebits can be changed too, `pdeathsig` is refused.
 * Blocks until done, some milliseconds. Throws a ToolError `E_REFUSED` or `E_USAGE` before anything is changed: where the
 * process lacks what was asked, or a thread would not take part (one that blocks the C library's own signals, or one of
 * the kernel's, for io_uring). Addons that call setuid(2) or start threads meanwhile are waited for; none may change
 * credentials itself during the call.
 */
export function applyToSelf({ halfway = 'exit', ...options }: SelfOptions): AppliedToSelf {
  const asked = [options.keep, options.drop, options.caps, options.iab].every(each => each === undefined) ? { ...options, keep: 'none' } : options
  const facts = withSecurebitsSeen(factsNow())
  const named = capabilities(asked, facts, [])
  const numbers = idsInNumbers(named.find(step => step.do === 'caps.ids'))
  // Once more with the numbers: whether the user is 0, and mapped, decides what can be had.
  const made = numbers ? capabilities({ ...asked, ...numbers, ...(numbers.groups ? { initGroups: false, keepGroups: false, clearGroups: false } : {}) }, facts, []) : named
  return applySteps(made, facts, halfway)
}
