// A plan: an ordered list of steps, then a command. Pure data; see docs/plan.md.
import type { Bytes, Step } from './step.ts'

export type Argv = readonly [file: Bytes, ...args: Bytes[]]

/** What a plan says of the host it was made for; the launcher refuses a mismatch. */
export interface PlanFacts {
  /** `uname -m`: `x86_64`, `aarch64`. */
  readonly arch?: string
  /** `/proc/sys/kernel/cap_last_cap`. */
  readonly lastCap?: number
}

export interface Plan {
  readonly version: 1
  readonly facts?: PlanFacts
  readonly steps: readonly Step[]
  readonly argv: Argv
}

/** Steps in the order given; a tool's function returns one step or several. Pure. */
export function plan(argv: Argv, ...steps: readonly (Step | readonly Step[])[]): Plan {
  return { version: 1, steps: steps.flat<readonly (Step | readonly Step[])[]>(), argv }
}
