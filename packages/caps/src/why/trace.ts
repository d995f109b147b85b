// The exact method: the kernel itself records every check of a capability, and its result. Needs root
// of the host and Linux 6.13. The record begins on this thread, and what it starts is recorded too.
import { getSystemErrorMap } from 'node:util'
import { ToolError } from '@srcon/kit/error'
import type { Plan } from '@srcon/kit/plan'
import { native } from '../native.ts'
import { runBeside } from './beside.ts'
import { Reader } from './record.ts'
import type { Watched } from './report.ts'

/** Milliseconds between two readings: the kernel's buffer holds some 50,000 checks. */
const EVERY = 50

/** Whether it can be had; else the reason. Begins the record where it can. */
export function beginTrace(): string | undefined {
  const error = native().startTrace()
  if (error === null) return undefined
  if (error.path.includes('cap_capable') && error.errno === 2) return 'this kernel has no tracepoint for capability checks (Linux 6.13 has)'
  const name = getSystemErrorMap().get(-error.errno)?.[0] ?? `E${error.errno}`
  return error.errno === 1 || error.errno === 13 ? 'only root of the host may read the kernel\'s record' : `the kernel's record cannot be had: ${name} (${error.syscall}${error.path ? ` ${error.path}` : ''})`
}

/** Runs a command while the record that `beginTrace` began is read. */
export async function trace(plan: Plan): Promise<Watched> {
  const reader = new Reader()
  // One reading brings at most 256 KiB; while the command runs there may always be more.
  const drain = (readings: number): void => {
    for (let more = true; more && readings > 0; readings--) {
      const bytes = native().readTrace()
      if (!Buffer.isBuffer(bytes)) throw new ToolError('caps', "cannot read the kernel's record", { code: 'E_HOST', syscall: bytes.syscall, errno: bytes.errno })
      more = bytes.length > 0
      // Names may be in any encoding; the record's own words are ASCII.
      reader.add(bytes.toString('latin1'))
    }
  }
  const timer = setInterval(() => drain(16), EVERY)
  try {
    const verdict = await runBeside(plan)
    clearInterval(timer)
    const lost = native().stopTrace()
    drain(Infinity)
    reader.end()
    return { method: 'trace', verdict, seen: reader.collected.all(), lost, left: reader.left, works: reader.works }
  } finally {
    clearInterval(timer)
    native().endTrace()
  }
}
