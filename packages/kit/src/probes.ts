// Why the kernel said no: what explain() of several tools looks at. Each probe reads the host and
// answers a question; none guesses from an errno. See user_namespaces(7), capabilities(7), proc(5).
import { readdirSync, readFileSync } from 'node:fs'
import { hasCapability, readText, selfStatus, sysctl, uidMap } from './host.ts'
import type { Explanation } from './link.ts'

export * from './host.ts'
export { describeErrno, errnoName } from './errno.ts'

/** Whether all ids of the parent are mapped one to one: the first user namespace of the host, as far as can be seen. */
export function inInitialUserNamespace(): boolean {
  const [only, more] = uidMap()
  return only !== undefined && more === undefined && only.inside === 0 && only.outside === 0 && only.count === 2 ** 32 - 1
}

/** Security modules of the kernel in use, `['lockdown', 'apparmor']`; undefined where securityfs is not mounted. */
export function securityModules(): readonly string[] | undefined {
  return readText('/sys/kernel/security/lsm')?.split(',').filter(Boolean)
}

/** The confinement of this process by a security module, `docker-default (enforce)`; undefined: none. */
export function confinement(): string | undefined {
  const label = readText('/proc/self/attr/apparmor/current') ?? readText('/proc/self/attr/current')
  return label === undefined || label === '' || label === 'unconfined' ? undefined : label.replaceAll('\0', '')
}

/** What forbids user namespaces to this process: a sysctl, a security module, a filter. */
export function userNamespaceRefusal(): Explanation | undefined {
  const root = hasCapability('SYS_ADMIN')
  if (sysctl('user.max_user_namespaces') === '0') {
    return { why: 'user.max_user_namespaces is 0: this host allows no user namespaces', fix: 'as root: sysctl user.max_user_namespaces=15000' }
  }
  if (!root && sysctl('kernel.unprivileged_userns_clone') === '0') {
    return { why: 'kernel.unprivileged_userns_clone is 0: only root may make user namespaces', fix: 'as root: sysctl kernel.unprivileged_userns_clone=1' }
  }
  if (!root && sysctl('kernel.apparmor_restrict_unprivileged_userns') === '1') {
    return { why: 'kernel.apparmor_restrict_unprivileged_userns is 1: AppArmor takes the capabilities of unprivileged user namespaces away', fix: 'install an AppArmor profile that grants userns to srcon-launch, or as root: sysctl kernel.apparmor_restrict_unprivileged_userns=0' }
  }
  if (isChrooted()) return { why: 'this process is in a chroot, and the kernel refuses user namespaces there', fix: 'start from outside of the chroot, or use pivot_root for it' }
  return filterRefusal('user namespaces')
}

/** A system-call filter already on this process, which containers often have. */
export function filterRefusal(what: string): Explanation | undefined {
  if (selfStatus().seccomp !== 2) return undefined
  return { why: `a system-call filter is loaded in this process already, and may refuse ${what}`, fix: containerKind() ? 'start the outer container with --security-opt seccomp=unconfined' : 'look at it with seccomp-filter show' }
}

/** Whether `/` of this process is not the root of its mount namespace. */
export function isChrooted(): boolean {
  return !mounts().some(({ target }) => target === '/')
}

export interface Mount {
  readonly id: number
  readonly parent: number
  readonly root: string
  readonly target: string
  readonly options: readonly string[]
  readonly propagation: readonly string[]
  readonly type: string
  readonly source: string
  readonly superOptions: readonly string[]
}

/** The mounts that this process sees, oldest first. */
export function mounts(): Mount[] {
  return parseMountinfo(readText('/proc/self/mountinfo') ?? '')
}

/** Parses `/proc/PID/mountinfo`. */
export function parseMountinfo(text: string): Mount[] {
  return text.split('\n').filter(Boolean).map(line => {
    const [before = '', after = ''] = line.split(' - ')
    const [id = '', parent = '', , root = '', target = '', options = '', ...propagation] = before.split(' ')
    const [type = '', source = '', superOptions = ''] = after.split(' ')
    const list = (words: string): string[] => words.split(',').filter(Boolean)
    return { id: Number(id), parent: Number(parent), root: unescape(root), target: unescape(target), options: list(options), propagation, type, source: unescape(source), superOptions: list(superOptions) }
  })
}

/** mountinfo writes space, tab, newline and backslash as octal. */
function unescape(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))
}

/** Mounts that lie over parts of /proc: a user namespace may then mount no proc of its own ("mount too revealing"). */
export function maskedProc(): readonly string[] {
  const all = mounts()
  const proc = all.findLast(({ target, type }) => target === '/proc' && type === 'proc')
  const over = all.filter(({ target }) => target.startsWith('/proc/') && target !== '/proc/sys/fs/binfmt_misc').map(({ target }) => target)
  const hides = proc?.superOptions.some(option => option === 'subset=pid') ? ['/proc (subset=pid)'] : []
  return [...hides, ...new Set(over)]
}

/** The kind of container that this process is in, as far as it shows: `docker`, `podman`, `lxc`, …; undefined: none seen. */
export function containerKind(): string | undefined {
  const names = rootNames()
  if (names.has('.dockerenv')) return 'docker'
  if (readText('/run/.containerenv') !== undefined) return 'podman'
  const said = readText('/run/systemd/container') ?? environmentOfInit()
  return said === undefined || said === '' ? undefined : said
}

function rootNames(): ReadonlySet<string> {
  try {
    return new Set(readdirSync('/'))
  } catch {
    return new Set()
  }
}

function environmentOfInit(): string | undefined {
  try {
    return /(?:^|\0)container=([^\0]*)/.exec(readFileSync('/proc/1/environ', 'utf8'))?.[1]
  } catch {
    return undefined
  }
}
