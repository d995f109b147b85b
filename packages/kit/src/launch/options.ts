// What a caller says of a start beside the plan, and what the launcher gets of it.
import { fileURLToPath } from 'node:url'
import { isMainThread } from 'node:worker_threads'
import type { AnyLink } from '../link.ts'
import type { Plan } from '../plan.ts'
import { toBuffer } from '../words.ts'
import { pack, planText } from './native.ts'
import type { StdioOption } from './stdio.ts'

export interface LaunchOptions {
  /** Exactly this environment, as an object or as `NAME=VALUE`; default: that of this process, byte for byte. */
  readonly env?: Readonly<Record<string, string | undefined>> | readonly (string | Buffer)[] | undefined
  /** Where the launcher starts, and the command too unless the plan says otherwise. */
  readonly cwd?: string | URL | undefined
  /** Default: three pipes. */
  readonly stdio?: StdioOption | undefined
  /** Ends it: at once, or with `graceMs` first by TERM. */
  readonly signal?: AbortSignal | undefined
  /** Wall-clock limit, milliseconds: needs a pid namespace or a group in the plan. */
  readonly timeoutMs?: number | undefined
  /** Milliseconds between TERM and KILL; default: 2000 for `timeoutMs`, KILL at once for `signal`. */
  readonly graceMs?: number | undefined
  /** Who explains steps that fail; default: the installed tools. */
  readonly links?: readonly AnyLink[] | undefined
}

/** The plan with the time limit of the options; last, so that steps keep their numbers. */
export function withTimeLimit(plan: Plan, { timeoutMs, graceMs }: LaunchOptions): Plan {
  if (timeoutMs === undefined) return plan
  const limit = { do: 'run.time-limit', wallMs: timeoutMs, ...(graceMs === undefined ? {} : { graceMs }) }
  return { ...plan, steps: [...plan.steps, limit] }
}

/** The plan as text and the command as words: the launcher takes words of any bytes only as its own. */
export function launcherInput(plan: Plan, { cwd, env }: LaunchOptions): { text: string; words: Buffer; env: Buffer | undefined; cwd: { cwd?: string } } {
  return {
    text: planText(plan),
    words: pack('the word', ['--', ...plan.argv.map(toBuffer)]),
    env: environment(env),
    cwd: cwd === undefined ? {} : { cwd: cwd instanceof URL ? fileURLToPath(cwd) : cwd },
  }
}

/** Undefined: the addon passes the C library's on. A Worker has an environment of its own, which only Node knows. */
function environment(env: LaunchOptions['env']): Buffer | undefined {
  const given = env ?? (isMainThread ? undefined : process.env)
  if (given === undefined) return undefined
  if (isList(given)) return pack('the variable', given)
  return pack('the variable', Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : `${name}=${value}`)))
}

/** Array.isArray does not know readonly arrays. */
function isList(env: NonNullable<LaunchOptions['env']>): env is readonly (string | Buffer)[] {
  return Array.isArray(env)
}
