// What checks ask of the host, from outside of what is checked.
import { accessSync, constants, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { limits, show, type LimitOptions, type Standing } from '@srcon/cgroup-ctl'

/** The group of a process in the hierarchy of a controller. */
export function groupOf({ groups }: Standing, controller: string): string {
  const found = groups.find(({ controllers }) => controllers.includes(controller))
  return found ? join(found.mount, found.path ?? '?') : `no hierarchy has ${controller}`
}

function status(pid: number, field: string): string {
  return new RegExp(`^${field}:\\s*(.*)$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? ''
}

export function parentOf(pid: number): number {
  return Number(status(pid, 'PPid'))
}

/** The CPUs that it may run on, `0-1`. */
export function cpusOf(pid: number): string {
  return status(pid, 'Cpus_allowed_list')
}

/** CPU time that its group has used, microseconds. */
export function cpuUsec(pid: number): number {
  return show(pid).use.cpuUsec ?? 0
}

const ASK: Readonly<Record<string, LimitOptions>> = { memory: { memory: '20M' }, cpu: { cpus: 0.2, cpuWeight: 100, cpuset: '0' } }

/** Why nobody here can make the groups of an exercise; undefined: it can be done. */
export function notWritable(controller: string): string | undefined {
  try {
    for (const { mount, parent } of limits(ASK[controller] ?? {})[0].groups) accessSync(join(mount, parent), constants.W_OK)
    return undefined
  } catch (error) {
    return `groups with a ${controller} limit cannot be made here: ${(error as Error).message}`
  }
}
