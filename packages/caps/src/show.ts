// `caps show`: how processes stand. All from /proc, but the securebits, which the kernel tells only the
// process itself. See proc_pid_status(5).
import { type Ids, lastCap } from '@srcon/kit/host'
import { parsePid } from '@srcon/kit/number'
import type { Output } from '@srcon/kit/output'
import type { ScannedLink } from '@srcon/kit/table'
import { groupName, sayGroup, sayUser, userName } from './accounts.ts'
import { native } from './native.ts'
import { sayIds, sayNames } from './say.ts'
import { securebitNames } from './securebits.ts'
import { processOf, samePrivileges, type Sets, SETS, setsOf, type Task, threadsOf, userNamespace } from './tasks.ts'

export interface Shown {
  readonly pid: number
  readonly command: string
  readonly uid: Ids
  readonly gid: Ids
  readonly groups: readonly number[]
  /** Of the effective ids and the groups, as they are called here; an id without a name is left out. */
  readonly names: { readonly user?: string; readonly group?: string; readonly groups: Readonly<Record<string, string>> }
  readonly noNewPrivs: boolean
  /** Undefined where it may not be seen. */
  readonly userNamespace: { readonly inode: number; /** That of the caller. */ readonly ours: boolean; /** Who made it, as seen from here. */ readonly ownerUid?: number } | undefined
  readonly sets: Sets
  /** Of the process itself; the kernel tells nobody those of another. */
  readonly securebits: readonly string[] | undefined
}

/** A thread whose privileges are not those of its process. */
export interface ShownThread {
  readonly tid: number
  readonly command: string
  readonly uid: Ids
  readonly gid: Ids
  readonly groups: readonly number[]
  readonly noNewPrivs: boolean
  readonly sets: Sets
}

/** How a process stands. Throws a ToolError where there is none. */
export function show(pid: number | 'self'): Shown {
  const task = processOf(pid)
  const { command, uid, gid, groups, noNewPrivs } = task
  const bits = pid === 'self' ? native().securebits() : null
  return { pid: task.pid, command, uid, gid, groups, names: namesFor(task), noNewPrivs, userNamespace: namespaceOf(task, pid), sets: setsOf(task), securebits: bits === null ? undefined : securebitNames(bits) }
}

/** The threads of a process that have other privileges than its first: the kernel keeps them by thread. */
export function differingThreads(pid: number | 'self'): ShownThread[] {
  const process = processOf(pid)
  return threadsOf(pid).filter(thread => !samePrivileges(thread, process)).map(thread => {
    const { pid: tid, command, uid, gid, groups, noNewPrivs } = thread
    return { tid, command, uid, gid, groups, noNewPrivs, sets: setsOf(thread) }
  })
}

function namesFor({ uid, gid, groups }: Task): Shown['names'] {
  const [user, group] = [userName(uid.effective), groupName(gid.effective)]
  const named = groups.flatMap(id => { const name = groupName(id); return name === undefined ? [] : [[String(id), name] as const] })
  return { ...(user === undefined ? {} : { user }), ...(group === undefined ? {} : { group }), groups: Object.fromEntries(named) }
}

function namespaceOf({ userNamespace: inode }: Task, pid: number | 'self'): Shown['userNamespace'] {
  if (inode === undefined) return undefined
  const owner = native().namespaceOwner(`/proc/${pid}/ns/user`)
  return { inode, ours: inode === userNamespace('/proc/self'), ...(owner ? { ownerUid: owner.uid } : {}) }
}

export async function run({ given, positionals }: ScannedLink, out: Output): Promise<void> {
  const threads = given.some(({ name }) => name === 'threads')
  const shown = positionals.map(word => {
    const pid = word === 'self' ? 'self' : parsePid('caps', 'PID', word)
    return { ...show(pid), ...(threads ? { threads: differingThreads(pid) } : {}) }
  })
  if (out.json) return out.data(shown.length === 1 ? shown[0] : shown)
  for (const [i, each] of shown.entries()) {
    if (i > 0) out.line('')
    for (const [label, text] of rows(each, positionals[i] === 'self')) out.line(`${label.padEnd(16)}${text}`)
    for (const thread of each.threads ?? []) out.line(`${`thread ${thread.tid}`.padEnd(16)}${differences(thread, each).join('; ')}`)
    if (each.threads?.length === 0) out.line(`${'threads'.padEnd(16)}all as the process`)
  }
}

function rows(shown: Shown, self: boolean): [string, string][] {
  return [
    ['process', `${shown.pid} ${shown.command}`],
    ['user', sayIds(shown.uid, sayUser)],
    ['group', sayIds(shown.gid, sayGroup)],
    ['groups', shown.groups.map(sayGroup).join(' ') || 'none'],
    ['no_new_privs', shown.noNewPrivs ? 'yes' : 'no'],
    ['user namespace', sayNamespace(shown.userNamespace)],
    ...SETS.map((name): [string, string] => [name, sayNames(shown.sets[name].names, lastCap())]),
    ['securebits', shown.securebits ? shown.securebits.join(' ') || 'none' : self ? 'not told: a filter forbids to ask' : 'not told: the kernel tells them only to the process itself'],
  ]
}

function sayNamespace(namespace: Shown['userNamespace']): string {
  if (!namespace) return 'not to be seen from here'
  const { inode, ours, ownerUid } = namespace
  return `${inode}, ${ours ? 'ours' : 'not ours'}${ownerUid === undefined ? '' : `, made by user ${sayUser(ownerUid)}`}`
}

/** What a thread has that its process has not. */
function differences(thread: ShownThread, process: Shown): string[] {
  const differs = (a: unknown, b: unknown): boolean => JSON.stringify(a) !== JSON.stringify(b)
  return [
    thread.command,
    ...(differs(thread.uid, process.uid) ? [`user ${sayIds(thread.uid)}`] : []),
    ...(differs(thread.gid, process.gid) ? [`group ${sayIds(thread.gid)}`] : []),
    ...(differs(thread.groups, process.groups) ? [`groups ${thread.groups.join(' ') || 'none'}`] : []),
    ...(thread.noNewPrivs === process.noNewPrivs ? [] : [`no_new_privs ${thread.noNewPrivs ? 'yes' : 'no'}`]),
    ...SETS.filter(name => differs(thread.sets[name], process.sets[name])).map(name => `${name} ${sayNames(thread.sets[name].names, lastCap())}`),
  ]
}
