// A start that did not come to its command, as an error: from the launcher's record, by the tool that
// owns the step.
import type { Status } from '../../native/index.d.ts'
import { ToolError } from '../error.ts'
import { toolErrorOf, type FailureRecord } from '../explain.ts'
import type { Step } from '../step.ts'
import type { LaunchOptions } from './options.ts'
import { ownersOf } from './owners.ts'

export async function startError(status: Status, raw: number, steps: readonly Step[], { links }: LaunchOptions): Promise<ToolError> {
  return toolErrorOf(recordOf(status, raw), steps, links ?? (await ownersOf(steps[status.step])))
}

export function abortError({ signal }: LaunchOptions): ToolError {
  return new ToolError('srcon', 'aborted before the command was executed', { code: 'ABORT_ERR', cause: signal?.reason })
}

function recordOf({ phase, step, errno, texts }: Status, raw: number): FailureRecord {
  const [first = '', second = '', third = '', fourth = ''] = texts
  const record = { phase: phase as FailureRecord['phase'], step, errno, status: raw }
  if (phase === 'refused') return { ...record, syscall: '', path: '', note: '', what: second, why: third, fix: fourth }
  return { ...record, syscall: first, path: second, note: third }
}
