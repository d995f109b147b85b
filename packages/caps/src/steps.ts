// The steps of caps in the one order that works (see capabilities(7), credentials(7)): the bounding
// set while CAP_SETPCAP is there; ids, of which the kernel takes capabilities away; the other sets;
// ambient, which a change of uid would empty; no_new_privs. Pure.
import { ToolError } from '@srcon/kit/error'
import type { Step } from '@srcon/kit/step'
import type { CapsFacts } from './facts.ts'
import { idsStep } from './ids.ts'
import { namesOf, SETPCAP, without } from './names.ts'
import type { Request } from './request.ts'
import { stateAfter, type State } from './state.ts'
import { targetOf, type Target } from './target.ts'

/** `before`: the steps of the plan that come first. Throws a ToolError `E_REFUSED` for what cannot work. */
export function steps(request: Request, facts: CapsFacts, before: readonly Step[]): readonly Step[] {
  const state = stateAfter(facts, before)
  const target = targetOf(request, state)
  const made = [boundingStep(target, request, state), idsStep(request, state), setsStep(target, request, state), ambientStep(target), request.noNewPrivs ? { do: 'caps.no-new-privs' } : undefined]
  return made.filter(step => step !== undefined)
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
