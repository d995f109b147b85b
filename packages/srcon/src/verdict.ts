// `srcon run --verdict FILE`: this process stays beside the command to say why it ended, then ends as it did.
import { closeSync, openSync, writeSync } from 'node:fs'
import { endAs, launchInForeground, plan, ToolError, type Bytes, type Step, type Verdict } from '@srcon/kit'
import type { Part } from '@srcon/kit/cli'
import { json } from '@srcon/kit/output'
import { links } from './tools.ts'
import type { Why } from './why.ts'

/** Sets the exit code, or ends by the signal that ended the command. Throws the ToolError of a start that failed.
 *  `file`: where the verdict goes; `why`: the policy's refusals are reported. */
export async function runWithVerdict(file: string | undefined, parts: readonly Part[], command: readonly Bytes[], why?: Why): Promise<void> {
  const [first, ...rest] = command
  if (first === undefined) return
  // Before the start: a verdict that cannot be written is to be known then.
  const fd = file === undefined ? undefined : openVerdict(file)
  const steps: readonly Step[] = parts.flatMap(part => part.steps)
  const verdict = await (why ? why.run(parts, command) : launchInForeground(plan([first, ...rest], steps), { links }).verdict)
  const { error, ...facts } = await named(verdict)
  if (fd !== undefined) {
    writeSync(fd, json({ ...facts, ...(error ? error.toJSON() : {}) }))
    closeSync(fd)
  }
  if (error) throw error
  endAs(verdict)
}

/** With the name of the call that a filter killed for, where only its number is known. */
async function named(verdict: Verdict): Promise<Verdict> {
  const { syscall, syscallArch, syscallName } = verdict
  if (syscall === undefined || syscallArch === undefined || syscallName !== undefined) return verdict
  const { calls } = await import('@srcon/seccomp-filter')
  const name = calls(syscallArch).find(({ number }) => number === syscall)?.name
  return name === undefined ? verdict : { ...verdict, syscallName: name }
}

function openVerdict(file: string): number {
  try {
    return openSync(file, 'w', 0o666)
  } catch (cause) {
    const { code = 'E_HOST', syscall = 'open' } = cause as NodeJS.ErrnoException
    throw new ToolError('srcon', `cannot write the verdict to ${file}: ${code} (${syscall})`, { code, syscall, path: file, hint: 'name a file that can be written', cause })
  }
}
