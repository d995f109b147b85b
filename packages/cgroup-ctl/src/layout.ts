// Which controller is on which hierarchy, and where a process stands in each: from the mounts and
// /proc/PID/cgroup, never from a path. v1 has several hierarchies, v2 one, a hybrid host both.
// See cgroups(7), proc_pid_mountinfo(5).
import { parseMountinfo } from '@srcon/kit/probes'

export interface Hierarchy {
  readonly version: 1 | 2
  /** v1: those of the hierarchy. v2: those that the mounted top offers. */
  readonly controllers: readonly string[]
  readonly mount: string
  /** The process's own group below the mount, '' for its top; undefined if it is outside of what is mounted. */
  readonly own: string | undefined
  /** Whether it is mounted read-only, as containers have it. */
  readonly readOnly: boolean
}

/** `offered`: reads `cgroup.controllers` of a v2 mount. Pure but for that. */
export function parseLayout(mountinfo: string, cgroup: string, offered: (mount: string) => readonly string[]): Hierarchy[] {
  const mounts = parseMountinfo(mountinfo).filter(({ type }) => type === 'cgroup' || type === 'cgroup2')
  return cgroup.split('\n').filter(Boolean).flatMap(line => {
    const [, list = '', path = ''] = /^\d+:([^:]*):(.*)$/.exec(line) ?? []
    const v2 = list === ''
    const names = list.split(',').filter(name => name !== '' && !name.startsWith('name='))
    if (!v2 && names.length === 0) return []
    const here = mounts.filter(({ type, superOptions }) => (v2 ? type === 'cgroup2' : type === 'cgroup' && names.every(name => superOptions.includes(name))))
    const seen = here.map(mount => ({ mount, own: below(mount.root, path) }))
    // Where it is mounted twice, where the process can be seen.
    const best = seen.find(({ own }) => own !== undefined) ?? seen[0]
    if (!best) return []
    const { target, options, superOptions } = best.mount
    const readOnly = options.includes('ro') || superOptions.includes('ro')
    return [{ version: v2 ? 2 : 1, controllers: v2 ? offered(target) : names, mount: target, own: best.own, readOnly } satisfies Hierarchy]
  })
}

/** A group's path below a mount that shows the tree from `root` on. */
function below(root: string, path: string): string | undefined {
  if (path.startsWith('/..') || root.startsWith('/..')) return undefined
  if (root === '/') return path.slice(1)
  if (path === root) return ''
  return path.startsWith(`${root}/`) ? path.slice(root.length + 1) : undefined
}

/** The hierarchy of a controller. */
export function hierarchyOf(hierarchies: readonly Hierarchy[], controller: string): Hierarchy | undefined {
  return hierarchies.find(({ controllers }) => controllers.includes(controller))
}
