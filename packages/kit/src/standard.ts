// The options that every tool has beside its own. A row of the tool's own table wins: where a tool
// follows the field with a letter or a name of ours (`-n` is --net for unshare users), ours steps back.
import type { OptionRow, ToolTable, VerbRow } from './table.ts'

const chain = {
  plan: { takes: 'nothing', about: 'print the steps as JSON, do nothing' },
  'dry-run': { takes: 'nothing', about: 'print each step as system calls and as the classic command, do nothing' },
} satisfies Record<string, OptionRow>

const filter = {
  new: { takes: 'nothing', short: 'n', about: 'as a filter: start a new config, read nothing' },
  config: { takes: 'value', meta: 'FILE', completes: 'file', about: 'as a filter: read the config from FILE, - is stdin' },
} satisfies Record<string, OptionRow>

const always = {
  json: { takes: 'nothing', about: 'print JSON, errors too' },
  help: { takes: 'nothing', short: 'h', about: 'show this help' },
} satisfies Record<string, OptionRow>

const version = { version: { takes: 'nothing', short: 'V', about: 'show the version' } } satisfies Record<string, OptionRow>

export type StandardName = keyof typeof chain | keyof typeof filter | keyof typeof always | keyof typeof version

/** The standard options of a verb, without those that its own rows replace. */
export function standardRows(verb: string, row: VerbRow): Record<string, OptionRow> {
  const offered: Record<string, OptionRow> = {
    ...(row.command ? chain : {}),
    ...(row.command === 'optional' ? filter : {}),
    ...always,
    ...(verb === '' ? version : {}),
  }
  const letters = new Set(Object.values(row.options).map(({ short }) => short))
  const rows: Record<string, OptionRow> = {}
  for (const [name, { short, ...rest }] of Object.entries(offered)) {
    if (Object.hasOwn(row.options, name)) continue
    rows[name] = short !== undefined && !letters.has(short) ? { ...rest, short } : rest
  }
  return rows
}

/** All options of a verb: its own first, then the standard ones. */
export function rowsOf(verb: string, row: VerbRow): Record<string, OptionRow> {
  return { ...row.options, ...standardRows(verb, row) }
}

/** The row of a verb; a tool that only has verbs still has `--help` and `--version` without one. */
export function verbRow(table: ToolTable, verb: string): VerbRow {
  const row = Object.hasOwn(table.verbs, verb) ? table.verbs[verb] : undefined
  return row ?? { about: table.about, positionals: [], options: {} }
}
