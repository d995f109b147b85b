// From the links of a chain to the command: options, facts, steps, one plan; then it is printed, put
// into words, or carried out by the launcher, which this process becomes.
import { foldChain, linkModule, readChain, type Chain, type ChainLink } from './fold.ts'
import { hostArch, lastCap } from './host.ts'
import { ToolError, usage } from './error.ts'
import { Output, json, writeAll } from './output.ts'
import type { AnyLink } from './link.ts'
import type { Plan, PlanFacts } from './plan.ts'
import { explainerWords } from './remember.ts'
import { asksForHelp, type Standard } from './scan.ts'
import { changesRoot, type Bytes, type Step } from './step.ts'
import { commandBytes, toPlanWord } from './words.ts'

/** Steps with the link that they came from; undefined: the launcher's own `run.` steps. */
export interface Part {
  readonly link: AnyLink | undefined
  readonly module?: string | undefined
  /** Those that its steps were made from. */
  readonly facts?: unknown
  readonly steps: readonly Step[]
}

/** How a plan is to be used, as the standard options say. */
export interface Use {
  readonly tool: string
  readonly plan: boolean
  readonly dryRun: boolean
  readonly json: boolean
}

/** A whole chain, from its first link on. Does not return when it is carried out. */
export async function runChain(first: ChainLink, command: readonly string[]): Promise<void> {
  const chain = await foldChain(first, command)
  const tool = first.link.table.name
  const asked = chain.links.find(({ scanned }) => asksForHelp(scanned.standard))
  if (asked) return await (await import('./help.ts')).tell(asked.link.table, asked.scanned, asked.module ?? process.argv[1])
  const last = chain.links.at(-1) ?? first
  if (chain.command?.length === 0 || chain.command === undefined) {
    throw usage(last.link.table.name, 'no command follows', `${tool} … -- COMMAND`)
  }
  const parts = await partsOf(chain)
  const given = (name: 'plan' | 'dry-run' | 'json'): boolean => chain.links.some(({ scanned }) => scanned.standard[name] !== undefined)
  const use = { tool, plan: given('plan'), dryRun: given('dry-run'), json: given('json') }
  await carry(use, parts, commandBytes(chain.command))
}

/** Prints the plan, or becomes the launcher that carries it out. `command` may be empty only for printing. */
export async function carry(use: Use, parts: readonly Part[], command: readonly Buffer[]): Promise<void> {
  const steps = parts.flatMap(part => part.steps)
  if (changesRoot(steps)) refuseLateTools(use.tool, linksOf(parts), command)
  const [file, ...args] = command.map(toPlanWord)
  const facts = factsOf(steps)
  const rest = { version: 1 as const, ...(facts ? { facts } : {}), steps }
  if (use.plan || use.dryRun) {
    const plan = file === undefined ? rest : { ...rest, argv: [file, ...args] as const }
    const { checkPlan } = await import('./check.ts')
    checkPlan(plan, linksOf(parts), use.tool)
    if (use.plan) writeAll(1, json(plan))
    else await printWords(use, parts, command)
    return
  }
  if (file === undefined) throw usage(use.tool, 'no command')
  const plan: Plan = { ...rest, argv: [file, ...args] }
  const { become } = await import('./launch/become.ts')
  const modules = [...new Set(parts.flatMap(({ module }) => module ?? []))]
  become({ plan, argv: command, explain: explainerWords({ tool: use.tool, json: use.json, modules }) })
}

/** The words of a command as a chain, where they begin with one of our tools, after parts that are there already. */
export async function foldWords(own: AnyLink, before: readonly Part[], words: readonly string[]): Promise<{ parts: readonly Part[]; command: readonly Bytes[] }> {
  const chain = await readChain(own, words)
  const command = chain.command ?? []
  const last = chain.links.at(-1)
  if (command.length === 0) throw usage(last?.link.table.name ?? own.table.name, 'no command follows', '… -- COMMAND')
  const bytes = commandBytes(command)
  const parts = await partsOf(chain, before)
  if (changesRoot(parts.flatMap(({ steps }) => steps))) refuseLateTools(own.table.name, linksOf(parts), bytes)
  return { parts, command: bytes.map(toPlanWord) }
}

async function partsOf({ links }: Chain, before: readonly Part[] = []): Promise<Part[]> {
  for (const { scanned, link } of links) refuseFilterOptions(link.table.name, scanned.standard)
  for (const { scanned, link } of links) await link.load?.(scanned.link)
  const parts: Part[] = [...before]
  const facts = new Map<AnyLink, unknown>()
  const options = links.map(({ link, scanned }) => link.read(scanned.link))
  for (const [i, { link, module }] of links.entries()) {
    if (!facts.has(link)) facts.set(link, link.facts())
    const earlier = parts.flatMap(part => part.steps)
    parts.push({ link, module, facts: facts.get(link), steps: link.steps(options[i], facts.get(link), earlier) })
  }
  return parts
}

function linksOf(parts: readonly Part[]): AnyLink[] {
  return [...new Set(parts.flatMap(({ link }) => link ?? []))]
}

function refuseFilterOptions(tool: string, standard: Standard): void {
  const name = (['new', 'config'] as const).find(each => standard[each] !== undefined)
  if (name) throw usage(tool, `--${name} is for the filter form, but a command is given`, 'leave it out, or leave the command out and pipe the config into srcon run')
}

/** In the new root neither our tools are nor Node: what could not be folded would end with 127 there, or run another program. */
function refuseLateTools(tool: string, links: readonly AnyLink[], command: readonly Buffer[]): void {
  const names = new Set(links.map(({ table }) => table.name))
  const words = command.map(String)
  for (const [i, word] of words.entries()) {
    if (!words[i + 1]?.startsWith('-') || !/^[a-z][a-z0-9-]*$/.test(word)) continue
    if (!names.has(word) && linkModule(word) === undefined) continue
    const behind = i === 0 ? tool : (words[0] ?? '')
    throw new ToolError(tool, `${word} stands behind ${behind} and a new root`, {
      code: 'E_REFUSED',
      why: `${word} is not folded behind ${behind}, so it would be looked for in the new root, where neither it nor Node is`,
      hint: `put ${word} before ${behind}`,
    })
  }
}

/** The facts that these steps rest on: numbers of capabilities, numbers of system calls. */
function factsOf(steps: readonly Step[]): PlanFacts | undefined {
  const has = (prefix: string): boolean => steps.some(step => step.do.startsWith(prefix))
  const facts = { ...(has('seccomp.') ? { arch: hostArch() } : {}), ...(has('caps.') ? { lastCap: lastCap() } : {}) }
  return Object.keys(facts).length === 0 ? undefined : facts
}

async function printWords(use: Use, parts: readonly Part[], command: readonly Buffer[]): Promise<void> {
  const { runWords } = await import('./run-words.ts')
  const all = parts.flatMap(({ link, steps }) => steps.map(step => ({ do: step.do, ...(link?.words(step) ?? runWords(step)) })))
  const out = new Output(use.json)
  const has = await outlookOf(parts, command)
  if (use.json) return out.data(has ? [...all, { do: 'execve', calls: [], has }] : all)
  for (const [i, { do: name, calls, classic, note }] of all.entries()) {
    out.line(`${i + 1}. ${name}`)
    for (const call of calls) out.line(`     ${call}`)
    if (classic !== undefined) out.line(`   = ${classic}`)
    if (note !== undefined) out.line(`   # ${note}`)
  }
  if (command.length > 0) out.line(`${all.length + 1}. execve ${command.map(word => JSON.stringify(word.toString())).join(' ')}`)
  for (const [label, text] of Object.entries(has ?? {})) out.line(`     ${label}: ${text}`)
}

/** What the links say of the command; undefined where none of them says anything. */
async function outlookOf(parts: readonly Part[], command: readonly Buffer[]): Promise<Readonly<Record<string, string>> | undefined> {
  const all = parts.flatMap(({ steps }) => steps)
  const said = new Map(parts.filter(({ link, facts }) => link?.outlook && facts !== undefined).map(({ link, facts }) => [link, facts]))
  if (command.length === 0 || said.size === 0) return undefined
  let has: Readonly<Record<string, string>> = {}
  for (const [link, facts] of said) has = { ...has, ...(await link?.outlook?.(all, facts)) }
  return has
}
