// Why a step of ns-unshare failed. Each cause is probed on the host, which still is as the caller left
// it. See the ERRORS of unshare(2), user_namespaces(7), and newuidmap(1).
import { statSync } from 'node:fs'
import type { Explanation, Failure } from '@srcon/kit/link'
import { containerKind, filterRefusal, hasCapability, maskedProc, mounts, sysctl, userNamespaceRefusal } from '@srcon/kit/probes'
import type { Step } from '@srcon/kit/step'
import { explainMap } from './explain-map.ts'
import { how, lastBefore } from './failure.ts'

/** Node has no name for it. */
const EUSERS = 87

/** Probes the host from the untouched state. */
export function explain(failure: Failure): Explanation | undefined {
  switch (failure.step.do) {
    case 'ns.user':
      return failure.syscall === 'unshare' ? userNamespace(failure) : explainMap(failure)
    case 'ns.new':
      return newNamespaces(failure)
    case 'ns.pid':
      return failure.syscall === 'unshare' ? { what: `cannot make a new pid namespace: ${how(failure)}`, ...unshareCause(failure, ['pid']) } : firstProcess(failure)
    case 'ns.file':
      return file(failure)
    case 'ns.hostname':
      return { what: `cannot set the host name: ${how(failure)}`, ...(failure.code === 'EPERM' ? needs(failure, 'uts', '--uts') : {}) }
    case 'ns.loopback':
      return { what: `cannot bring lo up: ${how(failure)}`, ...(failure.code === 'EPERM' ? needs(failure, 'net', '--net') : {}) }
    case 'ns.proc':
      return proc(failure)
    default:
      return undefined
  }
}


const makes = (type: string) => (step: Step): boolean => step.do === `ns.${type}` || (step.do === 'ns.new' && (step['types'] as readonly string[]).includes(type))

function userNamespace(failure: Failure): Explanation {
  const what = `cannot make a new user namespace: ${how(failure)}`
  if (failure.code === 'ENOSPC' || failure.errno === EUSERS) return { what, ...limitOf(['user']) }
  if (failure.code === 'EPERM') {
    if (lastBefore(failure, step => step.do === 'fs.chroot')) return { what, why: 'the plan has changed the root by plain chroot before, and the kernel refuses user namespaces there', fix: 'make the user namespace first, or let chroot-fs use pivot_root' }
    if (unmappedBefore(failure)) return { what, why: 'the user or group of the process is not mapped in the user namespace made before', fix: 'map it there: --map-root-user or --map-users' }
    return { what, ...userNamespaceRefusal() }
  }
  if (failure.code === 'EINVAL') return { what, why: 'this kernel was built without user namespaces (CONFIG_USER_NS)', fix: 'use another kernel, or leave --user out and run as root' }
  return { what }
}

/** A process whose ids have no number in its namespace may not make another. */
function unmappedBefore(failure: Failure): boolean {
  const user = lastBefore(failure, step => step.do === 'ns.user')
  return user !== undefined && (user['uidMap'] === undefined || user['gidMap'] === undefined)
}

/** What unshare of other namespaces than user refuses. */
function unshareCause(failure: Failure, types: readonly string[]): Explanation {
  if (failure.code === 'ENOSPC' || failure.errno === EUSERS) return limitOf(types)
  if (failure.code === 'EINVAL') {
    const absent = types.find(type => !statSync(`/proc/self/ns/${type}`, { throwIfNoEntry: false }))
    return absent === undefined ? {} : { why: `this kernel has no ${absent} namespaces`, fix: `leave --${absent === 'mnt' ? 'mount' : absent} out` }
  }
  if (failure.code !== 'EPERM') return {}
  return capable(failure) ? filterRefusal('new namespaces') ?? confined() : { why: 'that needs CAP_SYS_ADMIN, which the process does not have', fix: 'add --user --map-root-user: in a user namespace of its own an ordinary user may; or run as root' }
}

function confined(): Explanation {
  const kind = containerKind()
  return kind ? { why: `this is a ${kind} container, whose security module or filter refuses it`, fix: 'start the outer container with --privileged, or with the security options that allow it' } : {}
}

/** Whether the step that failed had CAP_SYS_ADMIN: by a user namespace of the plan, or the caller's own. */
function capable(failure: Failure): boolean {
  const user = failure.steps.slice(0, failure.index).findLastIndex(step => step.do === 'ns.user')
  const dropped = failure.steps.slice(user + 1, failure.index).some(step => step.do === 'caps.sets')
  return !dropped && (user >= 0 || hasCapability('SYS_ADMIN'))
}

function limitOf(types: readonly string[]): Explanation {
  for (const type of types) {
    const name = `user.max_${type}_namespaces`
    if (sysctl(name) === '0') return { why: `${name} is 0: this host allows no ${type} namespaces`, fix: `as root: sysctl ${name}=15000` }
  }
  const limits = types.map(type => `user.max_${type}_namespaces=${sysctl(`user.max_${type}_namespaces`) ?? '?'}`).join(', ')
  return { why: `the limit on namespaces of this user is reached (${limits}), or they are nested more than 32 deep`, fix: 'end what holds them (ns-unshare list), or raise the limit with sysctl' }
}

function newNamespaces(failure: Failure): Explanation {
  const types = failure.step['types'] as readonly string[]
  if (failure.syscall === 'unshare') return { what: `cannot make new namespaces (${types.join(', ')}): ${how(failure)}`, ...unshareCause(failure, types) }
  if (failure.path.endsWith('timens_offsets')) return { what: `cannot move the clocks: ${how(failure)}`, ...clocks(failure) }
  if (failure.syscall === 'mount') {
    const what = `cannot set the propagation of the mounts: ${how(failure)}`
    return failure.code === 'EINVAL' ? { what, why: '/ of the process is no mount point: it is in a chroot', fix: 'use --propagation unchanged, or make the namespace before the chroot' } : { what }
  }
  const what = `cannot enter the new time namespace: ${how(failure)}`
  return failure.errno === EUSERS ? { what, why: 'before Linux 6.2 a process that is supervised cannot enter it', fix: 'use Linux 6.2 or newer, or --time without --pid and without limits' } : { what }
}

function clocks({ code, note }: Failure): Explanation {
  if (code === 'ERANGE') return { why: `a clock would be negative or too far in the future (${note})`, fix: 'a clock cannot go below 0: see /proc/uptime' }
  if (code === 'EPERM' || code === 'EACCES') return { why: 'that needs CAP_SYS_TIME in the user namespace that owns the time namespace', fix: 'add --user --map-root-user, or run as root' }
  return {}
}

function firstProcess(failure: Failure): Explanation {
  const what = `cannot start the first process of the new pid namespace: ${how(failure)}`
  if (failure.code === 'EAGAIN') return { what, why: 'the limit on processes is reached: RLIMIT_NPROC of this user, or pids.max of the cgroup', fix: 'raise it: ulimit -u, cgroup-ctl --pids' }
  if (failure.code === 'ENOMEM') return { what, why: 'the init of that pid namespace has ended', fix: 'run it again' }
  return { what }
}

function file(failure: Failure): Explanation {
  const { type } = failure.step as unknown as { type: string }
  const what = `cannot keep the ${type} namespace in ${failure.path}: ${how(failure)}`
  if (failure.code === 'EINVAL') {
    const mount = mounts().filter(({ target }) => `${failure.path}/`.startsWith(target === '/' ? '/' : `${target}/`)).at(-1)
    if (mount?.propagation.some(word => word.startsWith('shared:'))) return { what, why: `${mount.target} is a shared mount, and the file of a ${type} namespace cannot lie on one`, fix: 'use a directory on a private mount: mount --bind DIR DIR; mount --make-private DIR' }
    if (type === 'mnt') return { what, why: 'a mount namespace cannot be kept in a namespace that is as new as it', fix: 'keep it from outside of the new mount namespace' }
  }
  if (failure.code === 'ENOENT') return { what, why: 'its directory does not exist', fix: 'make it first' }
  if (failure.code === 'EPERM') return { what, why: 'a bind mount needs CAP_SYS_ADMIN outside', fix: 'run as root, or leave the =FILE out' }
  return { what }
}

/** The host name and lo belong to a namespace that must be our own. */
function needs(failure: Failure, type: string, option: string): Explanation {
  if (!lastBefore(failure, makes(type))) return { why: `the plan makes no ${type} namespace, and that of the host may not be changed`, fix: `add ${option}` }
  return capable(failure) ? filterRefusal('it') ?? {} : { why: 'the capability for it was dropped earlier in the plan', fix: 'put caps behind ns-unshare' }
}

function proc(failure: Failure): Explanation {
  const what = `cannot mount proc on /proc: ${how(failure)}`
  if (failure.code !== 'EPERM') return failure.code === 'ENOENT' ? { what, why: 'this root has no directory /proc', fix: 'mkdir it' } : { what }
  const inUser = lastBefore(failure, step => step.do === 'ns.user') !== undefined
  if (inUser && !lastBefore(failure, makes('pid'))) return { what, why: 'a user namespace may mount only the proc of a pid namespace that it owns', fix: 'add --pid' }
  const masked = maskedProc()
  if (masked.length > 0) return { what, why: `/proc here is masked (${masked.slice(0, 3).join(', ')}${masked.length > 3 ? ', …' : ''}), and a user namespace may only mount a proc that hides nothing`, fix: 'unmask it (docker run --security-opt systempaths=unconfined, or --privileged)' }
  return capable(failure) ? { what, ...filterRefusal('mount') } : { what, why: 'that needs CAP_SYS_ADMIN, which the process does not have', fix: 'add --user --map-root-user --pid, or run as root' }
}
