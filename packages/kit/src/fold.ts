// Folding: when the word after `--` is one of our own tools, its words are read here too, so that a
// chain becomes one plan. No tool imports another: the word is looked up in PATH as exec would, and
// what its package.json says under "srcon" is the link protocol. See docs/plan.md.
import { accessSync, constants, readFileSync, realpathSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ToolError } from './error.ts'
import type { AnyLink } from './link.ts'
import { scanLink, splitCommand, type Scanned } from './scan.ts'

export interface ChainLink {
  readonly link: AnyLink
  readonly scanned: Scanned
  /** The module it was imported from; absent for the tool that runs. */
  readonly module?: string
}

export interface Chain {
  /** In the order written; the first is the tool that runs. */
  readonly links: readonly ChainLink[]
  /** The words of the foreign command; undefined where the words end without one. */
  readonly command: readonly string[] | undefined
}

/** Reads `command` on as long as it begins with one of our tools. */
export async function foldChain(first: ChainLink, command: readonly string[] | undefined): Promise<Chain> {
  return await readOn(first.link, [first], command)
}

/** The same for words that a verb of the tool `own` is given: the chain has no first link of its own. */
export async function readChain(own: AnyLink, words: readonly string[]): Promise<Chain> {
  return await readOn(own, [], words)
}

async function readOn(own: AnyLink, links: ChainLink[], command: readonly string[] | undefined): Promise<Chain> {
  let rest = command
  for (;;) {
    const found = await linkOf(rest?.[0], own)
    if (!rest || !found || isVerb(found.link, rest[1])) return { links, command: rest }
    const [words, next] = splitCommand(rest.slice(1))
    links.push({ ...found, scanned: scanLink(found.link.table, words, next !== undefined) })
    rest = next
  }
}

/** A tool followed by one of its verbs is a command like any other. */
function isVerb({ table }: AnyLink, word: string | undefined): boolean {
  return word !== undefined && word !== '' && Object.hasOwn(table.verbs, word)
}

interface Found {
  readonly link: AnyLink
  readonly module?: string
}

async function linkOf(word: string | undefined, own: AnyLink): Promise<Found | undefined> {
  if (word === undefined) return undefined
  if (word === own.table.name) return { link: own }
  const module = linkModule(word)
  return module === undefined ? undefined : { link: await importLink(module), module }
}

/** The link module of a word, if exec would find one of our tools under it. */
export function linkModule(word: string): string | undefined {
  const file = lookUp(word)
  if (file === undefined) return undefined
  const at = packageOf(dirname(file))
  if (at === undefined) return undefined
  const { srcon } = JSON.parse(readFileSync(join(at, 'package.json'), 'utf8')) as { srcon?: { protocol?: unknown; link?: unknown } }
  if (srcon?.protocol !== 1 || typeof srcon.link !== 'string') return undefined
  return join(at, srcon.link)
}

/** Imports a link module and checks that it speaks our protocol. */
export async function importLink(module: string): Promise<AnyLink> {
  try {
    const { link } = (await import(pathToFileURL(module).href)) as { link?: AnyLink }
    if (link?.protocol === 1) return link
  } catch (cause) {
    throw new ToolError('srcon', `cannot load ${module}`, { code: 'E_HOST', path: module, why: (cause as Error).message, hint: 'build or install that tool again', cause })
  }
  throw new ToolError('srcon', `${module} exports no link of protocol 1`, { code: 'E_HOST', path: module, hint: 'install tools of the same version' })
}

/** The file that execvp(3) would execute, links resolved; only bare names. */
function lookUp(word: string): string | undefined {
  if (word === '' || word.includes('/')) return undefined
  for (const folder of (process.env['PATH'] ?? '/bin:/usr/bin').split(':')) {
    const file = join(folder || '.', word)
    try {
      accessSync(file, constants.X_OK)
      if (statSync(file).isFile()) return realpathSync(file)
    } catch {
      // Not there, or not for us: exec would go on too.
    }
  }
  return undefined
}

/** The nearest folder upwards that has a package.json. */
function packageOf(folder: string): string | undefined {
  for (let at = folder; ; at = dirname(at)) {
    if (statSync(join(at, 'package.json'), { throwIfNoEntry: false })?.isFile()) return at
    if (at === dirname(at)) return undefined
  }
}
