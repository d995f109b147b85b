// What the steps rest on: whose user namespace this is, and how cgroups are mounted. Cheap reads only.
import { lstatSync, realpathSync, statfsSync } from 'node:fs'
import { gidMap, uidMap, type IdMapEntry } from '@srcon/kit/host'

export interface ChrootFacts {
  /** The directory that relative paths of a config are made absolute with; undefined where it is gone. */
  readonly cwd: string | undefined
  /** In a user namespace other than the first. */
  readonly nested: boolean
  readonly gidMap: readonly IdMapEntry[]
  /** What is mounted on /sys/fs/cgroup: version 2 alone, or version 1 (with 2 beside it where hybrid), or nothing. */
  readonly cgroup: 1 | 2 | undefined
  /** The file beside a root by which its container says that it is in use; undefined where there is none. */
  readonly lockOf?: ((root: string) => string | undefined) | undefined
}

/** `CGROUP2_SUPER_MAGIC` and `TMPFS_MAGIC` of linux/magic.h. */
const CGROUP2 = 0x63677270
const TMPFS = 0x01021994

export function readFacts(): ChrootFacts {
  const [only, more] = uidMap()
  const whole = only !== undefined && more === undefined && only.inside === 0 && only.outside === 0 && only.count === 2 ** 32 - 1
  return { cwd: currentDirectory(), nested: !whole, gidMap: gidMap(), cgroup: cgroupVersion(), lockOf }
}

function currentDirectory(): string | undefined {
  try {
    return process.cwd()
  } catch {
    return undefined
  }
}

function cgroupVersion(): 1 | 2 | undefined {
  try {
    const { type } = statfsSync('/sys/fs/cgroup')
    return type === CGROUP2 ? 2 : type === TMPFS ? 1 : undefined
  } catch {
    return undefined
  }
}

/** `ROOT.lock`, as who keeps trees for many containers puts it there: rootfs-fetch's cache does. */
function lockOf(root: string): string | undefined {
  try {
    // Beside the root itself, by whatever link it was named.
    const path = `${realpathSync(root)}.lock`
    return lstatSync(path, { throwIfNoEntry: false })?.isFile() ? path : undefined
  } catch {
    return undefined
  }
}
