// How `caps why` finds out: exactly, from the kernel's record, where it may be read; else by looking at
// the calls that the command makes.
import { ToolError } from '@srcon/kit/error'
import type { Plan } from '@srcon/kit/plan'
import type { Watched } from './report.ts'
import { beginTrace, trace } from './trace.ts'

/** The best method that can be had. Throws a ToolError `E_HOST` where none can. */
export async function choose(): Promise<(plan: Plan) => Promise<Watched>> {
  const unavailable = beginTrace()
  if (unavailable === undefined) return trace
  throw new ToolError('caps', 'cannot record the checks of capabilities', { code: 'E_HOST', why: unavailable, hint: 'run as root of the host' })
}
