// `chroot-fs show PID`: the mounts that a process sees, from its own root. Reads only.
import { loadAddon } from '@srcon/kit/addon'
import { ToolError } from '@srcon/kit/error'
import { parsePid } from '@srcon/kit/number'
import type { Output } from '@srcon/kit/output'
import type { ScannedLink } from '@srcon/kit/table'

/** One mount, as proc_pid_mountinfo(5) describes it. */
export interface MountRow {
  readonly id: number
  readonly parent: number
  /** `major:minor` of its files. */
  readonly device: string
  /** Which directory of the file system is mounted. */
  readonly root: string
  readonly target: string
  readonly attributes: readonly string[]
  /** `shared:N`, `master:N`, …; empty: private. */
  readonly propagation: readonly string[]
  readonly type: string
  readonly source: string
  readonly options: readonly string[]
}
interface Addon {
  readMounts(pid: number): MountRow[]
}

let addon: Addon | undefined

/** The mounts of a process. Throws a ToolError `ESRCH` if there is none of that pid. */
export function show(pid: number | 'self'): readonly MountRow[] {
  addon ??= loadAddon<Addon>('chroot-fs', import.meta.url)
  try {
    return addon.readMounts(pid === 'self' ? 0 : pid)
  } catch (cause) {
    const { code = 'E_HOST', message } = cause as NodeJS.ErrnoException
    const gone = code === 'ENOENT' || code === 'ESRCH' || code === 'EINVAL'
    throw new ToolError('chroot-fs', `cannot look at process ${pid}: ${gone ? 'ESRCH' : code}`, { code: gone ? 'ESRCH' : code, why: gone ? 'there is no process of this id in this pid namespace, or it has ended' : message, cause })
  }
}

export function run(link: ScannedLink, out: Output): Promise<void> {
  const [word = 'self'] = link.positionals
  const mounts = show(word === 'self' ? 'self' : parsePid('chroot-fs', 'PID', word))
  if (out.json) out.data(mounts)
  else for (const line of lines(mounts)) out.line(line)
  return Promise.resolve()
}

/** Columns one below the other; a mount on top of another on the same target comes after it. */
function lines(mounts: readonly MountRow[]): string[] {
  const rows = mounts.map(({ target, type, source, attributes, propagation }) => [target, type, source, attributes.join(','), propagation.join(',') || 'private'].map(printable))
  const all = [['TARGET', 'TYPE', 'SOURCE', 'ATTRIBUTES', 'PROPAGATION'], ...rows]
  const widths = all[0]?.map((_, i) => Math.max(...all.map(row => row[i]?.length ?? 0))) ?? []
  return all.map(row => row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ').trimEnd())
}

/** A name that somebody else chose must not steer the terminal. */
const printable = (text: string): string => text.replace(/[\0-\x1f\x7f-\x9f]/g, '?')
