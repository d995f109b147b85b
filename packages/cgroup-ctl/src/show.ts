// `cgroup-ctl show PID`: where a process stands in each hierarchy, what limits it there, what it uses and
// what was counted; in the same words on v1 and v2. Reads only.
import { ToolError } from '@srcon/kit/error'
import { parsePid } from '@srcon/kit/number'
import type { Output } from '@srcon/kit/output'
import { formatSize } from '@srcon/kit/size'
import type { ScannedLink } from '@srcon/kit/table'
import { readLayout } from './facts.ts'
import { accountOf, type Account } from './account.ts'

export interface Membership {
  readonly version: 1 | 2
  readonly controllers: readonly string[]
  readonly mount: string
  /** The group below the mount, `/` first; null if it lies outside of what is mounted here. */
  readonly path: string | null
}
export interface Standing extends Account {
  readonly pid: number | 'self'
  readonly groups: readonly Membership[]
}

/** How a process stands. Throws a ToolError `ESRCH` if there is none of that pid. */
export function show(pid: number | 'self'): Standing {
  let layout: ReturnType<typeof readLayout>
  try {
    layout = readLayout(pid)
  } catch (cause) {
    const { code = 'E_HOST' } = cause as NodeJS.ErrnoException
    const gone = code === 'ENOENT' || code === 'ESRCH'
    throw new ToolError('cgroup-ctl', `cannot look at process ${pid}: ${gone ? 'ESRCH' : code}`, { code: gone ? 'ESRCH' : code, why: gone ? 'there is no process of this id in this pid namespace' : (cause as Error).message, cause })
  }
  const groups = layout.map(({ version, controllers, mount, own }) => ({ version, controllers, mount, path: own === undefined ? null : `/${own}` }))
  return { pid, groups, ...accountOf(layout) }
}

export async function run(link: ScannedLink, out: Output): Promise<void> {
  const [word = 'self'] = link.positionals
  const standing = show(word === 'self' ? 'self' : parsePid('cgroup-ctl', 'PID', word))
  if (out.json) return out.data(standing)
  for (const { version, controllers, mount, path } of standing.groups) out.line(`v${version} ${controllers.join(',') || '(no controllers)'}: ${path ?? '(not visible here)'} at ${mount}`)
  for (const part of ['limits', 'use', 'counters'] as const) {
    const words = Object.entries(standing[part]).filter(([, value]) => value !== null).map(([name, value]) => `${name} ${inWords(name, value as number | string)}`)
    out.line(`${part}: ${words.join(', ') || 'none'}`)
  }
}

const SIZES = new Set(['memory', 'swap', 'peakMemory'])

function inWords(name: string, value: number | string): string {
  return typeof value === 'number' && SIZES.has(name) ? formatSize(value) : String(value)
}
