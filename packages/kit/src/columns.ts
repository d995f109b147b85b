// Tables for a terminal, laid out by cliui (which yargs brings). Loaded only when a table is printed.
import cliui from 'cliui'
import type { Row } from './output.ts'

/** Wide enough that nothing is ever wrapped: a terminal wraps by itself, `grep` wants whole lines. */
const WIDTH = 1 << 16
const GAP = 2

export function columns(rows: readonly Row[]): string {
  const names = Object.keys(rows[0] ?? {})
  if (names.length === 0) return ''
  const lines = [names.map(name => name.toUpperCase()), ...rows.map(row => names.map(name => String(row[name] ?? '-')))]
  const widths = names.map((_, column) => Math.max(...lines.map(line => line[column]?.length ?? 0)) + GAP)
  const ui = cliui({ width: WIDTH, wrap: false })
  for (const line of lines) ui.div(...line.map((text, column) => ({ text, width: widths[column] ?? 0, padding: [0, 0, 0, 0] })))
  return `${ui.toString()}\n`
}
