// What the command will have, for --dry-run: the state after the steps and after exec.
import type { Step } from '@srcon/kit/step'
import { afterExec, beforeExec } from './exec.ts'
import { type CapsFacts, withSecurebitsSeen } from './facts.ts'
import { fullSet, namesOf, without } from './names.ts'
import { securebitNames } from './securebits.ts'
import { stateAfter } from './state.ts'

/** One line a set. Pure but for the securebits. */
export function outlook(steps: readonly Step[], facts: CapsFacts): Readonly<Record<string, string>> {
  const state = stateAfter(withSecurebitsSeen(facts), steps)
  const { bounding, permitted, effective, inheritable, ambient, securebits = 0 } = afterExec(beforeExec(state)) ?? state
  const say = (set: bigint): string => sayOf(set, fullSet(facts.lastCap))
  return {
    effective: say(effective), permitted: say(permitted), inheritable: say(inheritable), bounding: say(bounding), ambient: say(ambient),
    ...(securebits === 0 ? {} : { securebits: securebitNames(securebits).join(' ') }),
  }
}

function sayOf(set: bigint, all: bigint): string {
  const names = namesOf(set)
  const missing = namesOf(without(all, set))
  if (names.length === 0) return 'none'
  return missing.length === 0 ? 'all' : names.length <= missing.length ? names.join(' ') : `all but ${missing.join(' ')}`
}
