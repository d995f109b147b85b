// The fact sheet: how a live process stands, all of it read from the kernel by the tools that own each part.
// What may not be read is null, never a guess. See proc(5).
import { statSync } from 'node:fs'
import { show as showCaps } from '@srcon/caps'
import { show as showGroups, type Standing } from '@srcon/cgroup-ctl'
import { show as showMounts, type MountRow } from '@srcon/chroot-fs'
import type { CapabilitySet, IdMapEntry, Ids } from '@srcon/kit/host'
import { show as showNamespaces } from '@srcon/ns-unshare'
import { show as showFilter } from '@srcon/seccomp-filter'

export interface FactSheet {
  readonly pid: number
  readonly command: string
  /** Inodes by the names of /proc/PID/ns. */
  readonly namespaces: Readonly<Record<string, number | null>>
  readonly uidMap: readonly IdMapEntry[]
  readonly gidMap: readonly IdMapEntry[]
  readonly setgroups: string | null
  readonly uid: Ids
  readonly gid: Ids
  readonly groups: readonly number[]
  /** What its `/` is: device and inode tell it from every other directory. */
  readonly root: { readonly device: number; readonly inode: number } | null
  readonly mounts: readonly MountRow[] | null
  readonly cgroups: Standing['groups']
  readonly limits: Standing['limits']
  readonly capabilities: Readonly<Record<CapabilitySet, readonly string[]>>
  readonly noNewPrivs: boolean
  readonly seccomp: { readonly mode: 'none' | 'strict' | 'filter'; readonly filters: number | null }
}

/** How a process stands. Throws a ToolError where there is none of that pid. */
export function facts(pid: number | 'self' = 'self'): FactSheet {
  const number = pid === 'self' ? process.pid : pid
  const { command, namespaces, uidMap, gidMap, setgroups } = showNamespaces(pid)
  const { uid, gid, groups, noNewPrivs, sets } = showCaps(pid)
  const { groups: cgroups, limits } = showGroups(pid)
  const { mode, filters } = showFilter(number)
  return {
    pid: number,
    command,
    namespaces: Object.fromEntries(namespaces.map(({ type, inode }) => [type, inode ?? null])),
    uidMap, gidMap, setgroups: setgroups ?? null,
    uid, gid, groups,
    root: rootOf(pid),
    mounts: mountsOf(pid),
    cgroups, limits,
    capabilities: { effective: sets.effective.names, permitted: sets.permitted.names, inheritable: sets.inheritable.names, bounding: sets.bounding.names, ambient: sets.ambient.names },
    noNewPrivs,
    seccomp: { mode, filters },
  }
}

/** Needs the right to trace it; see ptrace(2). */
function rootOf(pid: number | 'self'): FactSheet['root'] {
  try {
    const { dev, ino } = statSync(`/proc/${pid}/root`)
    return { device: dev, inode: ino }
  } catch {
    return null
  }
}

function mountsOf(pid: number | 'self'): FactSheet['mounts'] {
  try {
    return showMounts(pid)
  } catch {
    return null
  }
}
