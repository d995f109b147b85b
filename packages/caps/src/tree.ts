// `caps tree`: processes below one another with what they may, as captree(8) shows it; with the user
// namespaces in which it counts, and the threads that have something else than their process.
import { lastCap } from '@srcon/kit/host'
import { parseCount, parsePid } from '@srcon/kit/number'
import type { Output } from '@srcon/kit/output'
import type { ScannedLink } from '@srcon/kit/table'
import { fullSet, namesOf } from './names.ts'
import { sayNames } from './say.ts'
import { processes, processOf, samePrivileges, type Sets, setsOf, type Task, threadsOf, userNamespace } from './tasks.ts'

export interface TreeNode {
  readonly pid: number
  readonly command: string
  /** Effective. */
  readonly uid: number
  readonly noNewPrivs: boolean
  /** Inode; undefined where it may not be read. */
  readonly userNamespace: number | undefined
  readonly sets: Sets
  /** Threads with other privileges than the process. */
  readonly threads: readonly { readonly tid: number; readonly command: string; readonly uid: number; readonly noNewPrivs: boolean; readonly sets: Sets }[]
  readonly children: readonly TreeNode[]
  /** Processes below that have no capability, and are left out. */
  readonly folded: number
}

export interface TreeOptions {
  /** Where it begins; default: every process whose parent is not seen. */
  readonly pid?: number
  /** Also processes without any capability. */
  readonly all?: boolean
  /** Levels below the first; default: no limit. */
  readonly depth?: number
}

/** The processes that are seen from here. Throws a ToolError where `pid` is none of them. */
export function tree({ pid, all = false, depth = Infinity }: TreeOptions = {}): TreeNode[] {
  const tasks = processes()
  const known = new Set(tasks.map(task => task.pid))
  const below = group(tasks)
  const tops = pid === undefined ? tasks.filter(({ parent }) => !known.has(parent)) : [processOf(pid)]
  return tops.map(task => nodeOf(task, below, all, depth))
}

function group(tasks: readonly Task[]): Map<number, Task[]> {
  const below = new Map<number, Task[]>()
  for (const task of tasks) below.set(task.parent, [...(below.get(task.parent) ?? []), task])
  return below
}

function nodeOf(task: Task, below: ReadonlyMap<number, readonly Task[]>, all: boolean, depth: number): TreeNode {
  const children = (below.get(task.pid) ?? []).map(child => nodeOf(child, below, all, depth - 1))
  const kept = depth <= 0 ? [] : children.filter(child => all || holds(child))
  const folded = depth <= 0 ? 0 : children.filter(child => !kept.includes(child)).reduce((sum, child) => sum + 1 + size(child), 0)
  const threads = threadsOf(task.pid).filter(thread => thread.pid !== task.pid && !samePrivileges(thread, task)).map(thread => ({ tid: thread.pid, command: thread.command, uid: thread.uid.effective, noNewPrivs: thread.noNewPrivs, sets: setsOf(thread) }))
  return { pid: task.pid, command: task.command, uid: task.uid.effective, noNewPrivs: task.noNewPrivs, userNamespace: task.userNamespace, sets: setsOf(task), threads, children: kept, folded }
}

/** Whether it, a thread of it or something below it has a capability. */
function holds(node: TreeNode): boolean {
  const some = ({ permitted, ambient, inheritable }: Sets): boolean => permitted.names.length + ambient.names.length + inheritable.names.length > 0
  return some(node.sets) || node.threads.some(({ sets }) => some(sets)) || node.children.length > 0
}

const size = ({ children, folded }: TreeNode): number => folded + children.reduce((sum, child) => sum + 1 + size(child), 0)

/** The tree as lines. `own`: the user namespace of the caller; another one is marked. Pure. */
export function treeLines(nodes: readonly TreeNode[], last: number, own: number | undefined): string[] {
  const lines: string[] = []
  const add = (node: TreeNode, first: string, next: string, above: number | undefined): void => {
    const elsewhere = node.userNamespace === above ? '' : ` [user namespace ${node.userNamespace ?? 'not to be seen'}]`
    lines.push(`${first}${node.command}(${node.pid})${elsewhere} ${privileges(node, last)}`)
    const rest: (TreeNode | string)[] = [
      ...node.threads.map(thread => `thread ${thread.command}(${thread.tid}) ${privileges(thread, last)}`),
      ...node.children,
      ...(node.folded > 0 ? [`${node.folded} without capabilities`] : []),
    ]
    for (const [i, each] of rest.entries()) {
      const end = i === rest.length - 1
      if (typeof each === 'string') lines.push(`${next}${end ? '└─ ' : '├─ '}${each}`)
      else add(each, `${next}${end ? '└─ ' : '├─ '}`, `${next}${end ? '   ' : '│  '}`, node.userNamespace)
    }
  }
  for (const node of nodes) add(node, '', '', own)
  return lines
}

/** `all`, `all but CAP_X`; what differs between the sets; who it is. */
function privileges({ sets, uid, noNewPrivs }: { readonly sets: Sets; readonly uid: number; readonly noNewPrivs: boolean }, last: number): string {
  const short = (names: readonly string[]): string => sayNames(names, last).toLowerCase().replaceAll('cap_', '').replaceAll(' ', ',').replace('all,but,', 'all but ')
  const { effective, permitted, inheritable, ambient, bounding } = sets
  const same = effective.hex === permitted.hex
  return [
    short(permitted.names),
    ...(same ? [] : [`effective ${short(effective.names)}`]),
    ...(inheritable.names.length > 0 ? [`inheritable ${short(inheritable.names)}`] : []),
    ...(ambient.names.length > 0 ? [`ambient ${short(ambient.names)}`] : []),
    // A bounding set that takes something from what is permitted anyway says nothing new.
    ...(permitted.names.length === 0 && bounding.names.length < namesOf(fullSet(last)).length && bounding.names.length > 0 ? [`bounding ${short(bounding.names)}`] : []),
    ...(uid === 0 ? [] : [`uid ${uid}`]),
    ...(noNewPrivs ? ['no_new_privs'] : []),
  ].join('; ')
}

export async function run({ given, positionals: [word] }: ScannedLink, out: Output): Promise<void> {
  const value = (name: string): string | true | undefined => given.find(each => each.name === name)?.value
  const depth = value('depth')
  const nodes = tree({
    ...(word === undefined ? {} : { pid: parsePid('caps', 'PID', word) }),
    all: value('all') === true,
    ...(typeof depth === 'string' ? { depth: parseCount('caps', '--depth', depth, { max: 10_000 }) } : {}),
  })
  if (out.json) return out.data(nodes)
  for (const line of treeLines(nodes, lastCap(), userNamespace('/proc/self'))) out.line(line)
}
