// From a failure as the launcher recorded it to an error that says why. The tool that owns the step
// is asked; it probes the host from the untouched state. On a command line nobody of us is left when
// a step fails, so the launcher's keeper runs this bin once more with the record: see explainer.ts.
import { constants } from 'node:os'
import { causeInPlan } from './earlier.ts'
import { describeErrno, errnoName } from './errno.ts'
import { ToolError } from './error.ts'
import type { AnyLink, Explanation, Failure } from './link.ts'
import { explainRun } from './run-explain.ts'
import { changesRoot, type Step } from './step.ts'

/** What the launcher's status page says of a start that did not come to its command. */
export interface FailureRecord {
  /** The launcher died in set-up; the plan was refused; a step failed; the command could not be executed. */
  readonly phase: 'died' | 'refused' | 'failed' | 'exec' | 'exec-failed'
  /** Index of the step; -1: none. */
  readonly step: number
  /** The kernel's error number, 0: no call failed. */
  readonly errno: number
  /** wait(2) status of one that died. */
  readonly status?: number
  readonly syscall: string
  readonly path: string
  readonly note: string
  /** Of a refusal. */
  readonly what?: string
  readonly why?: string
  readonly fix?: string
}

/** The error of a start that failed. `links`: of the tools whose steps are in the plan; `tool`: speaks where none of them owns the step. */
export function toolErrorOf(record: FailureRecord, steps: readonly Step[], links: readonly AnyLink[], tool = 'srcon'): ToolError {
  const step = steps[record.step]
  const owner = step && links.find(({ owns }) => owns.includes(step.do.split('.')[0] ?? ''))
  const name = owner?.table.name ?? tool
  if (record.phase === 'refused') return refusal(record, step, name)
  if (record.phase === 'died') return deathInSetup(record, tool)
  if (record.phase !== 'failed') return execError(record, steps, tool)
  return step ? stepError(record, step, steps, owner, name) : unknownStep(record, tool)
}

function refusal({ step: index, what, why, fix }: FailureRecord, step: Step | undefined, tool: string): ToolError {
  const at = step ? { step: step.do, index } : {}
  return new ToolError(tool, what || 'the plan is refused', { code: 'E_REFUSED', ...at, why: why || undefined, hint: fix || undefined })
}

function stepError(record: FailureRecord, step: Step, steps: readonly Step[], owner: AnyLink | undefined, tool: string): ToolError {
  const { step: index, syscall, errno, path, note } = record
  const code = errno === 0 ? '' : errnoName(errno)
  const failure: Failure = { step, index, syscall, errno, code, path, note, steps }
  const { what, why, fix } = { ...ask(owner, failure), ...causeInPlan(failure) }
  return new ToolError(tool, what ?? `${step.do} failed${path && ` on ${path}`}: ${code ? `${code} (${syscall})` : note || syscall}`, {
    code: code || 'E_STEP',
    syscall: syscall || undefined,
    errno: errno || undefined,
    step: step.do,
    index,
    path: path || undefined,
    why: why ?? unexplained(failure),
    hint: fix,
  })
}

/** An explainer that fails must not hide what it was to explain. */
function ask(owner: AnyLink | undefined, failure: Failure): Explanation {
  try {
    return (owner ? owner.explain(failure) : explainRun(failure)) ?? {}
  } catch (error) {
    return { why: `${describeErrno(failure.errno)}; the probe for the cause failed too: ${(error as Error).message}` }
  }
}

function unexplained({ errno, note }: Failure): string {
  const cause = errno === 0 ? 'the result is not as asked' : describeErrno(errno)
  return `${cause}${note && ` (${note})`}; none of our probes found the cause`
}

/** A plan so long that its steps were not passed on. */
function unknownStep({ step, syscall, errno, path, note }: FailureRecord, tool: string): ToolError {
  const code = errno === 0 ? 'E_STEP' : errnoName(errno)
  return new ToolError(tool, `step ${step} failed${path && ` on ${path}`}: ${code} (${syscall})`, { code, syscall, errno, index: step, path, why: note || describeErrno(errno) })
}

function execError({ errno, path, note }: FailureRecord, steps: readonly Step[], tool: string): ToolError {
  const code = errnoName(errno)
  const missing = code === 'ENOENT' || code === 'ENOTDIR'
  const where = changesRoot(steps) ? ' in the new root' : ''
  const fields = { code: 'E_EXEC', syscall: 'execve', errno, path } as const
  if (!missing) return new ToolError(tool, `cannot execute '${path}': ${code} (execve)`, { ...fields, why: execCause(code, note), exit: 126 })
  const why = path.includes('/') ? `it is not there${where}, or the loader or interpreter that it names is not` : `no directory of PATH${where} has it`
  return new ToolError(tool, `cannot execute '${path}': ${code} (execve)`, { ...fields, why, hint: where ? 'look at what the new root holds; PATH is searched there' : undefined, exit: 127 })
}

function execCause(code: string, note: string): string {
  if (code === 'EACCES') return 'it is no executable file for this user, lies on a noexec mount, or is a directory'
  if (code === 'ENOEXEC') return 'it is neither a program for this machine nor a script that begins with #!'
  if (code === 'EPERM') return 'a system-call filter or a security module forbids execve'
  return note || describeErrno(code)
}

function deathInSetup({ status = 0, note }: FailureRecord, tool: string): ToolError {
  const signal = Object.entries(constants.signals).find(([, number]) => number === (status & 0x7f))?.[0]
  const why = signal === 'SIGSYS' ? 'the system-call filter of the plan ended it: it forbids what later steps or execve need' : note || `${signal ? `${signal} ended it` : 'it ended without a record'}; from outside, or for want of memory`
  return new ToolError(tool, 'the container was ended while it was being set up', { code: 'E_LAUNCH', why })
}
