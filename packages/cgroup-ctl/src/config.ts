// Limits as OCI says them: linux.resources, in OCI's units. Swap there is memory and swap together, -1
// is no limit. A weight is given in the words of the host's cpu controller, since runtimes convert one
// into the other without keeping proportions. A transient group needs no word: it is what a runtime
// makes where cgroupsPath is not set. See the runtime-spec, config-linux.md.
import type { OciConfig, OciResources } from '@srcon/kit/config'
import { ToolError } from '@srcon/kit/error'
import type { CgroupFacts } from './facts.ts'
import { hierarchyOf } from './layout.ts'
import type { Limits } from './limits.ts'
import { sharesOf } from './weight.ts'

/** Adds the limits. Pure. */
export function configure(config: OciConfig, limits: Limits, facts: CgroupFacts): OciConfig {
  const before = config.linux?.resources ?? {}
  const memory = memoryOf(limits)
  const v2 = hierarchyOf(facts.hierarchies, 'cpu')?.version === 2
  const cpu = cpuOf(limits, v2)
  const unified = unifiedOf(limits, v2)
  const resources: OciResources = {
    ...before,
    ...(memory ? { memory: { ...before.memory, ...memory } } : {}),
    ...(cpu ? { cpu: { ...before.cpu, ...cpu } } : {}),
    ...(limits.pids === undefined ? {} : { pids: { ...before.pids, limit: number(limits.pids) } }),
    ...(Object.keys(unified).length === 0 ? {} : { unified: { ...before.unified, ...unified } }),
  }
  return { ...config, linux: { ...config.linux, resources } }
}

const number = (limit: number | 'max'): number => (limit === 'max' ? -1 : limit)

function memoryOf({ memory, swap }: Limits): OciResources['memory'] {
  if (memory === undefined) return undefined
  const total = swap === undefined ? undefined : swap === 'max' ? -1 : memory === 'max' ? undefined : memory + swap
  return { limit: number(memory), ...(total === undefined ? {} : { swap: total }) }
}

/** What only v2's own files can say. */
function unifiedOf({ memory, swap, cpuWeight, unified }: Limits, v2: boolean): Readonly<Record<string, string>> {
  return {
    ...unified,
    ...(typeof swap === 'number' && typeof memory !== 'number' ? { 'memory.swap.max': String(swap) } : {}),
    ...(cpuWeight !== undefined && v2 ? { 'cpu.weight': String(cpuWeight) } : {}),
  }
}

function cpuOf({ cpuQuotaUsec: quota, cpuPeriodUsec: period, cpuWeight, cpuShares, cpuset: cpus, cpusetMems: mems }: Limits, v2: boolean): OciResources['cpu'] {
  const shares = cpuWeight === undefined ? cpuShares : v2 ? undefined : sharesOf(cpuWeight)
  const fields = { shares, quota, period, cpus, mems }
  const said = Object.entries(fields).filter(([, value]) => value !== undefined)
  return said.length === 0 ? undefined : (Object.fromEntries(said) as OciResources['cpu'])
}

/** The limits that a config has; undefined where it has none. Throws a ToolError `E_INPUT` for a limit that
 *  we cannot apply: to leave it out would run the command with less than was asked for. Pure. */
export function fromConfig(config: OciConfig): Limits | undefined {
  const resources = config.linux?.resources ?? undefined
  if (!resources) return undefined
  refuseUnknown(resources)
  const { memory, cpu, pids } = resources
  const limits: Limits = {
    ...memoryLimits(memory ?? {}),
    ...(cpu?.quota && cpu.quota > 0 ? { cpuQuotaUsec: cpu.quota, cpuPeriodUsec: cpu.period || 100_000 } : {}),
    ...(cpu?.shares ? { cpuShares: cpu.shares } : {}),
    ...(cpu?.cpus ? { cpuset: cpu.cpus } : {}),
    ...(cpu?.mems ? { cpusetMems: cpu.mems } : {}),
    ...(pids?.limit ? { pids: pids.limit < 0 ? 'max' : pids.limit } : {}),
    ...unifiedLimits(resources.unified ?? {}, memory?.limit),
  }
  checkNumbers(limits)
  return Object.keys(limits).length === 0 ? undefined : limits
}

/** A config that limits memory and says nothing of swap does not limit swap. */
function memoryLimits({ limit, swap }: NonNullable<OciResources['memory']>): Limits {
  if (!limit) {
    if (swap && swap > 0) throw unusable('memory.swap', 'it is the sum of memory and swap, and memory.limit is not set')
    return {}
  }
  if (limit < 0) return { memory: 'max', ...(swap ? { swap: 'max' as const } : {}) }
  if (swap && swap > 0 && swap < limit) throw unusable('memory.swap', 'it is the sum of memory and swap, and less than memory.limit')
  return { memory: limit, swap: swap && swap > 0 ? swap - limit : 'max' }
}

function unifiedLimits(unified: Readonly<Record<string, string>>, memory: number | undefined): Limits {
  const { 'memory.swap.max': swap = '', 'cpu.weight': weight = '' } = unified
  const ours: Limits = { ...(/^\d+$/.test(swap) && !(memory && memory > 0) ? { swap: Number(swap) } : {}), ...(/^\d+$/.test(weight) ? { cpuWeight: Number(weight) } : {}) }
  const said = new Set([...(ours.swap === undefined ? [] : ['memory.swap.max']), ...(ours.cpuWeight === undefined ? [] : ['cpu.weight'])])
  const rest = Object.entries(unified).filter(([file]) => !said.has(file))
  return { ...ours, ...(rest.length === 0 ? {} : { unified: Object.fromEntries(rest) }) }
}

const KNOWN: Readonly<Record<string, readonly string[]>> = {
  // kernel and kernelTCP: the kernel has dropped them, runtimes ignore them.
  memory: ['limit', 'swap', 'kernel', 'kernelTCP', 'disableOOMKiller', 'useHierarchy', 'checkBeforeUpdate'],
  cpu: ['shares', 'quota', 'period', 'cpus', 'mems'],
  pids: ['limit'],
}
const LIMITS = ['memory', 'cpu', 'pids', 'blockIO', 'hugepageLimits', 'network', 'rdma']

function refuseUnknown(resources: OciResources): void {
  for (const name of LIMITS) {
    const part = resources[name]
    if (typeof part !== 'object' || part === null) continue
    for (const [key, value] of Object.entries(part)) {
      const empty = value === null || value === 0 || value === false || value === '' || (typeof value === 'object' && Object.keys(value as object).length === 0)
      const off = key === 'disableOOMKiller' && value === true
      if (off || (!empty && !KNOWN[name]?.includes(key))) throw unusable(`${name}.${key}`, 'no tool of ours applies it, and a limit that is not applied is none')
    }
  }
}

function checkNumbers({ memory, cpuQuotaUsec, cpuPeriodUsec, cpuShares, pids }: Limits): void {
  for (const [name, value] of Object.entries({ 'memory.limit': memory, 'cpu.quota': cpuQuotaUsec, 'cpu.period': cpuPeriodUsec, 'cpu.shares': cpuShares, 'pids.limit': pids })) {
    if (typeof value === 'number' && !Number.isSafeInteger(value)) throw unusable(name, `${value} is not a whole number`)
  }
}

function unusable(name: string, why: string): ToolError {
  return new ToolError('cgroup-ctl', `cannot apply linux.resources.${name}`, { code: 'E_INPUT', why, hint: 'leave it out of the config' })
}
