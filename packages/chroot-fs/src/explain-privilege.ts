// Causes that lie in rights and namespaces: who may mount what, and what is locked.
import type { Explanation, Failure } from '@srcon/kit/link'
import { confinement, containerKind, filterRefusal, hasCapability, inInitialUserNamespace, isChrooted, maskedProc, mounts } from '@srcon/kit/probes'
import { textOf, type Step } from '@srcon/kit/step'
import { earlier, is } from './explain-words.ts'

export function explainPrivilege(failure: Failure): Explanation | undefined {
  return probes.map(probe => probe(failure)).find(each => each !== undefined)
}

type Probe = (failure: Failure) => Explanation | undefined
const probes: readonly Probe[] = [noPrivilege, noChroot, procNeedsPid, procMasked, sysfsNeedsNet, queueNeedsIpc, unmappedId, wrongOption, unknownType, lockedFlags, beingWritten, chrooted, initramfs, confined, filtered]

const userStep = (steps: readonly Step[]): number => steps.findLastIndex(step => step.do === 'ns.user')
const inUserNamespace = (failure: Failure): boolean => userStep(earlier(failure)) >= 0 || !inInitialUserNamespace()
const mountType = ({ step }: Failure): string => (step.do === 'fs.mount' ? textOf(step['type']) : '')
/** Made in or after the user namespace in force. */
function owns(failure: Failure, made: (step: Step) => boolean): boolean {
  const before = earlier(failure)
  return before.findLastIndex(made) > userStep(before)
}
const makes = (type: string) => (step: Step): boolean => step.do === 'ns.new' && (step['types'] as readonly string[]).includes(type)

function noPrivilege(failure: Failure): Explanation | undefined {
  if (!is(failure, 'EPERM') || failure.step.do === 'fs.chroot' || hasCapability('SYS_ADMIN') || userStep(earlier(failure)) >= 0) return undefined
  return { why: 'this process lacks CAP_SYS_ADMIN, and the chain makes no user namespace in which it would have it', fix: 'put ns-unshare --user --map-root-user -- before it, or run as root' }
}

function noChroot(failure: Failure): Explanation | undefined {
  if (failure.step.do !== 'fs.chroot' || !is(failure, 'EPERM') || hasCapability('SYS_CHROOT') || userStep(earlier(failure)) >= 0) return undefined
  return { why: 'this process lacks CAP_SYS_CHROOT', fix: 'put ns-unshare --user --map-root-user -- before it, or run as root' }
}

function procNeedsPid(failure: Failure): Explanation | undefined {
  if (mountType(failure) !== 'proc' || !is(failure, 'EPERM') || !inUserNamespace(failure) || owns(failure, step => step.do === 'ns.pid')) return undefined
  if (userStep(earlier(failure)) < 0) return undefined
  return { why: 'the user namespace has no pid namespace of its own, and proc shows the processes of one', fix: 'add --pid to ns-unshare, or use --bind-proc' }
}

function procMasked(failure: Failure): Explanation | undefined {
  if (mountType(failure) !== 'proc' || !is(failure, 'EPERM') || !inUserNamespace(failure)) return undefined
  const over = maskedProc()
  if (over.length === 0) {
    const seen = mounts().some(({ type }) => type === 'proc')
    return seen ? undefined : { why: 'no proc is mounted here, and a user namespace may only mount a proc where one can be seen already', fix: 'as root: mount -t proc proc /proc' }
  }
  const kind = containerKind()
  return {
    why: `/proc of this ${kind ?? 'host'} is masked (${over.slice(0, 3).join(', ')}${over.length > 3 ? ', …' : ''}), and a user namespace may only mount a proc that hides nothing`,
    fix: `${kind === undefined ? 'unmount what lies over /proc' : 'run with --privileged or unmask /proc (docker run --security-opt systempaths=unconfined)'}, or use --bind-proc`,
  }
}

function sysfsNeedsNet(failure: Failure): Explanation | undefined {
  if (mountType(failure) !== 'sysfs' || !is(failure, 'EPERM') || !inUserNamespace(failure)) return undefined
  if (!owns(failure, makes('net'))) return { why: 'the user namespace has no network namespace of its own, and sysfs shows the devices of one', fix: 'add --net to ns-unshare, or show the present one: --rbind /sys:/sys:ro' }
  const over = mounts().filter(({ target }) => target.startsWith('/sys/')).map(({ target }) => target)
  return { why: `a user namespace may only mount a sysfs that hides nothing, and /sys here has mounts over it (${over.slice(0, 3).join(', ')})`, fix: 'show the present one: --rbind /sys:/sys:ro' }
}

function queueNeedsIpc(failure: Failure): Explanation | undefined {
  if (mountType(failure) !== 'mqueue' || !is(failure, 'EPERM') || owns(failure, makes('ipc'))) return undefined
  return { why: 'the user namespace has no ipc namespace of its own, and message queues belong to one', fix: 'add --ipc to ns-unshare, or leave that mount out' }
}

function unmappedId(failure: Failure): Explanation | undefined {
  const [, option] = /^option '(uid|gid)'/.exec(failure.note) ?? []
  if (option === undefined || !inUserNamespace(failure)) return undefined
  const value = ((failure.step['options'] ?? {}) as Record<string, string>)[option]
  return { why: `${option} ${value} is not mapped in the user namespace`, fix: `map it with --map-users and --map-groups, or leave ${option}= out` }
}

function wrongOption(failure: Failure): Explanation | undefined {
  if (failure.syscall !== 'fsconfig' || !is(failure, 'EINVAL') || failure.note === '') return undefined
  return { why: `the kernel's ${mountType(failure)} refuses it: ${failure.note}`, fix: 'correct or leave out that option' }
}

function unknownType(failure: Failure): Explanation | undefined {
  if (failure.syscall !== 'fsopen') return undefined
  if (is(failure, 'ENODEV')) return { why: `this kernel has no ${mountType(failure)}`, fix: 'load its module, or leave that mount out' }
  return is(failure, 'ENOSYS') ? { why: 'this kernel, or a filter of the outer container, knows no fsopen(2)', fix: 'Linux 5.14 or newer is needed; start the outer container with --security-opt seccomp=unconfined' } : undefined
}

function lockedFlags(failure: Failure): Explanation | undefined {
  if (failure.syscall !== 'mount_setattr' || !is(failure, 'EPERM') || !inUserNamespace(failure)) return undefined
  return { why: 'how access times are kept is locked on mounts that a user namespace has from outside', fix: 'leave noatime, relatime and strictatime out' }
}

function beingWritten(failure: Failure): Explanation | undefined {
  if (failure.syscall !== 'mount_setattr' || !is(failure, 'EBUSY')) return undefined
  return { why: 'a file of that mount is open for writing, so it cannot become read-only', fix: 'look who has it open: fuser -vm PATH' }
}

function chrooted(failure: Failure): Explanation | undefined {
  if (!is(failure, 'EINVAL', 'EPERM') || !isChrooted()) return undefined
  return { why: 'this process is in a plain chroot: its root is no mount, so the mounts of its namespace cannot be rearranged', fix: 'start from outside of the chroot, or make that root with chroot-fs without --chroot' }
}

/** The first root of the kernel cannot be moved away. */
function initramfs(failure: Failure): Explanation | undefined {
  if (failure.step.do !== 'fs.pivot' || !is(failure, 'EINVAL', 'EBUSY')) return undefined
  const root = mounts().find(({ target }) => target === '/')
  return root?.type === 'rootfs' ? { why: 'the system runs from its initramfs, which pivot_root(2) cannot put aside', fix: 'mount another root first, or use --chroot (no wall)' } : undefined
}

/** AppArmor and SELinux answer EACCES where the kernel's own checks answer EPERM. */
function confined(failure: Failure): Explanation | undefined {
  const label = is(failure, 'EACCES') && /^(?:mount|umount2|fsmount|move_mount|open_tree|pivot_root|mount_setattr)$/.test(failure.syscall) ? confinement() : undefined
  if (label === undefined) return undefined
  return { why: `the security module confines this process as '${label}', which forbids ${failure.syscall}(2)`, fix: containerKind() ? 'start the outer container with --security-opt apparmor=unconfined (or label=disable)' : 'allow mounts in that profile, or run from an unconfined shell' }
}

function filtered(failure: Failure): Explanation | undefined {
  return is(failure, 'EPERM', 'ENOSYS') ? filterRefusal(`${failure.syscall}(2)`) : undefined
}
