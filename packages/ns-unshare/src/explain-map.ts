// Why an id map could not be written: by us, or by newuidmap(1) and newgidmap(1). See user_namespaces(7),
// "Defining user and group ID mappings".
import { statSync } from 'node:fs'
import type { Explanation, Failure } from '@srcon/kit/link'
import { readText, selfStatus, sysctl, userNamespaceRefusal } from '@srcon/kit/probes'
import { helperPath } from './facts.ts'
import { how, lastBefore } from './failure.ts'
import type { IdMap } from './request.ts'

const SETFCAP = 1n << 31n
const SETUID_BIT = 0o4000

interface UserStep {
  readonly uidMap?: readonly IdMap[]
  readonly gidMap?: readonly IdMap[]
  readonly setgroups?: string
}

/** Probes the host from the untouched state. */
export function explainMap(failure: Failure): Explanation {
  const { syscall, path } = failure
  if (syscall === 'newuidmap' || syscall === 'newgidmap') return helper(failure, syscall)
  if (path === '/proc/self') return { what: `cannot find the process in /proc: ${how(failure)}`, why: '/proc here belongs to another pid namespace', fix: 'mount that of this one first: mount -t proc proc /proc' }
  if (path.endsWith('_map') || path.endsWith('setgroups')) return { what: `cannot write ${path}: ${how(failure)}`, ...written(failure) }
  if (syscall === 'setns') return { what: `cannot enter the parent user namespace to write the map: ${how(failure)}` }
  return { what: `cannot become a user of the new user namespace: ${how(failure)}` }
}

function written(failure: Failure): Explanation {
  const { uidMap = [], gidMap = [], setgroups } = failure.step as UserStep
  if (failure.code === 'EROFS') return { why: '/proc is mounted read-only', fix: 'run it where /proc can be written; in a container, one started with --privileged' }
  if (failure.code === 'EINVAL') return { why: 'the kernel does not take this map', fix: 'each line is INNER:OUTER:COUNT, and lines may not overlap' }
  if (failure.code !== 'EPERM' && failure.code !== 'EACCES') return {}
  const { capabilities, uid, gid } = selfStatus()
  const refusal = sysctl('kernel.apparmor_restrict_unprivileged_userns') === '1' ? userNamespaceRefusal() : undefined
  if (refusal) return refusal
  const before = lastBefore(failure, step => step.do === 'ns.user') as UserStep | undefined
  const groups = failure.path.endsWith('gid_map')
  const map = groups ? gidMap : uidMap
  const outer = before ? (groups ? before.gidMap : before.uidMap) ?? [] : undefined
  const stray = outer && map.find(line => !outer.some(each => line.outside >= each.inside && line.outside + line.count <= each.inside + each.count))
  if (stray) return { why: `${stray.outside} to ${stray.outside + stray.count - 1} is not all mapped in the user namespace around it`, fix: 'map only ids that the outer namespace has' }
  if (before) return {}
  const own = map.length === 1 && map[0]?.count === 1 && map[0].outside === (groups ? gid : uid).effective
  if (!own && capabilities.effective === 0n) return { why: 'an ordinary user may map only its own id', fix: '--map-root-user, or --map-users auto with newuidmap' }
  if (groups && own && setgroups !== 'deny' && capabilities.effective === 0n) return { why: 'an ordinary user must deny setgroups before it maps its group', fix: '--setgroups deny' }
  if ((capabilities.effective & SETFCAP) === 0n && map.some(({ outside }) => outside === 0)) return { why: 'to map id 0 of outside needs CAP_SETFCAP, which the process does not have', fix: 'map another range: 0:100000:65536' }
  return {}
}

function helper({ path, code, note, errno }: Failure, name: 'newuidmap' | 'newgidmap'): Explanation {
  const what = `${name} could not write the map: ${note || `${code} (${name})`}`
  const file = name === 'newuidmap' ? '/etc/subuid' : '/etc/subgid'
  const program = path || helperPath(name)
  if (!program || errno !== 0) return { what, why: `${name} is not installed`, fix: 'apt install uidmap (Debian), dnf install shadow-utils (Fedora)' }
  if (note.includes('not allowed')) return { what, why: `${file} does not give these ids to this user${inFile(file)}`, fix: `as root, add a line to ${file}: ${selfStatus().uid.real}:100000:65536` }
  if (selfStatus().noNewPrivs) return { what, why: 'no_new_privs is set on this process, so the setuid bit of newuidmap does nothing', fix: 'start it from a shell without no_new_privs' }
  const stat = statSync(program, { throwIfNoEntry: false })
  if (stat && stat.uid === 0 && (stat.mode & SETUID_BIT) === 0) return { what, why: `${program} has no setuid bit, unless it has file capabilities (getcap ${program})`, fix: `as root: chmod u+s ${program}, or reinstall the package` }
  return { what }
}

function inFile(file: string): string {
  const lines = readText(file)?.split('\n').filter(line => line.startsWith(`${selfStatus().uid.real}:`)) ?? []
  return lines.length > 0 ? ` (it gives ${lines.join(', ')})` : ''
}
