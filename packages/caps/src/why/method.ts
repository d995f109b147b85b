// How `caps why` finds out: exactly, from the kernel's record, where it may be read; else by looking at
// the calls that the command makes.
import { ToolError, usage } from '@srcon/kit/error'
import type { Plan } from '@srcon/kit/plan'
import { watchCalls } from './calls.ts'
import type { Watched } from './report.ts'
import { beginTrace, trace } from './trace.ts'

/** The method of this name; `auto`: the best that can be had. Throws a ToolError: `E_HOST` where it cannot be had, `E_USAGE` where there is none of that name. */
export async function choose(name: string): Promise<(plan: Plan) => Promise<Watched>> {
  if (!['auto', 'trace', 'calls'].includes(name)) throw usage('caps', `--method: '${name}' is none`, 'one of auto, trace, calls')
  if (name === 'calls') return watchCalls
  const unavailable = beginTrace()
  if (unavailable === undefined) return trace
  if (name === 'auto') return watchCalls
  throw new ToolError('caps', 'cannot record the checks of capabilities', { code: 'E_HOST', why: unavailable, hint: 'run as root of the host, or --method=calls' })
}
