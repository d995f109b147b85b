// `srcon facts`: the fact sheet for people, one process or two side by side.
import { lastCap, type IdMapEntry, type Ids } from '@srcon/kit/host'
import { parsePid } from '@srcon/kit/number'
import type { Output } from '@srcon/kit/output'
import { formatSize } from '@srcon/kit/size'
import type { ScannedLink } from '@srcon/kit/table'
import { facts, type FactSheet } from './sheet.ts'

export async function run({ positionals }: ScannedLink, out: Output): Promise<void> {
  const [first = 'self', second] = positionals
  const sheets = [first, ...(second === undefined ? [] : [second])].map(word => facts(word === 'self' ? 'self' : parsePid('srcon', 'PID', word)))
  if (out.json) return out.data(second === undefined ? sheets[0] : sheets)
  for (const line of sheetLines(sheets)) out.line(line)
}

/** A line for each fact, a column for each process; `*` marks what differs from the first. Pure. */
export function sheetLines(sheets: readonly FactSheet[], titles = sheets.map(({ pid, command }) => `${pid} ${command}`)): string[] {
  const columns = sheets.map(rowsOf)
  const names = columns[0]?.map(([name]) => name) ?? []
  const rows = [['', ...titles], ...names.map((name, i) => [name, ...columns.map(rows => printable(rows[i]?.[1] ?? ''))])]
  const widths = rows[0]?.map((_, at) => Math.max(...rows.map(row => row[at]?.length ?? 0))) ?? []
  return rows.map(([name = '', first = '', ...others], i) => {
    const cells = others.map((text, at) => `${i > 0 && text !== first ? '* ' : '  '}${text.padEnd(widths[at + 2] ?? 0)}`)
    return `${name.padEnd(widths[0] ?? 0)}  ${first.padEnd(widths[1] ?? 0)}  ${cells.join('  ')}`.trimEnd()
  })
}

const HIDDEN = 'not to be seen'

function rowsOf(sheet: FactSheet): [name: string, text: string][] {
  const { namespaces, limits, capabilities, cgroups, root, mounts, seccomp } = sheet
  const cpus = limits.cpus === 'max' || limits.cpus === null ? sayLimit(limits.cpus) : `${limits.cpus} of one CPU`
  return [
    ...Object.entries(namespaces).map(([type, inode]): [string, string] => [`${type} namespace`, inode === null ? HIDDEN : String(inode)]),
    ['uid', sayIds(sheet.uid)],
    ['gid', sayIds(sheet.gid)],
    ['groups', sheet.groups.join(' ') || 'none'],
    ['uid map', sayMap(sheet.uidMap)],
    ['gid map', sayMap(sheet.gidMap)],
    ['root', root === null ? HIDDEN : `${root.device >> 8}:${root.device & 0xff} inode ${root.inode}`],
    ['mounts', mounts === null ? HIDDEN : `${mounts.length}${mounts.find(({ target }) => target === '/')?.attributes.includes('ro') ? ', / read-only' : ''}`],
    ['groups of limits', sayGroups(cgroups)],
    ['memory', sayLimit(limits.memory, formatSize)],
    ['swap', sayLimit(limits.swap, formatSize)],
    ['cpus', cpus],
    ['cpuset', limits.cpuset ?? 'no limit known'],
    ['processes', sayLimit(limits.pids)],
    ['effective', sayNames(capabilities.effective)],
    ['bounding', sayNames(capabilities.bounding)],
    ['ambient', sayNames(capabilities.ambient)],
    ['no_new_privs', sheet.noNewPrivs ? 'yes' : 'no'],
    ['seccomp', seccomp.mode === 'filter' ? `filter, ${seccomp.filters ?? '?'} loaded` : seccomp.mode],
  ]
}

function sayLimit(value: number | 'max' | null, say: (value: number) => string = String): string {
  return value === null ? 'no limit known' : value === 'max' ? 'no limit' : say(value)
}

/** The last part of each path: the whole is in --json. */
function sayGroups(cgroups: FactSheet['cgroups']): string {
  const names = new Set(cgroups.map(({ path }) => path).map(path => (path === null ? HIDDEN : path === '/' ? '/' : `…/${path.split('/').at(-1) ?? ''}`)))
  return [...names].join(' ')
}

function sayMap(map: readonly IdMapEntry[]): string {
  return map.map(({ inside, outside, count }) => `${inside}:${outside}:${count}`).join(' ') || 'none'
}

function sayIds({ real, effective, saved, fs }: Ids): string {
  return new Set([real, effective, saved, fs]).size === 1 ? `${real}` : `real ${real}, effective ${effective}, saved ${saved}, files ${fs}`
}

/** Few by name, many by number: the whole list is in --json. */
function sayNames(names: readonly string[]): string {
  if (names.length === 0) return 'none'
  if (names.length > lastCap()) return 'all'
  return names.length <= 3 ? names.map(name => name.slice(4).toLowerCase()).join(' ') : `${names.length} of ${lastCap() + 1}`
}

/** A name that somebody else chose must not steer the terminal. */
function printable(text: string): string {
  return text.replace(/[\0-\x1f\x7f-\x9f]/g, '?')
}
