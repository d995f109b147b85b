// What a process has after some steps: so that what cannot work is refused before anything is done,
// and explained after it has failed. See capabilities(7), user_namespaces(7).
import type { Step } from '@srcon/kit/step'
import { fullSet, setOf, without } from './names.ts'
import { SECBIT, type SecurebitsChange, withSecurebits } from './securebits.ts'

export interface IdMapLine {
  readonly inside: number
  readonly outside: number
  readonly count: number
}

export interface State {
  readonly bounding: bigint
  readonly permitted: bigint
  readonly effective: bigint
  readonly inheritable: bigint
  readonly ambient: bigint
  readonly noNewPrivs: boolean
  /** Effective. -1: one that is looked up by name, and is not 0. */
  readonly uid: number
  readonly realUid: number
  readonly savedUid: number
  /** Undefined: not asked for, which costs an addon, or not to be seen. */
  readonly securebits: number | undefined
  readonly groups: readonly number[]
  /** Whether setgroups(2) is allowed in this user namespace. */
  readonly setgroups: boolean
  readonly uidMap: readonly IdMapLine[]
  readonly gidMap: readonly IdMapLine[]
}

const OVERFLOW_ID = 65534
/** Of a name that only the root where the command will run can tell. */
const UNKNOWN_ID = -1

type Names = readonly string[]

/** The state after `steps`; those of other tools than ns.user change nothing of it. Pure. */
export function stateAfter(facts: State & { readonly lastCap: number }, steps: readonly Step[]): State {
  let state: State = facts
  for (const step of steps) state = next(state, step, facts.lastCap)
  return state
}

function next(state: State, step: Step, lastCap: number): State {
  switch (step.do) {
    case 'ns.user':
      return inUserNamespace(state, step, lastCap)
    case 'caps.bounding': {
      const { keep, drop } = step as { keep?: Names; drop?: Names }
      return { ...state, bounding: keep ? state.bounding & setOf(keep) : without(state.bounding, setOf(drop ?? [])) }
    }
    case 'caps.ids':
      return withIds(state, step)
    case 'caps.securebits': {
      const { set = [], clear = [] } = step as Partial<SecurebitsChange>
      return state.securebits === undefined ? state : { ...state, securebits: withSecurebits(state.securebits, { set, clear }) }
    }
    case 'caps.sets':
      return withSets(state, step)
    case 'caps.ambient': {
      const { raise, clear } = step as unknown as { raise: Names; clear?: boolean }
      return { ...state, ambient: (clear === true ? 0n : state.ambient) | setOf(raise) }
    }
    case 'caps.no-new-privs':
      return { ...state, noNewPrivs: true }
    default:
      return state
  }
}

/** The launcher keeps the permitted and effective sets through the change (KEEPCAPS); ambient goes when uid 0 does. */
function withIds(state: State, step: Step): State {
  const { user, groups } = step as { user?: string; groups?: readonly (number | string)[] | 'keep' | 'of-user' }
  const uid = user === undefined ? (step['uid'] as number | undefined) : user === 'root' ? 0 : UNKNOWN_ID
  const list = Array.isArray(groups) ? (groups as readonly (number | string)[]).map(group => (typeof group === 'number' ? group : UNKNOWN_ID)) : state.groups
  if (uid === undefined) return { ...state, groups: list }
  const { uid: effective, realUid, savedUid, securebits = 0 } = state
  const leavesRoot = (effective === 0 || realUid === 0 || savedUid === 0) && uid !== 0 && (securebits & SECBIT.NO_SETUID_FIXUP) === 0
  return { ...state, uid, realUid: uid, savedUid: uid, ambient: leavesRoot ? 0n : state.ambient, groups: list }
}

/** A new user namespace gives all capabilities in it, and takes the inheritable and ambient ones. */
function inUserNamespace(state: State, step: Step, lastCap: number): State {
  const full = fullSet(lastCap)
  const { uidMap = [], gidMap = [], setgroups, uid } = step as { uidMap?: readonly IdMapLine[]; gidMap?: readonly IdMapLine[]; setgroups?: string; uid?: number }
  const inside = uid ?? (isMapped(uidMap, 0) ? 0 : OVERFLOW_ID)
  const allowed = gidMap.length > 0 && setgroups !== 'deny' && state.setgroups
  return {
    ...state,
    bounding: full, permitted: full, effective: full, inheritable: 0n, ambient: 0n,
    uid: inside, realUid: inside, savedUid: inside, securebits: 0,
    groups: allowed && isMapped(gidMap, 0) ? [] : state.groups,
    setgroups: allowed, uidMap, gidMap,
  }
}

type Change = Names | { readonly drop: Names }

function withSets(state: State, step: Step): State {
  const { effective, permitted, inheritable } = step as { effective?: Change; permitted?: Change; inheritable?: Change }
  const of = (change: Change | undefined, now: bigint): bigint => (change === undefined ? now : 'drop' in change ? without(now, setOf(change.drop)) : setOf(change))
  const p = of(permitted, state.permitted)
  const i = of(inheritable, state.inheritable)
  const e = effective === undefined ? state.effective & p : of(effective, state.effective)
  return { ...state, effective: e, permitted: p, inheritable: i, ambient: state.ambient & p & i }
}

/** Whether `id` exists in a namespace with this map. */
export function isMapped(map: readonly IdMapLine[], id: number): boolean {
  return map.some(({ inside, count }) => id >= inside && id - inside < count)
}
