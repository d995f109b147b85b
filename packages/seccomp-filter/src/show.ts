// `seccomp-filter show PID`: how a process stands, as far as the kernel tells everybody. What the filters
// say, only a ptracer with CAP_SYS_ADMIN can read. See proc(5).
import { ToolError } from '@srcon/kit/error'
import { parsePid } from '@srcon/kit/number'
import type { Output } from '@srcon/kit/output'
import type { ScannedLink } from '@srcon/kit/table'
import { addon } from './addon.ts'

export interface Standing {
  readonly pid: number
  readonly mode: 'none' | 'strict' | 'filter'
  /** Filters that each call passes; null before Linux 5.9. */
  readonly filters: number | null
  readonly noNewPrivs: boolean
}

const MODES = ['none', 'strict', 'filter'] as const

/** How a process stands. Throws a ToolError `ESRCH` if there is none of that pid. */
export function show(pid: number): Standing {
  const status = addon().statusOf(pid)
  if (!status) throw new ToolError('seccomp-filter', `cannot look at process ${pid}: ESRCH`, { code: 'ESRCH', why: 'there is no process of this id in this pid namespace' })
  return { pid, mode: MODES[status.mode] ?? 'filter', filters: status.filters ?? null, noNewPrivs: status.noNewPrivs }
}

export async function run({ positionals: [word = 'self'] }: ScannedLink, out: Output): Promise<void> {
  const standing = show(word === 'self' ? process.pid : parsePid('seccomp-filter', 'PID', word))
  if (out.json) return out.data(standing)
  out.line(`mode: ${standing.mode}`)
  out.line(`filters: ${standing.filters ?? 'unknown'}`)
  out.line(`no_new_privs: ${standing.noNewPrivs ? 'yes' : 'no'}`)
}
