// Privileges of this process itself, for a server that needs some to start and none to run: bind port
// 80, then applyToSelf({ user: 33 }). The kernel keeps privileges by thread, and Node has a
// dozen: every one is changed, and then looked at. See core/src/all_threads.rs, credentials(7).
import { readFileSync } from 'node:fs'
import { parseStatus } from '@srcon/kit/host'
import { ToolError } from '@srcon/kit/error'
import type { Step } from '@srcon/kit/step'
import { readFacts, type CapsFacts } from './facts.ts'
import { how, native } from './native.ts'
import { type SecurebitsChange, securebitsOf } from './securebits.ts'
import { stateAfter } from './state.ts'
import { digits } from './tasks.ts'

/** What was done. */
export interface AppliedToSelf {
  /** Threads that were looked at and have what was asked. */
  readonly threads: number
}

/** Steps that mean the same without an exec. */
const KNOWN = new Set(['caps.bounding', 'caps.ids', 'caps.sets', 'caps.ambient', 'caps.securebits', 'caps.no-new-privs'])

/** Makes every thread have what the steps make of `facts`. Throws a ToolError; ends the process where it was only half done and `halfway` says so. */
export function applySteps(steps: readonly Step[], facts: CapsFacts, halfway: 'exit' | 'throw'): AppliedToSelf {
  const unknown = steps.find(step => !KNOWN.has(step.do))
  if (unknown) throw new ToolError('caps', `${unknown.do} cannot be applied to a running process; nothing was changed`, { code: 'E_REFUSED', why: 'the kernel keeps it by thread and takes it back with every change of ids or capabilities', hint: 'leave it out, or start the server by caps … -- node' })
  const { outcome, thread, name, why } = native().changeAllThreads(wanted(steps, facts))
  if (outcome === 'done') return { threads: thread }
  const who = thread === 0 ? 'this process' : `thread ${thread}${name ? ` (${name})` : ''}`
  if (outcome === 'refused') throw new ToolError('caps', `cannot change the privileges of ${who}; nothing was changed`, { code: 'E_REFUSED', why })
  const error = new ToolError('caps', `the privileges of ${who} could not be changed, those of others were`, { code: 'E_HALFWAY', why, hint: 'end the process: it must not go on like this' })
  if (halfway === 'throw') throw error
  return endNow(error)
}

function endNow(error: ToolError): never {
  process.stderr.write(`${error.lines().join('\n')}\n`)
  process.exit(error.exit)
}

/** As this thread stands now: it may have changed since the process began. */
export function factsNow(): CapsFacts {
  const { uid, groups, capabilities, noNewPrivs } = parseStatus(readFileSync('/proc/thread-self/status', 'utf8'))
  return { ...readFacts(), ...capabilities, noNewPrivs, uid: uid.effective, realUid: uid.real, savedUid: uid.saved, groups }
}

type IdsStep = Step & { readonly uid?: number; readonly gid?: number; readonly groups?: readonly (number | string)[] | 'keep' | 'of-user' }

/** The ids of a step in numbers, by the files of the root that this process has; undefined: it has no names. Throws a ToolError `E_REFUSED`. */
export function idsInNumbers(step: Step | undefined): { readonly user?: string; readonly groups?: readonly number[] } | undefined {
  if (!step) return undefined
  const { user, group, groups } = step as Readonly<Record<string, unknown>>
  const words = [user, group, ...(Array.isArray(groups) ? (groups as unknown[]) : groups === 'of-user' ? [groups] : [])]
  if (!words.some(word => typeof word === 'string')) return undefined
  const { error, ...found } = native().lookUpIds(JSON.stringify(step))
  if (error) throw new ToolError('caps', `cannot look up users and groups; nothing was changed: ${how(error)}`, { code: 'E_REFUSED', ...(error.path ? { path: error.path } : {}), why: 'names are those of the root of this process', hint: 'give numbers, which need no file' })
  return { ...(found.uid === undefined ? {} : { user: `${found.uid}:${found.gid ?? found.uid}` }), ...(found.groups === undefined ? {} : { groups: found.groups }) }
}

/** What all threads shall have in the end. */
function wanted(steps: readonly Step[], facts: CapsFacts): Parameters<ReturnType<typeof native>['changeAllThreads']>[0] {
  const { bounding, permitted, effective, inheritable, ambient, noNewPrivs, groups } = stateAfter(facts, steps)
  const ids: IdsStep | undefined = steps.find(step => step.do === 'caps.ids')
  const bits = steps.filter(step => step.do === 'caps.securebits') as Partial<SecurebitsChange>[]
  return {
    ...(bounding === facts.bounding ? {} : { bounding: digits(bounding) }),
    permitted: digits(permitted), effective: digits(effective), inheritable: digits(inheritable), ambient: digits(ambient),
    ...(Array.isArray(ids?.groups) ? { groups: [...groups] } : {}),
    ...(ids?.gid === undefined ? {} : { gid: ids.gid }),
    ...(ids?.uid === undefined ? {} : { uid: ids.uid }),
    set: securebitsOf(bits.flatMap(({ set = [] }) => set)), clear: securebitsOf(bits.flatMap(({ clear = [] }) => clear)),
    noNewPrivs,
  }
}
