// Asks the launcher whether it would accept a plan: every field, the order of its steps, this host.
// Only for plans that are printed; one that is carried out is checked there anyway.
import { closeSync, openSync, unlinkSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { launcherPath } from './addon.ts'
import { ToolError } from './error.ts'
import { toolErrorOf } from './explain.ts'
import type { AnyLink } from './link.ts'
import type { Plan } from './plan.ts'

interface Answer {
  readonly ok: boolean
  readonly step?: number | null
  readonly what?: string
  readonly why?: string
  readonly fix?: string
}

/** Throws the refusal, ToolError `E_REFUSED`. */
export function checkPlan(plan: Omit<Plan, 'argv'>, links: readonly AnyLink[], tool: string): void {
  const { spawnSync } = process.getBuiltinModule('node:child_process')
  const launcher = launcherPath(import.meta.url)
  const file = unnamedFile(JSON.stringify(plan), tool)
  try {
    // By way of a file: spawnSync's pipes are sockets, which cannot be opened by a path.
    const { stdout, stderr, error, status } = spawnSync(launcher, ['--check', '--json', '/proc/self/fd/0'], { stdio: [file, 'pipe', 'pipe'], encoding: 'utf8' })
    if (error || status !== 0) throw new ToolError(tool, 'the launcher could not check the plan', { code: 'E_LAUNCH', path: launcher, why: error?.message ?? stderr.trim(), cause: error })
    const answer = JSON.parse(stdout) as Answer
    if (answer.ok) return
    const { step, ...texts } = answer
    throw toolErrorOf({ phase: 'refused', step: step ?? -1, errno: 0, syscall: '', path: '', note: '', ...texts }, plan.steps, links, tool)
  } finally {
    closeSync(file)
  }
}

/** A file without a name, holding this text. */
function unnamedFile(text: string, tool: string): number {
  const folder = process.env['TMPDIR'] || '/tmp'
  const path = join(folder, `srcon-plan-${process.pid}-${Math.random().toString(36).slice(2)}`)
  try {
    const fd = openSync(path, 'wx+', 0o600)
    unlinkSync(path)
    writeSync(fd, text, 0)
    return fd
  } catch (cause) {
    const { code = 'E_HOST', syscall } = cause as NodeJS.ErrnoException
    throw new ToolError(tool, `cannot write a temporary file in ${folder}: ${code} (${syscall})`, { code, syscall, path: folder, why: 'the launcher checks a plan before it is printed, and reads it from there', hint: 'set TMPDIR to a folder that can be written', cause })
  }
}
