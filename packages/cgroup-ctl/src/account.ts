// What a group is limited to, uses and has counted: v1's and v2's files in one vocabulary, the one of
// the options. null: not known here (no such controller, or the top group, which has no such file).
import { join } from 'node:path'
import { readText } from '@srcon/kit/host'
import { hierarchyOf, type Hierarchy } from './layout.ts'
import { proportion } from './weight.ts'

type Size = number | 'max' | null

export interface Account {
  readonly limits: {
    /** Bytes. */
    readonly memory: Size
    readonly swap: Size
    /** CPU time per time. */
    readonly cpus: Size
    readonly cpuWeight: number | null
    readonly cpuset: string | null
    readonly pids: Size
  }
  readonly use: { readonly memory: number | null; readonly swap: number | null; readonly pids: number | null; readonly cpuUsec: number | null }
  readonly counters: {
    readonly peakMemory: number | null
    readonly oomKills: number | null
    readonly pidsRefused: number | null
    /** Periods in which the quota was used up. */
    readonly throttled: number | null
    readonly throttledUsec: number | null
  }
}

/** v1 reads "no limit" back as the highest number of whole pages. */
const NO_LIMIT = 2 ** 62

interface Files {
  readonly version: 1 | 2
  text(file: string): string | null
  number(file: string): number | null
  /** `key N` of a keyed file. */
  keyed(file: string, key: string): number | null
}

export function accountOf(layout: readonly Hierarchy[]): Account {
  const [memory, cpu, cpuacct, cpuset, pids] = ['memory', 'cpu', 'cpuacct', 'cpuset', 'pids'].map(name => filesOf(layout, name))
  return {
    limits: {
      memory: memory ? (memory.version === 1 ? unlimited(memory.number('memory.limit_in_bytes')) : size(memory.text('memory.max'))) : null,
      swap: memory ? swapLimit(memory) : null,
      cpus: cpu ? quota(cpu) : null,
      cpuWeight: cpu ? weight(cpu) : null,
      cpuset: cpuset ? cpuset.text(cpuset.version === 1 ? 'cpuset.cpus' : 'cpuset.cpus.effective') : null,
      pids: pids ? size(pids.text('pids.max')) : null,
    },
    use: {
      memory: memory?.number(memory.version === 1 ? 'memory.usage_in_bytes' : 'memory.current') ?? null,
      swap: memory ? swapUse(memory) : null,
      pids: pids?.number('pids.current') ?? null,
      cpuUsec: cpuUse(cpuacct, cpu ?? filesOf(layout, '')),
    },
    counters: {
      peakMemory: memory?.number(memory.version === 1 ? 'memory.max_usage_in_bytes' : 'memory.peak') ?? null,
      oomKills: memory?.keyed(memory.version === 1 ? 'memory.oom_control' : 'memory.events', 'oom_kill') ?? null,
      pidsRefused: pids?.keyed('pids.events', 'max') ?? null,
      throttled: cpu?.keyed('cpu.stat', 'nr_throttled') ?? null,
      throttledUsec: cpu ? throttledUsec(cpu) : null,
    },
  }
}

function filesOf(layout: readonly Hierarchy[], controller: string): Files | undefined {
  const hierarchy = controller === '' ? layout.find(({ version }) => version === 2) : hierarchyOf(layout, controller)
  if (hierarchy?.own === undefined) return undefined
  const at = join(hierarchy.mount, hierarchy.own)
  const text = (file: string): string | null => readText(join(at, file)) ?? null
  const number = (file: string): number | null => count(text(file))
  return { version: hierarchy.version, text, number, keyed: (file, key) => count(new RegExp(`^${key} (\\d+)$`, 'm').exec(text(file) ?? '')?.[1] ?? null) }
}

function count(text: string | null): number | null {
  return text !== null && /^\d+$/.test(text) ? Number(text) : null
}

function size(text: string | null): Size {
  return text === 'max' ? 'max' : count(text)
}

function unlimited(bytes: number | null): Size {
  return bytes !== null && bytes >= NO_LIMIT ? 'max' : bytes
}

/** v1 has the sum of memory and swap. */
function swapLimit(files: Files): Size {
  if (files.version === 2) return size(files.text('memory.swap.max'))
  const [memory, sum] = [unlimited(files.number('memory.limit_in_bytes')), unlimited(files.number('memory.memsw.limit_in_bytes'))]
  return typeof memory === 'number' && typeof sum === 'number' ? sum - memory : sum
}

function swapUse(files: Files): number | null {
  if (files.version === 2) return files.number('memory.swap.current')
  const [memory, sum] = [files.number('memory.usage_in_bytes'), files.number('memory.memsw.usage_in_bytes')]
  return memory === null || sum === null ? null : Math.max(0, sum - memory)
}

function quota(files: Files): Size {
  const text = files.version === 1 ? `${files.text('cpu.cfs_quota_us') ?? ''} ${files.text('cpu.cfs_period_us') ?? ''}` : (files.text('cpu.max') ?? '')
  const [limit = '', period = ''] = text.split(' ')
  if (limit === 'max' || limit === '-1') return 'max'
  return limit === '' || period === '' ? null : Number(limit) / Number(period)
}

function weight(files: Files): number | null {
  if (files.version === 2) return files.number('cpu.weight')
  const shares = files.number('cpu.shares')
  return shares === null ? null : proportion(shares)
}

function cpuUse(v1: Files | undefined, v2: Files | undefined): number | null {
  const nanoseconds = v1?.version === 1 ? v1.number('cpuacct.usage') : null
  if (nanoseconds !== null) return Math.floor(nanoseconds / 1000)
  return v2?.version === 2 ? v2.keyed('cpu.stat', 'usage_usec') : null
}

function throttledUsec(files: Files): number | null {
  const nanoseconds = files.version === 1 ? files.keyed('cpu.stat', 'throttled_time') : null
  return nanoseconds === null ? files.keyed('cpu.stat', 'throttled_usec') : Math.floor(nanoseconds / 1000)
}
