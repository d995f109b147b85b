// A command line ends by becoming its command: the launcher is executed in place, so the pid that the
// shell knows, its job control and its signals are the command's. See execve(2).
import { ToolError } from '../error.ts'
import type { Plan } from '../plan.ts'
import { launchError, launcher, native, pack, planText } from './native.ts'

export interface BecomeRequest {
  readonly plan: Plan
  /** The command as bytes; goes before the plan's own. */
  readonly argv: readonly Buffer[]
  /** What the keeper runs when the start fails: a program by its absolute path and its words. */
  readonly explain?: readonly string[]
  /** Descriptors, from 3 on, that the command inherits. */
  readonly keep?: readonly number[]
  /** `NAME=VALUE`; default: the environment of this process, byte for byte. */
  readonly env?: readonly (string | Buffer)[]
}

/** Executes the launcher in place of this process. Throws a ToolError `E_LAUNCH` where that is not possible. */
export function become({ plan, argv, explain = [], keep = [], env }: BecomeRequest): never {
  refuseLoss()
  const path = launcher()
  const words = pack('the word', [...explain, '--', ...argv])
  const request = { launcher: path, plan: planText(plan), explain: explain.length, keep: [...keep] }
  throw launchError(native().becomeLauncher(request, words, env && pack('the variable', env)), path)
}

/** Whatever has not reached the kernel yet is lost with this process: output above all. */
function refuseLoss(): void {
  const pending = process.getActiveResourcesInfo().filter(name => name === 'WriteWrap' || name === 'ShutdownWrap' || name.startsWith('FSReq'))
  if (pending.length === 0) return
  throw new ToolError('srcon', 'this process still has work pending', { code: 'E_LAUNCH', why: `it would be lost by becoming the launcher: ${[...new Set(pending)].join(', ')}`, hint: 'await it, write output with writeAll' })
}
