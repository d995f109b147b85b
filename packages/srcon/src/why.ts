// `srcon run --why`: the policy of the config reports what it refuses. The steps are seccomp-filter's, and so is the answering.
import type { Bytes, Verdict } from '@srcon/kit'
import { ToolError } from '@srcon/kit/error'
import type { Part } from '@srcon/kit/cli'
import { sayWhatEnded, watch, type Watched } from '@srcon/seccomp-filter/why'
import type { FilterSteps } from './steps.ts'
import type { Facts } from './tools.ts'

export interface Why {
  /** Instead of the policy's own steps. */
  readonly steps: FilterSteps
  /** Runs the command; a start that failed is the verdict's error. */
  run(parts: readonly Part[], command: readonly Bytes[]): Promise<Verdict>
}

export function watchPolicy(facts: Facts): Why {
  let watched: Watched | undefined
  return {
    steps: (policy, before) => (watched = watch(policy, facts.seccomp(), { json: false }, before)).steps,
    run: async (parts, command) => {
      if (!watched) throw new ToolError('srcon', '--why: the config has no system-call policy', { code: 'E_USAGE', hint: 'leave --why out, or give it one: --profile default' })
      const ran = await watched.run(parts, command)
      sayWhatEnded(ran.ended)
      return ran.verdict
    },
  }
}
