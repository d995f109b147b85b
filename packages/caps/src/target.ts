// From a request and what the process has to the sets that it shall have. Refuses what cannot be:
// setpriv(1) ignores an impossible ambient or bounding request in silence, we do not.
import { ToolError } from '@srcon/kit/error'
import { type CapList, everything } from './lists.ts'
import { namesOf, setOf, without } from './names.ts'
import type { Request } from './request.ts'
import type { State } from './state.ts'

export interface Target {
  /** All of the bounding, permitted and effective sets; undefined: only `drop` goes from them. */
  readonly keep?: bigint
  readonly drop?: bigint
  readonly ambient?: bigint
}

/** What the bounding, permitted, effective and ambient sets shall be. Pure; throws a ToolError `E_REFUSED`. */
export function targetOf({ drop, keep, ambient }: Request, state: State): Target {
  const has = state.permitted & state.bounding
  const kept = keptOf(drop, keep, has)
  const left = kept ?? without(has, drop ? dropped(drop, has) : 0n)
  const raised = ambient && asked('make', ambient, left, keep || drop ? 'it is not kept' : 'the process does not have it')
  return {
    ...(kept === undefined ? (drop ? { drop: dropped(drop, has) } : {}) : { keep: kept }),
    ...(raised === undefined ? {} : { ambient: raised }),
  }
}

function keptOf(drop: CapList | undefined, keep: CapList | undefined, has: bigint): bigint | undefined {
  if (!keep) return drop && everything(drop) ? 0n : undefined
  const kept = asked('keep', keep, has, 'the process does not have it')
  // --drop all --keep X reads as Docker's --cap-drop all --cap-add X.
  if (!drop || everything(drop)) return kept
  return without(kept, dropped(drop, has))
}

function dropped({ must, may }: CapList, has: bigint): bigint {
  return setOf(must) | (may === 'all' ? has : setOf(may))
}

function asked(verb: 'keep' | 'make', { must, may }: CapList, has: bigint, reason: string): bigint {
  const missing = without(setOf(must), has)
  if (missing !== 0n) {
    throw new ToolError('caps', `cannot ${verb} ${namesOf(missing).join(', ')}${verb === 'make' ? ' ambient' : ''}`, {
      code: 'E_REFUSED', why: `${reason}, and a capability that is gone does not come back`,
      hint: reason.includes('kept') ? 'name it in --keep too' : 'leave it out, or put ns-unshare --user before it: in a user namespace of its own a process has all',
    })
  }
  return setOf(must) | (may === 'all' ? has : setOf(may) & has)
}
