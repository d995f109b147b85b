// From words to one ordered list of options per tool. Node's util.parseArgs does the getopt part
// (clusters, -m64M, --a=b, --a b) in tokens mode, which keeps the order across different options;
// everything else is strict here: nothing is converted, nothing is guessed. See getopt(3).
import { parseArgs, type ParseArgsOptionsConfig } from 'node:util'
import { usage } from './error.ts'
import { rowsOf, standardRows, verbRow, type StandardName } from './standard.ts'
import { nearest } from './suggest.ts'
import type { Given, OptionRow, ScannedLink, ToolTable, VerbRow } from './table.ts'

/** The standard options as they were given. */
export type Standard = Readonly<Partial<Record<StandardName, string | true>>>

export interface Scanned {
  /** What the tool itself gets. */
  readonly link: ScannedLink
  readonly standard: Standard
}

/** `--help` or `--version`: nothing else counts. */
export function asksForHelp({ help, version }: Standard): boolean {
  return help !== undefined || version !== undefined
}

/** Splits at the first `--`, which always stands before the command. */
export function splitCommand(words: readonly string[]): [own: readonly string[], command: readonly string[] | undefined] {
  const at = words.indexOf('--')
  return at < 0 ? [words, undefined] : [words.slice(0, at), words.slice(at + 1)]
}

/** Scans the words of one tool; throws a ToolError `E_USAGE` of one line. `command`: one follows after `--`. */
export function scanLink(table: ToolTable, own: readonly string[], command: boolean): Scanned {
  const first = own[0] ?? ''
  const verb = first !== '' && Object.hasOwn(table.verbs, first) ? first : ''
  const row = verbRow(table, verb)
  const scan = new Scan(table, verb, row, command)
  const args = verb === '' ? [...own] : own.slice(1)
  const { tokens } = parseArgs({ args, options: scan.config(), strict: false, tokens: true, allowPositionals: true })
  for (const token of tokens) {
    if (token.kind === 'positional') scan.positional(token.value, args.slice(token.index))
    else if (token.kind === 'option') scan.option(token.name, token.rawName, token.value, token.inlineValue === true)
  }
  return scan.end()
}

class Scan {
  readonly #table: ToolTable
  readonly #verb: string
  readonly #row: VerbRow
  readonly #rows: Readonly<Record<string, OptionRow>>
  readonly #command: boolean
  readonly #given: Given[] = []
  readonly #standard: Record<string, string | true> = {}
  readonly #positionals: string[] = []

  constructor(table: ToolTable, verb: string, row: VerbRow, command: boolean) {
    this.#table = table
    this.#verb = verb
    this.#row = row
    this.#rows = rowsOf(verb, row)
    this.#command = command
  }

  config(): ParseArgsOptionsConfig {
    const config: ParseArgsOptionsConfig = {}
    for (const [name, { takes, short }] of Object.entries(this.#rows)) {
      config[name] = { type: takes === 'value' ? 'string' : 'boolean', multiple: true, ...(short === undefined ? {} : { short }) }
    }
    return config
  }

  option(name: string, raw: string, value: string | undefined, inline: boolean): void {
    const row = Object.hasOwn(this.#rows, name) ? this.#rows[name] : undefined
    if (!row) throw this.#unknown(name, raw)
    if (row.takes === 'nothing' && value !== undefined) throw this.#wrong(`${raw} takes no value, but got '${value}'`)
    if (value === '' || (row.takes === 'value' && value === undefined)) throw this.#wrong(`${raw} needs a value${row.meta ? `: ${raw} ${row.meta}` : ''}`)
    if (value !== undefined && !inline && value.startsWith('-') && value !== '-') {
      throw this.#wrong(`${raw} needs a value, but '${value}' follows`, `write ${raw.startsWith('--') ? `${raw}=` : raw}${value} if it is meant`)
    }
    if (value !== undefined && row.choices && !row.choices.includes(value)) {
      const near = nearest(value, row.choices)
      throw this.#wrong(`${raw} cannot be '${value}'`, `one of ${row.choices.join(', ')}${near ? `; did you mean ${near}?` : ''}`)
    }
    this.#put(name, raw, value ?? true, row)
  }

  positional(word: string, rest: readonly string[]): void {
    const { positionals } = this.#row
    const row = positionals[this.#positionals.length] ?? (positionals.at(-1)?.repeat ? positionals.at(-1) : undefined)
    if (row) {
      const { name } = row
      if (word === '') throw this.#wrong(`${name} is empty`)
      this.#positionals.push(word)
      return
    }
    throw this.#wrong(`unexpected argument '${word}'`, this.#where(word, rest))
  }

  end(): Scanned {
    const missing = this.#row.positionals.slice(this.#positionals.length).find(({ required }) => required)
    if (missing && !asksForHelp(this.#standard)) throw this.#wrong(`${missing.name} is missing: ${missing.about}`)
    const link = { tool: this.#table.name, verb: this.#verb, given: this.#given, positionals: this.#positionals }
    return { link, standard: this.#standard }
  }

  #put(name: string, raw: string, value: string | true, row: OptionRow): void {
    const own = Object.hasOwn(this.#row.options, name)
    const twice = own ? this.#given.some(given => given.name === name) : Object.hasOwn(this.#standard, name)
    if (twice && !row.repeat) throw this.#wrong(`${raw} is given twice`)
    if (own) this.#given.push({ name, value })
    else this.#standard[name] = value
  }

  #unknown(name: string, raw: string): Error {
    if (raw.startsWith('--')) {
      const near = nearest(name, Object.keys(this.#rows))
      return this.#wrong(`unknown option ${raw}`, near ? `did you mean --${near}?` : this.#elsewhere(name))
    }
    return this.#wrong(`unknown option ${raw}`, this.#elsewhere(name) ?? `${this.#name()} --help lists them all`)
  }

  /** The verb that has an option of this name. */
  #elsewhere(name: string): string | undefined {
    const found = Object.entries(this.#table.verbs).find(([verb, row]) => verb !== this.#verb && Object.hasOwn({ ...row.options, ...standardRows(verb, row) }, name))
    return found && `it belongs to ${[this.#table.name, found[0]].join(' ').trim()}`
  }

  /** What to do with a word too many. */
  #where(word: string, rest: readonly string[]): string | undefined {
    const { name, verbs } = this.#table
    if (this.#verb === '' && Object.hasOwn(verbs, word)) return `a verb stands first: ${name} ${word} …`
    if (this.#verb === '' && !Object.hasOwn(verbs, '')) {
      const near = nearest(word, Object.keys(verbs))
      return near ? `did you mean ${name} ${near}?` : `one of ${Object.keys(verbs).join(', ')}`
    }
    return this.#row.command && !this.#command ? `put -- before the command: ${this.#name()} … -- ${rest.join(' ')}` : undefined
  }

  #name(): string {
    return [this.#table.name, this.#verb].join(' ').trim()
  }

  #wrong(message: string, hint?: string): Error {
    return usage(this.#table.name, message, hint)
  }
}
