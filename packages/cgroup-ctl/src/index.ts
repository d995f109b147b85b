// Limits as a library: steps for a plan, a group that is held for several commands, and the looking.
import { readFacts, type CgroupFacts } from './facts.ts'
import { checkLimits, type LimitOptions } from './limits.ts'
import { steps, type JoinStep } from './steps.ts'

export { create, type HeldGroup, type Counted } from './create.ts'
export { readFacts, type Candidate, type CgroupFacts } from './facts.ts'
export type { Hierarchy } from './layout.ts'
export type { LimitOptions } from './limits.ts'
export { show, type Membership, type Standing } from './show.ts'
export type { Account } from './account.ts'
export type { Group, JoinStep } from './steps.ts'

/** The step that puts a command into a transient group with these limits.
 *  Throws a ToolError: `E_USAGE` for a value that is none, `E_HOST` for a limit that this host cannot have. */
export function limits(options: LimitOptions, facts: CgroupFacts = readFacts()): readonly [JoinStep] {
  return steps(checkLimits(options), facts)
}
