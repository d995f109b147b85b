// The namespaces of a process, by the links in /proc/PID/ns: `uts:[4026531838]`. See namespaces(7).
import { readlinkSync } from 'node:fs'

export const TYPES = ['user', 'pid', 'mnt', 'uts', 'ipc', 'net', 'cgroup', 'time'] as const
export type NsType = (typeof TYPES)[number]

/** The inode in the text of such a link. Pure. */
export function inodeOf(link: string): number | undefined {
  const digits = /^[a-z_]+:\[(\d+)\]$/.exec(link)?.[1]
  return digits === undefined ? undefined : Number(digits)
}

/** Inode of a process's namespace, or the kernel's word why not: `EACCES`, `ENOENT`. */
export function namespaceOf(pid: number | 'self', type: NsType): number | string {
  try {
    return inodeOf(readlinkSync(`/proc/${pid}/ns/${type}`)) ?? 'ENOENT'
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'EIO'
  }
}
