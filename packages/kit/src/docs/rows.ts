// What all generated pages share: the rows of a verb as they are written on a command line.
import { rowsOf, verbRow } from '../standard.ts'
import type { OptionRow, Positional, ToolTable, VerbRow } from '../table.ts'

export interface Row extends OptionRow {
  readonly name: string
}
export interface VerbPage {
  /** `''` is the tool without a verb. */
  readonly name: string
  readonly verb: VerbRow
  /** False where the tool cannot be called without a verb, and only knows `--help` there. */
  readonly callable: boolean
  readonly rows: readonly Row[]
}

/** A table with everything resolved, as the generators take it. */
export interface ToolPages {
  readonly table: ToolTable
  readonly verbs: readonly VerbPage[]
}

/** Resolves the standard options once, for all generators. */
export function pagesOf(table: ToolTable): ToolPages {
  const names = Object.keys(table.verbs).filter(Boolean)
  const verbs = ['', ...names].map(name => {
    const verb = verbRow(table, name)
    const rows = Object.entries(rowsOf(name, verb)).map(([option, row]) => ({ ...row, name: option }))
    return { name, verb, callable: Object.hasOwn(table.verbs, name), rows }
  })
  return { table, verbs }
}

/** `--memory=SIZE`, `--user[=FILE]`, `--proc`. */
export function longForm(row: Row): string {
  const meta = row.meta ?? 'VALUE'
  return `--${row.name}${row.takes === 'value' ? `=${meta}` : row.takes === 'optional' ? `[=${meta}]` : ''}`
}

/** `-m, --memory=SIZE`. */
export function forms(row: Row): string {
  return row.short ? `-${row.short}, ${longForm(row)}` : longForm(row)
}

/** What is said of an option: its line, the words it takes, whether it may be repeated. */
export function aboutRow(row: Row): string {
  return [
    row.about,
    ...(row.choices ? [`one of ${row.choices.join(', ')}`] : []),
    ...(row.repeat ? ['may be repeated'] : []),
  ].join('; ')
}

const positional = ({ name, required, repeat }: Positional) => (required ? name.toUpperCase() : `[${name.toUpperCase()}]`) + (repeat ? '...' : '')

/** How a verb is called: `caps show [options] [PID]`. */
export function synopsis(tool: string, { name, verb, callable, rows }: VerbPage): string {
  return [
    tool,
    ...(name ? [name] : callable ? [] : ['COMMAND']),
    ...(rows.length > 0 ? ['[options]'] : []),
    ...verb.positionals.map(positional),
    ...(verb.command === 'required' ? ['-- COMMAND...'] : verb.command === 'optional' ? ['[-- COMMAND...]'] : []),
  ].join(' ')
}

/** How a verb is headed where all stand on one page. */
export function heading(tool: string, { name }: VerbPage): string {
  return name ? `${tool} ${name}` : tool
}
