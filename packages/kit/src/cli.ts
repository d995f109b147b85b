// The frame of every command line. Words decide what happens, never what stdin is: with a command a
// tool is a link of a chain and becomes the launcher; without one it is a filter; a verb looks.
// What a call does not need is not loaded: a chain costs little more than Node itself.
import { carry, foldWords, runChain, type Part, type Use } from './carry.ts'
import type { OciConfig } from './config.ts'
import { newDocument, type Document } from './document.ts'
import { usage } from './error.ts'
import type { AnyLink, ToolLink } from './link.ts'
import { writeExactly } from './numbers.ts'
import { Output, writeAll } from './output.ts'
import { EXPLAIN } from './remember.ts'
import { report } from './report.ts'
import { asksForHelp, scanLink, splitCommand, type Scanned, type Standard } from './scan.ts'
import { verbRow } from './standard.ts'
import type { ScannedLink } from './table.ts'
import type { Bytes } from './step.ts'
import { commandBytes, refuseLostBytes, toBuffer, toPlanWord } from './words.ts'

/** What a verb may need of the frame beside its own words. */
export interface Call {
  /** The words after `--`; undefined where there is no `--`. */
  readonly command: readonly string[] | undefined
  /** The standard options as they were given. */
  readonly standard: Standard
  /** Reads a config as a filter does: stdin by its rule, `--config`, `-n`. */
  config(): Promise<OciConfig>
  /** A config as text, with the digits that the one read had and JavaScript cannot hold. */
  text(config: OciConfig): string
  /** Prints the plan of these parts (--plan, --dry-run) or becomes it: then it does not return. `command`: words instead of `this.command`; `how`: instead of what the standard options say. */
  carry(parts: readonly Part[], command?: readonly (Bytes | Buffer)[], how?: Partial<Use>): Promise<void>
  /** The words after `--` as a chain of our tools: its parts, `before` them first, and the command that follows. */
  fold(before?: readonly Part[]): Promise<{ readonly parts: readonly Part[]; readonly command: readonly Bytes[] }>
  /** The words after `--` as a plan holds them; empty where there are none. */
  argv(): readonly Bytes[]
}

export interface Verb {
  run(link: ScannedLink, out: Output, call: Call): Promise<void>
}
/** By name; `''` replaces what the tool does without a verb and without a command. */
export type Verbs = Readonly<Record<string, () => Promise<Verb>>>
export type { Part, Use }

/** Runs a tool's command line. Sets the exit code; does not return where it becomes the command.
 *  `owners`: the links of other tools whose steps this one makes, to explain their failures. */
export async function main<O, F>(link: ToolLink<O, F>, verbs: Verbs = {}, owners: () => Promise<readonly AnyLink[]> = async () => []): Promise<void> {
  const words = process.argv.slice(2)
  const tool = link.table.name
  try {
    if (words[0]?.startsWith(EXPLAIN)) return await (await import('./explainer.ts')).explainFailure([link, ...(await owners())], words)
    await dispatch(link, verbs, words)
  } catch (error) {
    process.exitCode = report(error, tool, splitCommand(words)[0].includes('--json'))
  }
}

async function dispatch(link: AnyLink, verbs: Verbs, words: readonly string[]): Promise<void> {
  const [own, command] = splitCommand(words)
  const { table } = link
  refuseLostBytes(table.name, own, command === undefined ? 0 : command.length + 1)
  const scanned = scanLink(table, own, command !== undefined)
  const { verb } = scanned.link
  const { standard } = scanned
  if (asksForHelp(standard)) return await (await import('./help.ts')).tell(table, scanned, process.argv[1])
  const row = verbRow(table, verb)
  const name = [table.name, verb].join(' ').trim()
  if (command !== undefined && row.command === undefined) throw usage(table.name, `${name} takes no command`, `leave out -- ${command.join(' ')}`)
  if (command === undefined && row.command === 'required') throw usage(table.name, `${name} needs a command`, `${name} … -- COMMAND`)
  const load = Object.hasOwn(verbs, verb) ? verbs[verb] : undefined
  if (load && (verb !== '' || command === undefined)) return await runVerb(await load(), link, scanned, command)
  if (!Object.hasOwn(table.verbs, verb)) throw usage(table.name, 'a verb is missing', `one of ${Object.keys(table.verbs).join(', ')}; ${table.name} --help says more`)
  if (command !== undefined) return await runChain({ link, scanned }, command)
  return await filter(link, scanned)
}

async function runVerb(verb: Verb, link: AnyLink, { link: scanned, standard }: Scanned, command: readonly string[] | undefined): Promise<void> {
  const out = new Output(standard.json !== undefined)
  const use = useOf(link.table.name, standard)
  let document = newDocument()
  const call: Call = {
    command,
    standard,
    config: async () => (document = await documentOf(link.table.name, standard)).config,
    text: config => writeExactly(config, document.digits),
    carry: async (parts, words, how) => await carry({ ...use, ...how }, parts, words ? words.map(toBuffer) : commandBytes(command ?? [])),
    fold: async (before = []) => await foldWords(link, before, command ?? []),
    argv: () => commandBytes(command ?? []).map(toPlanWord),
  }
  await verb.run(scanned, out, call)
  await out.end()
}

function useOf(tool: string, standard: Standard): Use {
  return { tool, plan: standard.plan !== undefined, dryRun: standard['dry-run'] !== undefined, json: standard.json !== undefined }
}

/** Reads a config, adds this tool's part, writes it. With --plan or --dry-run, only this tool's steps, and nothing is read. */
async function filter(link: AnyLink, { link: scanned, standard }: Scanned): Promise<void> {
  await link.load?.(scanned)
  const options = link.read(scanned)
  const use = useOf(link.table.name, standard)
  if (use.plan || use.dryRun) return await carry(use, [{ link, steps: link.steps(options, link.facts(), []) }], [])
  const { config, digits } = await documentOf(link.table.name, standard)
  writeAll(1, writeExactly(link.configure(config, options, link.facts()), digits))
}

async function documentOf(tool: string, standard: Standard): Promise<Document> {
  if (standard.new !== undefined && standard.config !== undefined) throw usage(tool, '--new and --config exclude each other')
  if (standard.new !== undefined) return newDocument()
  const { readDocument } = await import('./input.ts')
  return await readDocument(tool, typeof standard.config === 'string' ? standard.config : undefined)
}
