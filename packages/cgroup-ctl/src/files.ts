// From limits to the files of a controller, in v1's words or in v2's. Pure.
// See the kernel's admin-guide/cgroup-v1/ and admin-guide/cgroup-v2.rst.
import { ToolError } from '@srcon/kit/error'
import type { Limits } from './limits.ts'
import { sharesOf, weightOf } from './weight.ts'

export interface Write {
  readonly file: string
  readonly value: string
}

export const CONTROLLERS = ['memory', 'cpu', 'cpuset', 'pids'] as const
export type Controller = (typeof CONTROLLERS)[number]

/** Whether swap is counted in groups and present on the host. */
export interface Swap {
  readonly counted: boolean
  readonly present: boolean
}

/** The controllers that these limits are for. */
export function wanted(limits: Limits): Controller[] {
  const { memory, swap, cpuQuotaUsec, cpuWeight, cpuShares, cpuset, cpusetMems, pids } = limits
  const asked: Record<Controller, readonly unknown[]> = { memory: [memory, swap], cpu: [cpuQuotaUsec, cpuWeight, cpuShares], cpuset: [cpuset, cpusetMems], pids: [pids] }
  return CONTROLLERS.filter(name => asked[name].some(value => value !== undefined))
}

/** What is written for one controller. Throws a ToolError for a limit that this host cannot have. */
export function writesFor(controller: Controller, version: 1 | 2, limits: Limits, swap: Swap): Write[] {
  if (controller === 'memory') return memoryWrites(version, limits, swap)
  if (controller === 'cpu') return cpuWrites(version, limits)
  if (controller === 'pids') return some('pids.max', limits.pids)
  return [...some('cpuset.cpus', limits.cpuset), ...some('cpuset.mems', limits.cpusetMems)]
}

function memoryWrites(version: 1 | 2, { memory, swap }: Limits, host: Swap): Write[] {
  const limit = typeof memory === 'number' ? memory : undefined
  const own = some(version === 1 ? 'memory.limit_in_bytes' : 'memory.max', limit)
  if (typeof swap !== 'number') return own
  if (!host.counted) {
    if (swap === 0 && !host.present) return own
    throw new ToolError('cgroup-ctl', 'cannot limit swap', {
      code: 'E_HOST', why: `this kernel does not count swap in groups, and ${host.present ? 'this host has swap' : 'a limit on it would be none'}`,
      hint: 'boot with swapaccount=1, or allow any swap with --swap max',
    })
  }
  if (version === 2) return [...own, ...some('memory.swap.max', swap)]
  if (limit === undefined) {
    throw new ToolError('cgroup-ctl', 'cannot limit swap alone on cgroup v1', { code: 'E_REFUSED', why: 'v1 limits the sum of memory and swap', hint: 'give --memory SIZE too' })
  }
  return [...own, ...some('memory.memsw.limit_in_bytes', limit + swap)]
}

function cpuWrites(version: 1 | 2, { cpuQuotaUsec: quota, cpuPeriodUsec: period = 100_000, cpuWeight, cpuShares }: Limits): Write[] {
  if (version === 2) return [...some('cpu.max', quota === undefined ? undefined : `${quota} ${period}`), ...some('cpu.weight', cpuWeight ?? (cpuShares && weightOf(cpuShares)))]
  // The period first: the quota is compared with it.
  return [...(quota === undefined ? [] : [...some('cpu.cfs_period_us', period), ...some('cpu.cfs_quota_us', quota)]), ...some('cpu.shares', cpuWeight === undefined ? cpuShares : sharesOf(cpuWeight))]
}

function some(file: string, value: string | number | undefined): Write[] {
  return value === undefined ? [] : [{ file, value: String(value) }]
}
