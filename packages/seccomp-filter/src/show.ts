// `seccomp-filter show PID`: how a process stands, as far as the kernel tells everybody (proc(5)); and what its filters say, where
// they can be read: the thread is stopped by ptrace for a moment, without a signal, and let go as it was. That asks for
// CAP_SYS_ADMIN in the first user namespace and for no filter on ourselves; where it is refused, why. See ptrace(2).
import { readdirSync } from 'node:fs'
import { ToolError, usage } from '@srcon/kit/error'
import { parsePid } from '@srcon/kit/number'
import type { Output } from '@srcon/kit/output'
import { readText } from '@srcon/kit/probes'
import type { ScannedLink } from '@srcon/kit/table'
import { addon } from './addon.ts'
import { textOf } from './subject.ts'

export interface Standing {
  readonly pid: number
  readonly mode: 'none' | 'strict' | 'filter'
  /** Filters that each call passes; null before Linux 5.9. */
  readonly filters: number | null
  readonly noNewPrivs: boolean
  /** Threads that stand otherwise. */
  readonly otherThreads: readonly number[]
}

/** The filters of a process as programs, the one that was loaded first before the others; or why they cannot be read. */
export interface ReadFilters {
  readonly programs?: readonly Buffer[]
  readonly why?: string
}

const MODES = ['none', 'strict', 'filter'] as const

/** How a process stands. Throws a ToolError `ESRCH` if there is none of that pid. */
export function show(pid: number): Standing {
  const status = addon().statusOf(pid)
  if (!status) throw new ToolError('seccomp-filter', `cannot look at process ${pid}: ESRCH`, { code: 'ESRCH', why: 'there is no process of this id in this pid namespace' })
  const { mode, filters, noNewPrivs } = status
  const other = (tid: number): boolean => {
    const thread = addon().statusOf(tid)
    return thread !== null && (thread.mode !== mode || thread.filters !== filters || thread.noNewPrivs !== noNewPrivs)
  }
  return { pid, mode: MODES[mode] ?? 'filter', filters: filters ?? null, noNewPrivs, otherThreads: threads(pid).filter(other) }
}

function threads(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map(Number)
  } catch {
    return []
  }
}

/** Reads the filters of a process (of its first thread) out of the kernel. Stops it for less than a millisecond. */
export function readFilters(pid: number): ReadFilters {
  if (pid === process.pid) return { why: 'a process cannot trace itself' }
  const { programs, syscall = 'ptrace', errno = 0 } = addon().attachedFilters(pid)
  return programs ? { programs } : { why: refusal(pid, syscall, errno) }
}

/** Each cause where the kernel keeps it. */
function refusal(pid: number, syscall: string, errno: number): string {
  const EPERM = 1, ESRCH = 3, EACCES = 13, ETIMEDOUT = 110
  const own = addon().statusOf(process.pid)
  const tracer = tracerOf(pid)
  if (errno === ESRCH) return 'it ended'
  if (errno === ETIMEDOUT) return 'it sleeps in the kernel where nothing can stop it'
  if (tracer > 0) return `process ${tracer} traces it already`
  if (errno === EACCES && own && own.mode !== 0) return 'this process is behind a filter itself, and the kernel then shows none'
  if (errno === EACCES || errno === EPERM) return 'only a process with CAP_SYS_ADMIN in the first user namespace may read filters'
  return `${syscall} failed with error ${errno}`
}

function tracerOf(pid: number): number {
  return Number(/^TracerPid:\s*(\d+)/m.exec(readText(`/proc/${pid}/status`) ?? '')?.[1] ?? 0)
}

export async function run({ positionals: [word = 'self'], given }: ScannedLink, out: Output): Promise<void> {
  const pid = word === 'self' ? process.pid : parsePid('seccomp-filter', 'PID', word)
  const standing = show(pid)
  const only = textOf(given, 'filter')
  if (only !== undefined && !/^\d+$/.test(only)) throw usage('seccomp-filter', `--filter: '${only}' is no number`)
  const read: ReadFilters = standing.mode === 'filter' ? readFilters(pid) : {}
  const { shown } = await import('./show-filters.ts')
  const filters = shown(read, { only: only === undefined ? undefined : Number(only), raw: textOf(given, 'raw'), listing: given.some(({ name }) => name === 'disassemble') })
  const unread = read.why === undefined ? {} : { unreadable: read.why }
  if (out.json) return out.data({ ...standing, ...unread, ...(filters ? { programs: filters } : {}) })
  out.line(`mode: ${standing.mode}`)
  out.line(`filters: ${standing.filters ?? 'unknown'}`)
  out.line(`no_new_privs: ${standing.noNewPrivs ? 'yes' : 'no'}`)
  if (standing.otherThreads.length > 0) out.line(`threads that stand otherwise: ${standing.otherThreads.join(', ')}`)
  if (read.why !== undefined) out.line(`what they say cannot be read: ${read.why}`)
  for (const { index, instructions, text, unsaid } of filters ?? []) {
    out.line(`\n# filter ${index}, ${instructions} instructions`)
    for (const each of unsaid) out.line(`# not said: ${each}`)
    out.line(text.trimEnd())
  }
}
