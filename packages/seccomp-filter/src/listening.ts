// A command under a filter that asks, with this process beside it to answer: in Rust, in a thread of the addon, no call
// of the command waits for JavaScript. See docs/seccomp-notify.md.
import { launchInForeground, plan, ToolError, type Bytes, type Step, type Verdict } from '@srcon/kit'
import type { Part } from '@srcon/kit/cli'
import type { Listening, Served } from './addon.ts'
import { link } from './link.ts'

export interface Listened {
  readonly verdict: Verdict
  readonly served: Served
}

/** The number that the socket of the hand-over has in the launcher. */
export const DESCRIPTOR = 3

/** Since Linux 5.19 a signal does not take back a question that was read. */
export function waitFlags([major, minor]: readonly [number, number]): readonly 'wait-killable'[] {
  return major > 5 || (major === 5 && minor >= 19) ? ['wait-killable'] : []
}

/** Runs the command to the end of the last process under the filter. `waiting`: called where the command has ended and others have not.
 *  Throws the ToolError of a start that failed. */
export async function runListened(session: Listening, parts: readonly Part[], command: readonly Bytes[], waiting: () => void): Promise<Listened> {
  const [first, ...rest] = command
  if (first === undefined) throw new TypeError('no command')
  const steps: readonly Step[] = parts.flatMap(part => part.steps)
  const links = [...new Set([link, ...parts.flatMap(part => part.link ?? [])])]
  const child = launchInForeground(plan([first, ...rest], steps), { links, more: [session.descriptor] })
  const ended = session.ended()
  const verdict = await child.verdict
  if (verdict.error && verdict.reason === 'setup') {
    session.stop()
    await ended
    throw verdict.error
  }
  const stop = (): void => session.stop()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop)
  const timer = setTimeout(waiting, 1000)
  const served = await ended
  clearTimeout(timer)
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.off(signal, stop)
  if (served.errno !== undefined) throw new ToolError('seccomp-filter', `the listener failed: error ${served.errno}`, { code: 'E_HOST', errno: served.errno })
  return { verdict, served }
}
