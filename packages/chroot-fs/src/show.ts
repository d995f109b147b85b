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
  else out.table(mounts.map(({ target, type, source, attributes, propagation }) => ({ target, type, source, attributes: attributes.join(','), propagation: propagation.join(' ') || 'private' })))
  return Promise.resolve()
}
