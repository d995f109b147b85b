// What people read: --help, laid out by yargs from the option table. Values never come from here,
// they come from scan.ts; so yargs is loaded only when help is asked for.
import { readFileSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import yargs, { type Argv } from 'yargs'
import { writeAll } from './output.ts'
import type { Scanned } from './scan.ts'
import { rowsOf, verbRow } from './standard.ts'
import type { OptionRow, ToolTable, VerbRow } from './table.ts'

const WIDTH = 100

/** Answers --help or --version. `bin`: a file of the tool's package. */
export async function tell(table: ToolTable, { link, standard }: Scanned, bin = '.'): Promise<void> {
  const version = versionOf(realpathSync(bin))
  writeAll(1, standard.help === undefined ? `${table.name} ${version}\n` : await helpText(table, link.verb, version))
}

/** The text of `tool [verb] --help`. */
async function helpText(table: ToolTable, verb: string, version: string): Promise<string> {
  const row = verbRow(table, verb)
  const y = declare(frame(table, version), verb, row).usage(`${about(table, verb, row)}\n\nUsage: ${usageLine(table, verb, row)}`)
  for (const [name, { about: says }] of Object.entries(table.verbs)) if (verb === '' && name !== '') y.command(name, says)
  for (const { name, about: says } of row.positionals) y.positional(name.toUpperCase(), { describe: says, type: 'string' })
  for (const example of verb === '' ? (table.examples ?? []) : []) y.example(example.command, example.about)
  const help = await y.getHelp()
  return `${help.trimEnd()}\n`
}

function frame(table: ToolTable, version: string): Argv {
  return yargs([]).scriptName(table.name).locale('en').exitProcess(false).help(false).version(version).version(false).wrap(Math.min(WIDTH, process.stdout.columns || WIDTH))
    .parserConfiguration({ 'camel-case-expansion': false, 'boolean-negation': false, 'dot-notation': false })
}

function declare(y: Argv, verb: string, row: VerbRow): Argv {
  for (const [name, option] of Object.entries(rowsOf(verb, row))) {
    y.option(label(name, option), { describe: described(option), ...(option.short === undefined ? {} : { alias: option.short }), ...(option.choices ? { choices: option.choices } : {}) })
  }
  return y
}

function label(name: string, { takes, meta = 'VALUE' }: OptionRow): string {
  return takes === 'nothing' ? name : takes === 'value' ? `${name} ${meta}` : `${name}[=${meta}]`
}

function described({ about: says, repeat }: OptionRow): string {
  return repeat ? `${says} (repeatable)` : says
}

function about(table: ToolTable, verb: string, row: VerbRow): string {
  return verb === '' ? `${table.name}: ${table.about}` : `${table.name} ${verb}: ${row.about}`
}

function usageLine(table: ToolTable, verb: string, row: VerbRow): string {
  const words = [table.name, verb, '[options]', ...row.positionals.map(({ name, required, repeat }) => (required ? name.toUpperCase() : `[${name.toUpperCase()}]`) + (repeat ? '…' : ''))]
  const command = row.command === undefined ? [] : row.command === 'required' ? ['-- COMMAND [ARG…]'] : ['[-- COMMAND [ARG…]]']
  const verbs = verb === '' && !Object.hasOwn(table.verbs, '') ? ['VERB …'] : []
  return [...words, ...verbs, ...command].filter(Boolean).join(' ')
}

/** The version of the package that a bin belongs to. */
function versionOf(bin: string): string {
  for (let at = dirname(bin); at !== dirname(at); at = dirname(at)) {
    try {
      const { version } = JSON.parse(readFileSync(join(at, 'package.json'), 'utf8')) as { version?: string }
      if (version !== undefined) return version
    } catch {
      // Further up.
    }
  }
  return 'unknown'
}
