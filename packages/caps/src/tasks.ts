// Processes and threads as /proc shows them: what all verbs that look at others read. What ends while
// it is looked at is left out. Names of programs are theirs to choose, so they are cleaned for a
// terminal. See proc(5), proc_pid_task(5).
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { ToolError } from '@srcon/kit/error'
import { type CapabilitySet, type Ids, parseStatus } from '@srcon/kit/host'
import { namesOf } from './names.ts'

/** In the order in which they are shown. */
export const SETS: readonly CapabilitySet[] = ['effective', 'permitted', 'inheritable', 'bounding', 'ambient']

export type Sets = Readonly<Record<CapabilitySet, { readonly hex: string; readonly names: readonly string[] }>>

/** A process, or one thread of it. */
export interface Task {
  /** Of the process, or of the thread. */
  readonly pid: number
  readonly parent: number
  readonly command: string
  readonly uid: Ids
  readonly gid: Ids
  readonly groups: readonly number[]
  readonly noNewPrivs: boolean
  /** Inode; undefined where it may not be read. */
  readonly userNamespace: number | undefined
  readonly capabilities: Readonly<Record<CapabilitySet, bigint>>
}

/** A control character could move the cursor or set a title: none of another's text reaches the terminal. Pure. */
export function printable(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, '?')
}

/** `base`: `/proc/5` or `/proc/5/task/7`. Undefined: there is none. */
export function taskAt(base: string): Task | undefined {
  const text = read(`${base}/status`)
  if (text === undefined) return undefined
  const { uid, gid, groups, noNewPrivs, capabilities } = parseStatus(text)
  const number = (name: string): number => Number(new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(text)?.[1] ?? 0)
  return { pid: number('Pid'), parent: number('PPid'), command: printable(read(`${base}/comm`)?.trimEnd() ?? ''), uid, gid, groups, noNewPrivs, userNamespace: userNamespace(base), capabilities }
}

/** A process. Throws a ToolError where it cannot be looked at. */
export function processOf(pid: number | 'self'): Task {
  const task = taskAt(`/proc/${pid}`)
  if (task) return task
  throw new ToolError('caps', `cannot look at process ${pid}`, { code: 'ENOENT', path: `/proc/${pid}/status`, why: 'there is no such process, or /proc hides those of others (hidepid)', hint: 'ps lists those that are seen from here' })
}

/** The threads of a process, the first of them itself. */
export function threadsOf(pid: number | 'self'): Task[] {
  return numbered(`/proc/${pid}/task`).flatMap(tid => taskAt(`/proc/${pid}/task/${tid}`) ?? [])
}

/** All processes that are seen from here, lowest pid first. */
export function processes(): Task[] {
  return numbered('/proc').flatMap(pid => taskAt(`/proc/${pid}`) ?? [])
}

/** Inode of the user namespace; undefined where it may not be read. */
export function userNamespace(base: string): number | undefined {
  try {
    return Number(/\d+/.exec(readlinkSync(`${base}/ns/user`))?.[0])
  } catch {
    return undefined
  }
}

/** As digits and by names. Pure. */
export function setsOf({ capabilities }: Pick<Task, 'capabilities'>): Sets {
  const said = (name: CapabilitySet) => ({ hex: digits(capabilities[name]), names: namesOf(capabilities[name]) })
  return { effective: said('effective'), permitted: said('permitted'), inheritable: said('inheritable'), bounding: said('bounding'), ambient: said('ambient') }
}

/** As /proc/PID/status writes a set. Pure. */
export function digits(set: bigint): string {
  return set.toString(16).padStart(16, '0')
}

/** Whether two threads have the same privileges. Pure. */
export function samePrivileges(a: Task, b: Task): boolean {
  const key = ({ uid, gid, groups, noNewPrivs, capabilities }: Task): string => JSON.stringify([uid, gid, groups, noNewPrivs, SETS.map(name => digits(capabilities[name]))])
  return key(a) === key(b)
}

function numbered(directory: string): number[] {
  try {
    return readdirSync(directory).filter(name => /^\d+$/.test(name)).map(Number).sort((a, b) => a - b)
  } catch {
    return []
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
