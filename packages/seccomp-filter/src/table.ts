// `seccomp-filter table [CALL…]`: the system calls that the compiler knows: numbers, arguments and how much of them the kernel
// reads, the kernel that first had them, the group that a policy names them by.
import { usage } from '@srcon/kit/error'
import { hostArch } from '@srcon/kit/host'
import type { Output } from '@srcon/kit/output'
import { nearest } from '@srcon/kit/suggest'
import type { ScannedLink } from '@srcon/kit/table'
import { addon, type TableRow } from './addon.ts'

/** All calls of an architecture (`uname -m`; x86 and x32 too), sorted by name. Throws a ToolError `E_USAGE` for an unknown one. */
export function calls(arch: string = hostArch()): readonly TableRow[] {
  const rows = addon().tableOf(arch)
  if (!rows) throw usage('seccomp-filter', `there is no table of system calls for ${arch}`)
  return rows
}

export async function run({ given, positionals }: ScannedLink, out: Output): Promise<void> {
  const arch = given.findLast(({ name }) => name === 'arch')?.value
  const rows = calls(typeof arch === 'string' ? arch : undefined)
  const chosen = positionals.length === 0 ? rows.filter(row => row.number !== undefined) : positionals.flatMap(word => matching(word, rows))
  if (out.json) return out.data(chosen.map(described))
  out.table(chosen.map(row => ({ number: row.number ?? '-', call: row.name, since: row.since || '?', group: row.group, arguments: words(row) })))
}

/** By name, group or number. */
function matching(word: string, rows: readonly TableRow[]): readonly TableRow[] {
  const found = rows.filter(row => row.name === word || row.group === word || String(row.number) === word)
  if (found.length > 0) return found
  const near = nearest(word, rows.flatMap(row => [row.name, row.group]))
  throw usage('seccomp-filter', `there is no system call or group ${word}`, near === undefined ? undefined : `is it ${near}?`)
}

/** `domain:32`, in order; what no filter sees whole in brackets. */
function words({ arguments: all }: TableRow): string {
  return all.map(({ names, bits, register }) => (register === undefined ? `[${names.at(-1)}]` : `${names.at(-1)}:${bits}`)).join(' ')
}

function described({ number = null, ...row }: Omit<TableRow, 'number'> & { number?: number | null }): object {
  return { ...row, number, arguments: row.arguments.map(({ register = null, ...argument }: { register?: number | null }) => ({ ...argument, register })) }
}
