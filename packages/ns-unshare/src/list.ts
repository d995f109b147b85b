// `ns-unshare list`: every namespace that a process seen in /proc is in. Processes end while it looks:
// what is gone by then is left out.
import { readdirSync } from 'node:fs'
import { readText } from '@srcon/kit/host'
import { parsePid } from '@srcon/kit/number'
import type { Output } from '@srcon/kit/output'
import type { ScannedLink } from '@srcon/kit/table'
import { namespaceOf, type NsType, TYPES } from './inodes.ts'
import { relationsOf } from './relations.ts'

export interface Namespace {
  readonly type: NsType
  readonly inode: number
  /** Processes in it that are seen from here. */
  readonly processes: number
  /** The lowest of their pids. */
  readonly pid: number
  readonly command: string
  /** Owner of the user namespace that owns it, as seen from here. */
  readonly ownerUid: number | undefined
  /** Inode of the parent, of user and pid namespaces. */
  readonly parent: number | undefined
}

/** The pids in /proc, lowest first. */
function pids(): number[] {
  return readdirSync('/proc').filter(name => /^\d+$/.test(name)).map(Number).sort((a, b) => a - b)
}

/** All namespaces of these types, in the order of `TYPES`, then by their lowest pid. `pid`: only those of that process. */
export function listNamespaces({ types = TYPES, pid }: { readonly types?: readonly NsType[]; readonly pid?: number } = {}): Namespace[] {
  const all = pids()
  return types.flatMap(type => {
    const found = new Map<number, { processes: number; pid: number }>()
    for (const each of all) {
      const inode = namespaceOf(each, type)
      if (typeof inode !== 'number') continue
      const entry = found.get(inode)
      if (entry) entry.processes++
      else found.set(inode, { processes: 1, pid: each })
    }
    const only = pid === undefined ? undefined : namespaceOf(pid, type)
    return [...found].filter(([inode]) => only === undefined || inode === only).map(([inode, entry]) => {
      const { ownerUid, parent } = relationsOf(entry.pid, type)
      return { type, inode, ...entry, command: commandOf(entry.pid), ownerUid, parent }
    })
  })
}

function commandOf(pid: number): string {
  const words = readText(`/proc/${pid}/cmdline`)?.replaceAll('\0', ' ').trim()
  return printable(words || `[${readText(`/proc/${pid}/comm`) ?? ''}]`)
}

/** Another process's words may hold anything: nothing of it reaches the terminal as a control. Pure. */
export function printable(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, '?')
}

export async function run({ given }: ScannedLink, out: Output): Promise<void> {
  const word = (name: string): string | undefined => given.findLast(option => option.name === name)?.value as string | undefined
  const [type, pid] = [word('type'), word('pid')]
  const found = listNamespaces({ ...(type === undefined ? {} : { types: [type as NsType] }), ...(pid === undefined ? {} : { pid: parsePid('ns-unshare', '--pid', pid) }) })
  if (out.json) return out.data(found)
  for (const line of linesOf(found)) out.line(line)
}

/** For people: numbers to the right, the command last and as long as it is. Pure. */
export function linesOf(found: readonly Namespace[]): string[] {
  const rows = found.map(({ type, inode, processes, pid, ownerUid, command }) => [type, `${inode}`, `${processes}`, `${pid}`, `${ownerUid ?? '?'}`, command])
  const all = [['TYPE', 'INODE', 'PROCESSES', 'PID', 'OWNER', 'COMMAND'], ...rows]
  const widths = [0, 1, 2, 3, 4].map(i => Math.max(...all.map(row => row[i]?.length ?? 0)))
  return all.map(row => row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  '))
}
