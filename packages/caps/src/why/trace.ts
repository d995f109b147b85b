// The exact method: the kernel itself records every check of a capability, and its result. Needs root
// of the host and Linux 6.13. The record begins on this thread, and what it starts is recorded too; it
// is added up in Rust as it comes, so that a busy command costs no memory. See core/src/record.rs.
import { ToolError } from '@srcon/kit/error'
import type { Plan } from '@srcon/kit/plan'
import { nameOf } from '../names.ts'
import { how, native } from '../native.ts'
import { runBeside } from './beside.ts'
import type { Watched } from './report.ts'
import type { Seen } from './seen.ts'

/** Milliseconds between two readings: the kernel's buffer holds some 50,000 checks for each CPU. */
const EVERY = 20

type SystemError = NonNullable<ReturnType<ReturnType<typeof native>['startTrace']>>

/** Whether it can be had; else the reason. Begins the record where it can. */
export function beginTrace(): string | undefined {
  const error = native().startTrace()
  if (error === null) return undefined
  const { errno, path, note } = error
  if (errno === 0) return `the kernel's record cannot be had: ${note}`
  if (path.includes('cap_capable') && errno === 2) return 'this kernel has no tracepoint for capability checks (Linux 6.13 has)'
  return errno === 1 || errno === 13 ? 'only root of the host may read the kernel\'s record' : `the kernel's record cannot be had: ${how(error)}${path ? ` ${path}` : ''}`
}

/** Runs a command while the record that `beginTrace` began is read. */
export async function trace(plan: Plan): Promise<Watched> {
  let failure: SystemError | null = null
  const timer = setInterval(() => (failure ??= native().readTrace()), EVERY)
  try {
    const verdict = await runBeside(plan)
    clearInterval(timer)
    const { seen, lost, accounting, probes, error } = native().endTrace()
    const wrong = failure ?? error
    if (wrong) throw new ToolError('caps', `cannot read the kernel's record: ${how(wrong)}`, { code: 'E_HOST', syscall: wrong.syscall, errno: wrong.errno })
    return { method: 'trace', verdict, seen: seen.map(seenOf), lost, left: { accounting, probes } }
  } finally {
    clearInterval(timer)
    native().endTrace()
  }
}

function seenOf({ capability, granted, call, process, elsewhere, instead, count }: ReturnType<ReturnType<typeof native>['endTrace']>['seen'][number]): Seen {
  return { capability: nameOf(capability), outcome: granted ? 'used' : 'refused', call, process, where: elsewhere ? 'own' : 'ours', ...(instead ? { instead: true as const } : {}), count }
}
