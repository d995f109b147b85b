// From a request that names single sets, or the whole state by a text, to what each of the five sets
// shall be. What cannot be is refused here: setpriv(1) ignores an impossible ambient or bounding
// request in silence. See capset(2), capabilities(7).
import { ToolError } from '@srcon/kit/error'
import type { CapList } from './lists.ts'
import { namesOf, setOf, SETPCAP, without } from './names.ts'
import type { Request } from './request.ts'
import type { SetChange, SetName } from './scoped.ts'
import { SECBIT } from './securebits.ts'
import type { State } from './state.ts'
import { targetOf } from './target.ts'

export type Sets = Readonly<Record<SetName, bigint>>
type Draft = Record<SetName, bigint>

/** Whether a request says more than drop, keep and ambient of all sets. */
export function namesSets({ changes, caps, iab }: Request): boolean {
  return changes !== undefined || caps !== undefined || iab !== undefined
}

/** The five sets, in this order: texts, --keep and --drop, single sets as written, --ambient. Pure; throws a ToolError `E_REFUSED`. */
export function wantedOf(request: Request, state: State): Sets {
  const { bounding, permitted, effective, inheritable, ambient } = state
  const draft: Draft = { bounding, permitted, effective, inheritable, ambient }
  applyTexts(draft, request, state)
  applyTarget(draft, request, state)
  for (const change of request.changes ?? []) apply(draft, change, state)
  if (request.ambient) {
    draft.ambient = chosen(request.ambient, draft.permitted & draft.inheritable | (draft.permitted & state.bounding))
    draft.inheritable |= draft.ambient
  }
  settle(draft, request)
  refuseImpossible(draft, request, state)
  return draft
}

function applyTexts(draft: Draft, { caps, iab }: Request, state: State): void {
  const has = state.permitted & state.bounding
  if (caps) {
    for (const name of ['effective', 'permitted', 'inheritable'] as const) draft[name] = caps.named[name] | (caps.sets[name] & has)
  }
  if (iab) Object.assign(draft, { inheritable: iab.inheritable | iab.ambient, ambient: iab.ambient, bounding: without(draft.bounding, iab.blocked) })
}

function applyTarget(draft: Draft, request: Request, state: State): void {
  if (!request.drop && !request.keep) return
  const { keep, drop } = targetOf({ ...(request.drop ? { drop: request.drop } : {}), ...(request.keep ? { keep: request.keep } : {}) }, state)
  if (keep !== undefined) Object.assign(draft, { bounding: keep, permitted: keep, effective: keep, inheritable: 0n, ambient: 0n })
  else if (drop !== undefined) for (const name of Object.keys(draft) as SetName[]) draft[name] = without(draft[name], drop)
}

function apply(draft: Draft, { how, sets, list }: SetChange, state: State): void {
  const has = state.permitted & state.bounding
  for (const name of sets) {
    const bits = setOf(list.must) | (list.may === 'all' ? (how === 'add' ? has : ~0n) : how === 'add' ? setOf(list.may) & has : setOf(list.may))
    if (how === 'drop') draft[name] = without(draft[name], bits)
    else if (how === 'add') draft[name] |= bits
    else {
      const missing = without(setOf(list.must), draft[name])
      if (missing !== 0n) throw refusal(`cannot keep ${say(missing)} ${name}`, `${it(missing)} not ${name} now`, `add it: --add ${name}:${short(missing)}`)
      draft[name] &= bits
    }
    // What is ambient must be inheritable: who asks for the one asks for the other.
    if (how === 'add' && name === 'ambient') draft.inheritable |= bits
  }
}

/** What follows in the kernel too: effective within permitted, ambient within permitted and inheritable. */
function settle(draft: Draft, { changes = [], caps }: Request): void {
  const demanded = (name: SetName): bigint => changes.filter(({ how, sets }) => how === 'add' && sets.includes(name)).reduce((all, { list }) => all | setOf(list.must), name === 'effective' && caps ? caps.named.effective : 0n)
  draft.effective &= draft.permitted | demanded('effective')
  draft.ambient &= (draft.permitted & draft.inheritable) | demanded('ambient')
}

function chosen({ must, may }: CapList, has: bigint): bigint {
  return setOf(must) | (may === 'all' ? has : setOf(may) & has)
}

function refuseImpossible(draft: Draft, { iab }: Request, state: State): void {
  const gone = without(draft.bounding, state.bounding)
  if (gone !== 0n) throw refusal(`cannot add ${say(gone)} to the bounding set`, 'it can only shrink: what was dropped does not come back', NAMESPACE)
  const unpermitted = without(draft.permitted, state.permitted)
  if (unpermitted !== 0n) throw refusal(`cannot make ${say(unpermitted)} permitted`, `the process does not have ${them(unpermitted)}, and a capability that is gone does not come back`, NAMESPACE)
  const ineffective = without(draft.effective, draft.permitted)
  if (ineffective !== 0n) throw refusal(`cannot make ${say(ineffective)} effective`, `${it(ineffective)} not permitted`, `make it permitted too: --add pe:${short(ineffective)}`)
  const added = without(draft.inheritable, state.inheritable)
  const unbounded = without(added, state.bounding)
  if (unbounded !== 0n) throw refusal(`cannot make ${say(unbounded)} inheritable`, `${it(unbounded)} no longer in the bounding set`, NAMESPACE)
  const unheld = without(added, state.permitted)
  if (unheld !== 0n && (state.effective & SETPCAP) === 0n) throw refusal(`cannot make ${say(unheld)} inheritable`, `${it(unheld)} not permitted, and without CAP_SETPCAP only what is permitted can become inheritable`, NAMESPACE)
  // Of an IAB text ambient lies in inheritable; what it lacks is permission.
  const impossible = without(draft.ambient | (iab?.ambient ?? 0n), draft.permitted & draft.inheritable)
  if (impossible !== 0n) throw refusal(`cannot make ${say(impossible)} ambient`, `${it(impossible)} not permitted and inheritable`, 'only what the command keeps can be ambient')
  refuseRaise(without(draft.ambient, state.ambient), state)
}

/** Refuses to raise ambient capabilities where a securebit forbids it. Pure. */
export function refuseRaise(raised: bigint, { securebits = 0 }: State): void {
  if (raised === 0n || (securebits & SECBIT.NO_CAP_AMBIENT_RAISE) === 0) return
  throw refusal(`cannot make ${say(raised)} ambient`, 'the securebit no_cap_ambient_raise is set', 'clear it in a link before: caps --securebits=-no-cap-ambient-raise; a locked one stays')
}

const NAMESPACE = 'leave it out, or put ns-unshare --user before it: in a user namespace of its own a process has all'
const say = (set: bigint): string => namesOf(set).join(', ')
const short = (set: bigint): string => namesOf(set).map(name => name.slice(4).toLowerCase()).join(',')
const single = (set: bigint): boolean => namesOf(set).length === 1
const it = (set: bigint): string => (single(set) ? 'it is' : 'they are')
const them = (set: bigint): string => (single(set) ? 'it' : 'them')

function refusal(message: string, why: string, hint: string): ToolError {
  return new ToolError('caps', message, { code: 'E_REFUSED', why, hint })
}
