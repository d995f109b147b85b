// Why a group could not be made, limited or joined: each cause is looked up where the kernel keeps it,
// from the state as it was before. See cgroups(7), cpuset(7), the kernel's admin-guide/cgroup-v2.rst.
import { statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { containerKind, readText } from '@srcon/kit/probes'
import type { Explanation, Failure } from '@srcon/kit/link'
import { mayWrite, readFacts } from './facts.ts'
import type { Hierarchy } from './layout.ts'
import type { Group, JoinStep } from './steps.ts'

interface Case extends Failure {
  /** The group of the step that the failure is about. */
  readonly group: Group | undefined
  /** Name of the file, or of the group. */
  readonly file: string
  /** What was written. */
  readonly value: string
}

export function explain(failure: Failure): Explanation | undefined {
  const { groups } = failure.step as JoinStep
  const group = groups.findLast(({ mount }) => failure.path === mount || failure.path.startsWith(`${mount.replace(/\/$/, '')}/`))
  const value = /^value (.*)$/s.exec(failure.note)?.[1] ?? ''
  const it: Case = { ...failure, group, file: basename(failure.path), value }
  const found = probes.map(probe => probe(it)).find(each => each !== undefined)
  return { what: whatFailed(it), ...found }
}

function whatFailed({ syscall, code, path, file, value, note, group }: Case): string {
  const error = code ? `: ${code} (${syscall})` : ''
  if (syscall === 'mkdir') return `cannot make the group ${path}${error}`
  if (note === 'cgroup.procs' || file === 'cgroup.procs') return `cannot join a group of ${group?.controllers.join(', ') ?? path}${error}`
  if (file === 'cgroup.subtree_control') return `cannot enable ${value.replace('+', '')} in ${dirname(path)}${error}`
  if (syscall === 'verify') return `${path} is not as asked: ${note}`
  if (value !== '') return `cannot set ${file} to ${value}${error}`
  return `cannot ${syscall} ${path}${error}`
}

type Probe = (it: Case) => Explanation | undefined
/** In the order in which causes hide one another. */
const probes: readonly Probe[] = [readOnly, notMounted, notAllowed, busyParent, notOffered, threaded, noSwapFile, missingFile, belowUse, memswOrder, cpus, quota, limitsOfTheTree, emptyCpuset, realTime, notInForce, abandoned]

const is = (it: Case, ...codes: readonly string[]): boolean => codes.includes(it.code)
const parentOf = ({ mount, parent }: Group): string => join(mount, parent)

function hierarchyAt(group: Group | undefined): Hierarchy | undefined {
  return group && readFacts().hierarchies.find(({ mount }) => mount === group.mount)
}

function readOnly(it: Case): Explanation | undefined {
  if (!is(it, 'EROFS') || !hierarchyAt(it.group)?.readOnly) return undefined
  const kind = containerKind()
  return { why: `${it.group?.mount} is mounted read-only${kind ? `, as ${kind} containers have it` : ''}`, fix: kind ? 'start the outer container with --privileged, or with its cgroup tree mounted writable' : `as root: mount -o remount,rw ${it.group?.mount}` }
}

function notMounted(it: Case): Explanation | undefined {
  if (!it.group || !(is(it, 'ENOENT', 'ENOTDIR') || it.syscall === 'verify') || (it.path !== it.group.mount && it.path !== parentOf(it.group))) return undefined
  const now = hierarchyAt(it.group)
  if (now?.version === it.group.version) return { why: `the group ${parentOf(it.group)} is gone`, fix: 'make the plan again: it was made for another moment or another host' }
  const found = now ? `cgroup v${now.version} is mounted there` : 'no cgroup hierarchy is mounted there'
  return { why: `the plan was made for a host with cgroup v${it.group.version} at ${it.group.mount}, and ${found}`, fix: 'make the plan again on this host' }
}

function notAllowed(it: Case): Explanation | undefined {
  if (!it.group || !is(it, 'EACCES', 'EPERM')) return undefined
  const parent = parentOf(it.group)
  const owner = statSync(parent, { throwIfNoEntry: false })?.uid
  if (mayWrite(parent) && mayWrite(join(parent, 'cgroup.procs'))) {
    if (it.group.version === 2 && /cgroup\.procs/.test(it.file + it.note)) {
      return { why: 'moving a process needs write access to the nearest group above both the old and the new place', fix: 'start from inside the delegated group: systemd-run --user --scope -p Delegate=yes COMMAND' }
    }
    return undefined
  }
  if (it.group.version === 1) {
    return { why: `${parent} belongs to uid ${owner}, and cgroup v1 has no safe way to give groups to ordinary users`, fix: 'run it as root, or on a host with cgroup v2' }
  }
  return { why: `${parent} belongs to uid ${owner}: no group of cgroup v2 is delegated to us here`, fix: 'systemd-run --user --scope -p Delegate=yes COMMAND, or run it as root' }
}

function busyParent(it: Case): Explanation | undefined {
  if (it.file !== 'cgroup.subtree_control' || !is(it, 'EBUSY')) return undefined
  const count = (readText(join(dirname(it.path), 'cgroup.procs')) ?? '').split('\n').filter(Boolean).length
  if (count === 0) return undefined
  return { why: `${dirname(it.path)} has ${count} process${count === 1 ? '' : 'es'} of its own, and a v2 group with processes cannot give controllers to groups below it`, fix: 'move them into a group below it first (mkdir leaf; echo PID > leaf/cgroup.procs), or start from another group' }
}

function notOffered(it: Case): Explanation | undefined {
  if (it.file !== 'cgroup.subtree_control' || !is(it, 'ENOENT', 'EINVAL')) return undefined
  const offered = readText(join(dirname(it.path), 'cgroup.controllers')) ?? ''
  const name = it.value.replace('+', '')
  if (offered.split(' ').includes(name)) return undefined
  return { why: `${dirname(it.path)} has only ${offered || 'no controllers'}`, fix: `enable ${name} in the group above it, or look whether it is on cgroup v1 (cgroup-ctl show self)` }
}

function threaded(it: Case): Explanation | undefined {
  const type = it.group && readText(join(parentOf(it.group), 'cgroup.type'))
  return is(it, 'ENOTSUP', 'EOPNOTSUPP') && type?.includes('threaded') ? { why: `${parentOf(it.group as Group)} is a threaded group (${type}): those only have controllers that work on threads`, fix: 'start from a group of type domain' } : undefined
}

function noSwapFile(it: Case): Explanation | undefined {
  const swap = it.file.startsWith('memory.memsw.') || it.file.startsWith('memory.swap.')
  return swap && is(it, 'ENOENT') ? { why: 'this kernel does not count swap in groups', fix: 'boot with swapaccount=1, or allow any swap with --swap max' } : undefined
}

function missingFile(it: Case): Explanation | undefined {
  if (!is(it, 'ENOENT') || !it.group || it.syscall !== 'open' || !it.file.includes('.')) return undefined
  const controller = it.file.split('.')[0] ?? ''
  const has = it.group.version === 2 ? readText(join(parentOf(it.group), 'cgroup.controllers')) : hierarchyAt(it.group)?.controllers.join(' ')
  if (!has?.split(' ').includes(controller)) return { why: `the hierarchy at ${it.group.mount} has no ${controller} controller for this group`, fix: 'make the plan again on this host' }
  return { why: `this kernel's ${controller} controller has no ${it.file}: it was built without it, or is older`, fix: 'leave that limit out' }
}

function belowUse(it: Case): Explanation | undefined {
  return is(it, 'EBUSY') && it.file === 'memory.limit_in_bytes' ? { why: 'the group already uses more than that and nothing of it can be given back', fix: 'give a larger --memory' } : undefined
}

function memswOrder(it: Case): Explanation | undefined {
  if (!is(it, 'EINVAL') || !/^memory\.(memsw\.)?limit_in_bytes$/.test(it.file)) return undefined
  const of = (file: string): string | undefined => it.group?.write.find(write => write.file === file)?.value
  const [memory, memsw] = [of('memory.limit_in_bytes'), of('memory.memsw.limit_in_bytes')]
  if (memory === undefined || memsw === undefined || Number(memsw) >= Number(memory)) return undefined
  return { why: `memory and swap together (${memsw}) would be less than the memory alone (${memory})`, fix: 'memory.memsw.limit_in_bytes is the sum: make it at least the memory' }
}

function cpus(it: Case): Explanation | undefined {
  if (!/^cpuset\.(cpus|mems)$/.test(it.file) || !is(it, 'EINVAL', 'EACCES', 'ERANGE') || !it.group) return undefined
  const parent = parentOf(it.group)
  const has = (it.group.version === 2 ? readText(join(parent, `${it.file}.effective`)) : readText(join(parent, it.file))) ?? ''
  const noun = it.file === 'cpuset.cpus' ? 'CPUs' : 'memory nodes'
  return { why: `${it.value} is not within the ${noun} of ${parent}, which are ${has || 'none'}`, fix: `choose among ${has}` }
}

/** v1: a group's quota per period must not be more than its parent's. */
function quota(it: Case): Explanation | undefined {
  if (!is(it, 'EINVAL') || !it.group || !/^cpu\.(cfs_|max)/.test(it.file)) return undefined
  const limit = Number(readText(join(parentOf(it.group), 'cpu.cfs_quota_us')) ?? -1)
  const period = Number(readText(join(parentOf(it.group), 'cpu.cfs_period_us')) ?? 0)
  return limit > 0 ? { why: `the group above has only ${limit / period} CPUs, and a group may not have more than the one above it`, fix: `give at most --cpus ${limit / period}` } : undefined
}

function limitsOfTheTree(it: Case): Explanation | undefined {
  if (it.syscall !== 'mkdir' || !is(it, 'EAGAIN', 'ENOSPC') || !it.group) return undefined
  const depth = readText(join(parentOf(it.group), 'cgroup.max.depth'))
  const descendants = readText(join(parentOf(it.group), 'cgroup.max.descendants'))
  return it.group.version === 2 ? { why: `${parentOf(it.group)} or a group above it has reached its most groups (cgroup.max.depth ${depth}, cgroup.max.descendants ${descendants})`, fix: 'remove groups below it, or raise the limit' } : undefined
}

function emptyCpuset(it: Case): Explanation | undefined {
  const joins = /cgroup\.procs/.test(it.file + it.note)
  return joins && is(it, 'ENOSPC') && it.group?.controllers.includes('cpuset') ? { why: 'the group has no CPUs or no memory nodes', fix: `fill cpuset.cpus and cpuset.mems of ${parentOf(it.group)}` } : undefined
}

function realTime(it: Case): Explanation | undefined {
  if (!/cgroup\.procs/.test(it.file + it.note) || !is(it, 'EINVAL') || !it.group?.controllers.includes('cpu')) return undefined
  const policy = Number(readText('/proc/self/stat')?.split(') ')[1]?.split(' ')[38] ?? 0)
  return policy === 1 || policy === 2 ? { why: 'the process has a real-time scheduling policy, and a new group has no real-time budget', fix: 'start it with chrt --other 0, or leave the CPU limits out' } : undefined
}

function notInForce(it: Case): Explanation | undefined {
  return it.syscall === 'verify' && it.note.includes('in force') ? { why: 'the kernel took the value and made another of it: it is outside of what this kernel can do', fix: 'give the value that is in force, if that is what you want' } : undefined
}

function abandoned(it: Case): Explanation | undefined {
  return it.syscall === 'flock' ? { why: 'somebody else keeps the new group locked', fix: `look who has it open: fuser ${it.path}` } : undefined
}
