// What the steps rest on: the hierarchies, the groups above ours on v2, and whether swap is counted.
// Plain reads of a few small files; no addon is loaded for it.
import { accessSync, constants, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readText } from '@srcon/kit/host'
import { hierarchyOf, parseLayout, type Hierarchy } from './layout.ts'

/** A group on v2 that could be the parent of ours. */
export interface Candidate {
  /** Below the mount. */
  readonly path: string
  /** Controllers that it has. */
  readonly controllers: readonly string[]
  /** Controllers that its children have. */
  readonly enabled: readonly string[]
  /** Whether processes are in the group itself. */
  readonly processes: boolean
  /** The top of the whole hierarchy: the only group that may have both processes and enabled controllers. */
  readonly top: boolean
  readonly threaded: boolean
  readonly writable: boolean
}

export interface CgroupFacts {
  readonly hierarchies: readonly Hierarchy[]
  /** v2: the caller's own group, then those above it. */
  readonly candidates: readonly Candidate[]
  /** Whether the kernel counts swap of groups, and whether this host has any. */
  readonly swap: { readonly counted: boolean; readonly present: boolean }
}

export function readFacts(): CgroupFacts {
  // A kernel without control groups has no such file: then no hierarchy has what is asked for.
  const hierarchies = readText('/proc/self/cgroup') === undefined ? [] : readLayout('self')
  return { hierarchies, candidates: readCandidates(hierarchies), swap: { counted: countsSwap(hierarchies), present: hasSwap() } }
}

/** The hierarchies as this process sees them, with the place of that process. Throws what reading /proc/PID/cgroup throws. */
export function readLayout(pid: number | 'self'): Hierarchy[] {
  return parseLayout(readText('/proc/self/mountinfo') ?? '', readFileSync(`/proc/${pid}/cgroup`, 'utf8'), mount => words(join(mount, 'cgroup.controllers')))
}

function readCandidates(hierarchies: readonly Hierarchy[]): Candidate[] {
  const v2 = hierarchies.find(({ version }) => version === 2)
  if (v2?.own === undefined) return []
  const parts = v2.own.split('/').filter(Boolean)
  return Array.from({ length: parts.length + 1 }, (_, up) => candidate(v2.mount, parts.slice(0, parts.length - up).join('/')))
}

function candidate(mount: string, path: string): Candidate {
  const at = join(mount, path)
  const type = readText(join(at, 'cgroup.type'))
  return {
    path,
    controllers: words(join(at, 'cgroup.controllers')),
    enabled: words(join(at, 'cgroup.subtree_control')),
    processes: readText(join(at, 'cgroup.procs')) !== '',
    top: type === undefined,
    threaded: type?.includes('threaded') ?? false,
    writable: mayWrite(at) && mayWrite(join(at, 'cgroup.procs')),
  }
}

/** v1 has memory.memsw files only where swap is counted. v2's top group has no limits to look for. */
function countsSwap(hierarchies: readonly Hierarchy[]): boolean {
  const memory = hierarchyOf(hierarchies, 'memory')
  if (memory?.own === undefined) return false
  const at = join(memory.mount, memory.own)
  if (memory.version === 1) return readText(join(at, 'memory.memsw.limit_in_bytes')) !== undefined
  const top = readText(join(at, 'cgroup.type')) === undefined
  return readText(join(at, 'memory.swap.max')) !== undefined || (top && readText('/proc/swaps') !== undefined)
}

/** /proc/swaps is a heading, then a line for each device. */
function hasSwap(): boolean {
  return (readText('/proc/swaps') ?? '').includes('\n')
}

function words(file: string): string[] {
  return (readText(file) ?? '').split(/\s+/).filter(Boolean)
}

export function mayWrite(path: string): boolean {
  try {
    accessSync(path, constants.W_OK)
    return true
  } catch {
    return false
  }
}
