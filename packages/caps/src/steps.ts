// The steps of caps in an order that works, whatever the order of the options (see docs/capabilities.md):
// the bounding set while CAP_SETPCAP is there; ids, of which the kernel takes capabilities away; the
// other sets; ambient, which a change of uid would empty; securebits before what sets them goes; the
// parent-death signal, which each of these clears; no_new_privs. Pure.
import { ToolError } from '@srcon/kit/error'
import type { Step } from '@srcon/kit/step'
import { type CapsFacts, withSecurebitsSeen } from './facts.ts'
import { idsStep } from './ids.ts'
import { everything } from './lists.ts'
import { fullSet, namesOf, setOf, SETPCAP, without } from './names.ts'
import type { Request } from './request.ts'
import { securebitsStep } from './securebits.ts'
import { stateAfter, type State } from './state.ts'
import { targetOf, type Target } from './target.ts'
import { namesSets, refuseRaise, type Sets, wantedOf } from './wanted.ts'

/** `before`: the steps of the plan that come first. Throws a ToolError `E_REFUSED` for what cannot work. */
export function steps(request: Request, facts: CapsFacts, before: readonly Step[]): readonly Step[] {
  const state = stateAfter(restsOnSecurebits(request) ? withSecurebitsSeen(facts) : facts, before)
  const lacks = namesAll(request) ? namesOf(without(fullSet(facts.lastCap), state.permitted & state.bounding)) : []
  const made = request.securebits || namesSets(request) ? stepsOfSets(request, state) : stepsOfTarget(request, state)
  const last = [pdeathsigStep(request), request.noNewPrivs ? { do: 'caps.no-new-privs' } : undefined]
  return withLacks([...made, ...last].filter(step => step !== undefined), lacks, state)
}

/** Which securebits are set matters to who changes them, becomes another user and keeps something, or raises ambient ones. */
function restsOnSecurebits({ securebits, ambient, changes, iab }: Request): boolean {
  return securebits !== undefined || iab !== undefined || (ambient !== undefined && (everything(ambient) || ambient.must.length > 0)) || (changes ?? []).some(({ sets }) => sets.includes('ambient'))
}

function namesAll({ keep, ambient, changes }: Request): boolean {
  const lists = [keep, ambient, ...(changes ?? []).filter(({ how }) => how === 'add').map(({ list }) => list)]
  return lists.some(list => list && everything(list))
}

/** What `all` left out is said once, in the last step that has a word for it. */
function withLacks(made: readonly Step[], lacks: readonly string[], { effective }: State): readonly Step[] {
  const at = made.findLastIndex(step => step.do === 'caps.sets' || step.do === 'caps.ambient')
  // What changes nothing but to say so: the sets as they are.
  if (lacks.length > 0 && at < 0) return [{ do: 'caps.sets', effective: namesOf(effective), lacks }, ...made]
  return lacks.length === 0 ? made : made.map((step, i) => (i === at ? { ...step, lacks } : step))
}

/** All sets alike: --drop, --keep, --ambient, and what a config says. */
function stepsOfTarget(request: Request, state: State): (Step | undefined)[] {
  const target = targetOf(request, state)
  refuseRaise(without(target.ambient ?? 0n, state.ambient), state)
  const kept = target.keep ?? (target.drop === undefined ? state.bounding : without(state.bounding, target.drop))
  return [earlyStep(request.sets?.inheritable, kept, state), boundingStep(target, request, state), idsStep(request, state), setsStep(target, request, state), ambientStep(target)]
}

/** What leaves the bounding set cannot become inheritable any more, so it does before. */
function earlyStep(inheritable: readonly string[] | undefined, kept: bigint, state: State): Step | undefined {
  const late = without(without(setOf(inheritable ?? []), state.inheritable), kept)
  return late === 0n ? undefined : { do: 'caps.sets', inheritable: namesOf(state.inheritable | late) }
}

/** Single sets: what they shall be in the end is known, and each step brings one nearer. */
function stepsOfSets(request: Request, state: State): (Step | undefined)[] {
  const wanted = wantedOf(request, state)
  const raised = wanted.inheritable | state.inheritable
  const early = raised === state.inheritable ? undefined : { do: 'caps.sets', inheritable: namesOf(raised) }
  const bounding = boundingStep({ keep: wanted.bounding }, request, state)
  const ids = idsStep(request, state)
  const before = [early, bounding, ids].filter(step => step !== undefined)
  const now = stateAfter({ ...state, lastCap: 63 }, before)
  const ambient = wanted.ambient === now.ambient ? undefined : { do: 'caps.ambient', raise: namesOf(wanted.ambient), clear: true }
  const securebits = securebitsStep(request.securebits, now)
  return [...before, ambient, securebits, finalSets(wanted, stateAfter({ ...now, lastCap: 63 }, ambient ? [ambient] : []))]
}

function finalSets({ effective, permitted, inheritable }: Sets, now: State): Step | undefined {
  if (effective === now.effective && permitted === now.permitted && inheritable === now.inheritable) return undefined
  return { do: 'caps.sets', effective: namesOf(effective), permitted: namesOf(permitted), inheritable: namesOf(inheritable) }
}

function boundingStep({ keep, drop = 0n }: Target, { noNewPrivs }: Request, { bounding, effective, noNewPrivs: already }: State): Step | undefined {
  const goes = keep === undefined ? bounding & drop : without(bounding, keep)
  if (goes === 0n) return undefined
  if (effective & SETPCAP) return { do: 'caps.bounding', ...(keep === undefined ? { drop: namesOf(drop) } : { keep: namesOf(keep) }) }
  if (noNewPrivs || already) return undefined
  throw new ToolError('caps', 'cannot drop from the bounding set', {
    code: 'E_REFUSED',
    why: 'that needs CAP_SETPCAP, which this process does not have; without it a setuid program could get the capabilities back',
    hint: 'add --no-new-privs, which closes that way, or put ns-unshare --user before it',
  })
}

function setsStep({ keep, drop, ambient }: Target, { sets }: Request, { inheritable, ambient: nowAmbient }: State): Step | undefined {
  const raised = ambient ?? 0n
  const step = { do: 'caps.sets' }
  if (keep !== undefined) {
    const names = namesOf(keep)
    return { ...step, effective: sets?.effective ?? names, permitted: sets?.permitted ?? names, inheritable: sets?.inheritable ?? namesOf(raised) }
  }
  if (sets) return { ...step, ...sets }
  if (drop !== undefined) {
    const change = { drop: namesOf(drop) }
    return { ...step, permitted: change, inheritable: ambient === undefined ? change : namesOf(without(inheritable, drop) | raised) }
  }
  const wanted = inheritable | raised
  // What is ambient now stays inheritable until caps.ambient clears it.
  return ambient === undefined || (wanted === inheritable && nowAmbient === 0n) ? undefined : { ...step, inheritable: namesOf(wanted) }
}

function ambientStep({ ambient }: Target): Step | undefined {
  return ambient === undefined ? undefined : { do: 'caps.ambient', raise: namesOf(ambient), clear: true }
}

function pdeathsigStep({ pdeathsig }: Request): Step | undefined {
  return pdeathsig === undefined ? undefined : { do: 'caps.pdeathsig', signal: pdeathsig }
}
