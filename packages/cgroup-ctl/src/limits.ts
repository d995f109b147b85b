// Limits in one vocabulary for v1 and v2, checked: what options, configs and the library have in common.
import { usage } from '@srcon/kit/error'
import { parseCount, parseDecimal } from '@srcon/kit/number'
import { parseSize } from '@srcon/kit/size'
import type { ScannedLink } from '@srcon/kit/table'

/** Integers in the kernel's units. `max`: no limit, but counted. */
export interface Limits {
  /** Bytes. */
  readonly memory?: number | 'max'
  /** Bytes of swap alone, beside the memory. */
  readonly swap?: number | 'max'
  /** CPU time in microseconds that may be used in each period. */
  readonly cpuQuotaUsec?: number
  /** Microseconds; with a quota only. */
  readonly cpuPeriodUsec?: number
  /** 1 to 10000; others have 100. */
  readonly cpuWeight?: number
  /** Of an OCI config: v1 shares, 2 to 262144. */
  readonly cpuShares?: number
  /** `0-2,5`. */
  readonly cpuset?: string
  /** Memory nodes, `0`. */
  readonly cpusetMems?: string
  readonly pids?: number | 'max'
  /** Files of cgroup v2 with their values, as a config's `linux.resources.unified`. */
  readonly unified?: Readonly<Record<string, string>>
}

/** As the options on the command line; sizes in words or bytes. */
export interface LimitOptions {
  /** `'64M'`, bytes, or `'max'`: no limit, but counted. Implies `swap: 0`. */
  readonly memory?: string | number
  readonly swap?: string | number
  /** CPU time per time: 0.2 is a fifth of one CPU. */
  readonly cpus?: string | number
  /** 1 to 10000; others have 100. */
  readonly cpuWeight?: string | number
  /** CPUs, `'0-2,5'`. */
  readonly cpuset?: string
  /** Most processes and threads, or `'max'`. */
  readonly pids?: string | number
}

const tool = 'cgroup-ctl'
const PERIOD = 100_000
/** The kernel's shortest quota, microseconds (kernel/sched/core.c, min_cfs_quota_period). */
const MIN_QUOTA = 1000
const MIN_MEMORY = 4096

/** Checks library options. Throws a ToolError `E_USAGE` that names the option. */
export function checkLimits(options: LimitOptions): Limits {
  const words = Object.entries(options).filter(([, value]) => value !== undefined)
  return limitsOf(new Map(words.map(([name, value]) => [name.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`), String(value)])))
}

/** Checks the words of the command line. */
export function readLimits({ given }: ScannedLink): Limits {
  return limitsOf(new Map(given.map(({ name, value }) => [name, String(value)])))
}

function limitsOf(words: ReadonlyMap<string, string>): Limits {
  const one = <T>(name: string, read: (word: string, option: string) => T): T | undefined => {
    const word = words.get(name)
    return word === undefined ? undefined : read(word, `--${name}`)
  }
  const memory = one('memory', (word, option) => (word === 'max' ? 'max' : parseSize(tool, option, word, { min: MIN_MEMORY })))
  const swap = one('swap', (word, option) => (word === 'max' ? 'max' : parseSize(tool, option, word)))
  const quota = one('cpus', (word, option) => parseDecimal(tool, option, word, PERIOD, { min: MIN_QUOTA, max: 100_000 * PERIOD }))
  const weight = one('cpu-weight', (word, option) => parseCount(tool, option, word, { min: 1, max: 10_000 }))
  const cpuset = one('cpuset', parseList)
  const pids = one('pids', (word, option) => (word === 'max' ? 'max' : parseCount(tool, option, word, { min: 1, max: 2 ** 22 })))
  const limits: Limits = {
    ...(memory === undefined ? {} : { memory }),
    // A limit that may spill into swap without end is none.
    ...(swap !== undefined ? { swap } : typeof memory === 'number' ? { swap: 0 } : {}),
    ...(quota === undefined ? {} : { cpuQuotaUsec: quota, cpuPeriodUsec: PERIOD }),
    ...(weight === undefined ? {} : { cpuWeight: weight }),
    ...(cpuset === undefined ? {} : { cpuset }),
    ...(pids === undefined ? {} : { pids }),
  }
  if (Object.keys(limits).length === 0) throw usage(tool, 'no limit is given', 'for example --memory 64M or --pids 20; cgroup-ctl --help lists them')
  return limits
}

/** A list of CPUs as the kernel reads it. */
function parseList(word: string, option: string): string {
  const parts = word.split(',').map(part => /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(part))
  const sound = parts.every(part => part !== null && (part[2] === undefined || Number(part[2]) >= Number(part[1])))
  if (!sound) throw usage(tool, `${option}: '${word}' is not a list of CPUs`, 'for example 0, 0-2 or 0,3')
  return word
}
