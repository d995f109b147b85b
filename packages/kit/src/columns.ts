// Tables for a terminal, laid out by cliui (which yargs brings). Loaded only when a table is printed.
import cliui from 'cliui'
import type { Row } from './output.ts'

/** Wide enough that nothing is ever wrapped: a terminal wraps by itself, `grep` wants whole lines. */
const WIDTH = 1 << 16

export function columns(rows: readonly Row[]): string {
  const names = Object.keys(rows[0] ?? {})
  if (names.length === 0) return ''
  const cells = rows.map(row => names.map(name => String(row[name] ?? '-')))
  const ui = cliui({ width: WIDTH, wrap: true })
  ui.div([names.map(name => name.toUpperCase()), ...cells].map(line => line.join('\t  ')).join('\n'))
  return `${ui.toString()}\n`
}
