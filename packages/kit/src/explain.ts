// From a failure as the launcher recorded it to an error that says why. The tool that owns the step
// is asked; it probes the host from the untouched state. On a command line nobody of us is left when
// a step fails, so the launcher's keeper runs this bin once more with the record: see cli.ts.
import { describeErrno, errnoName } from './errno.ts'
import { ToolError } from './error.ts'
import type { AnyLink, Explanation, Failure } from './link.ts'
import type { Step } from './step.ts'

/** What the launcher's status page says of a start that did not come to its command. */
export interface FailureRecord {
  /** The plan was refused; a step failed; the command could not be executed; the launcher died without a word. */
  readonly phase: 'refused' | 'failed' | 'exec-failed' | 'starting'
  /** Index of the step; -1 or absent: none. */
  readonly index?: number | undefined
  readonly syscall?: string | undefined
  readonly errno?: number | undefined
  readonly path?: string | undefined
  readonly note?: string | undefined
  /** Of a refusal. */
  readonly what?: string | undefined
  readonly why?: string | undefined
  readonly fix?: string | undefined
}

/** What the explainer is started with, as JSON. */
export interface ExplainRequest {
  /** The tool that was called. */
  readonly tool: string
  /** Print the error as JSON. */
  readonly json: boolean
  /** Link modules of the other tools in the chain, absolute. */
  readonly modules: readonly string[]
  /** First word of the command. */
  readonly command: string
  readonly steps: readonly Step[]
  readonly failure: FailureRecord
}

/** The error of a start that failed. `links`: those whose steps are in the plan; `tool`: who speaks where none of them owns the step. */
export function toolErrorOf(record: FailureRecord, steps: readonly Step[], links: readonly AnyLink[], tool = 'srcon'): ToolError {
  const step = record.index === undefined ? undefined : steps[record.index]
  const owner = step && links.find(({ owns }) => owns.includes(step.do.split('.')[0] ?? ''))
  const name = owner?.table.name ?? tool
  const at = { step: step?.do, index: step && record.index }
  switch (record.phase) {
    case 'refused':
      return new ToolError(name, record.what || 'the plan is refused', { code: 'E_REFUSED', ...at, why: record.why || undefined, hint: record.fix || undefined })
    case 'exec-failed':
      return execError(record, steps, tool)
    case 'failed':
      return step ? stepError(record, step, steps, owner, name) : lost(tool, record.note)
    case 'starting':
      return lost(tool, record.note)
  }
}

function stepError(record: FailureRecord, step: Step, steps: readonly Step[], owner: AnyLink | undefined, tool: string): ToolError {
  const { index = 0, syscall = '', errno = 0, path = '', note = '' } = record
  const code = errno === 0 ? '' : errnoName(errno)
  const failure: Failure = { step, index, syscall, errno, code, path, note, steps }
  const explanation = ask(owner, failure)
  const plain = `${step.do}${path && ` of ${path}`} failed: ${code ? `${code} (${syscall})` : note || syscall}`
  const why = explanation.why ?? unexplained(failure)
  return new ToolError(tool, explanation.what ?? plain, {
    code: code || 'E_STEP', syscall: syscall || undefined, errno: errno || undefined, step: step.do, index, path: path || undefined, why, hint: explanation.fix,
  })
}

/** An explainer that fails must not hide what it was to explain. */
function ask(owner: AnyLink | undefined, failure: Failure): Explanation {
  try {
    return owner?.explain(failure) ?? {}
  } catch (error) {
    return { why: `${describeErrno(failure.errno)}; the probe for the cause failed too: ${(error as Error).message}` }
  }
}

function unexplained({ errno, note }: Failure): string {
  const cause = errno === 0 ? note || 'the result is not as asked' : describeErrno(errno)
  return `${cause}; none of our probes found the cause${note && errno !== 0 ? ` (${note})` : ''}`
}

const NOT_FOUND = new Set(['ENOENT', 'ENOTDIR'])

function execError({ errno = 0, path = '' }: FailureRecord, steps: readonly Step[], tool: string): ToolError {
  const code = errnoName(errno)
  const newRoot = changesRoot(steps)
  const found = !NOT_FOUND.has(code)
  const where = newRoot ? ' in the new root' : ''
  const why = found ? execCause(code) : `it is not there${where}, or the loader or interpreter that it names is not`
  const hint = found ? undefined : path.includes('/') ? undefined : `look at PATH${newRoot ? ' and at what the new root holds' : ''}`
  return new ToolError(tool, `cannot execute '${path}': ${code} (execve)`, { code: 'E_EXEC', syscall: 'execve', errno, path, why, hint, exit: found ? 126 : 127 })
}

function execCause(code: string): string {
  if (code === 'EACCES') return 'it is no executable file for this user, lies on a noexec mount, or is a directory'
  if (code === 'ENOEXEC') return 'it is neither a program of this machine nor a script with #!'
  if (code === 'EPERM') return 'a system-call filter or a security module forbids execve'
  return describeErrno(code)
}

/** Whether the command sees another root than we do. */
export function changesRoot(steps: readonly Step[]): boolean {
  return steps.some(step => step.do === 'fs.pivot' || step.do === 'fs.chroot')
}

function lost(tool: string, note = ''): ToolError {
  return new ToolError(tool, 'the launcher ended before it executed the command', {
    code: 'E_LAUNCH', why: note || 'it was killed: by a signal, by a system-call filter that the plan loads, or for want of memory', hint: 'srcon-launch --check says whether the plan is sound',
  })
}
