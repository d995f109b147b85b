// `caps explain`: what capabilities allow. The texts are our own; what they say rests on
// capabilities(7) and the kernel's sources.
import { lastCap } from '@srcon/kit/host'
import { ToolError, usage } from '@srcon/kit/error'
import type { Output } from '@srcon/kit/output'
import { nearest } from '@srcon/kit/suggest'
import type { ScannedLink } from '@srcon/kit/table'
import { FILES } from './about/files.ts'
import { KERNEL } from './about/kernel.ts'
import { NETWORK } from './about/network.ts'
import { PROCESSES } from './about/processes.ts'
import { SYSTEM } from './about/system.ts'
import { decode } from './decode.ts'
import { fullSet, NAMES, namesOf, normalName, numberOf } from './names.ts'

export interface About {
  /** One line: what it is for. */
  readonly brief: string
  /** What it allows, one line each. */
  readonly allows: readonly string[]
  /** The first kernel that knows it. */
  readonly since: string
  /** System calls that ask for it. */
  readonly calls: readonly string[]
  /** Files and devices where it is asked for. */
  readonly files: readonly string[]
  /** What who has it can do beyond that. */
  readonly risk: string
  /** `root`: as good as root of the host; `high`, `medium`, `low`. */
  readonly weight: 'root' | 'high' | 'medium' | 'low'
  /** What it is commonly given for. */
  readonly needed: string
}

/** By kernel name. */
export const ABOUT: Readonly<Record<string, About>> = { ...FILES, ...PROCESSES, ...NETWORK, ...KERNEL, ...SYSTEM }

/** What a capability allows, by any spelling of its name; undefined for one that is newer than these texts. Throws a ToolError `E_USAGE` for no name. */
export function about(name: string): (About & { readonly name: string; readonly number: number }) | undefined {
  const normal = normalName(name)
  const number = normal === undefined ? undefined : numberOf(normal)
  if (normal === undefined || number === undefined) {
    const close = nearest(name.toLowerCase().replace(/^cap_/, ''), NAMES.map(each => each.slice(4).toLowerCase()))
    throw usage('caps', `unknown capability '${name}'`, close === undefined ? 'caps explain lists them' : `did you mean ${close}?`)
  }
  const found = ABOUT[normal]
  return found && { name: normal, number, ...found }
}

/** Lines for people. Pure. */
export function aboutLines(name: string, { brief, allows, since, calls, files, risk, weight, needed }: About): string[] {
  const field = (label: string, text: string): string[] => wrapped(text, 84).map((line, i) => `  ${(i === 0 ? label : '').padEnd(12)}${line}`)
  return [
    `${name} (${numberOf(name)}): ${brief}`,
    ...allows.flatMap((one, i) => field(i === 0 ? 'allows' : '', one)),
    ...field('since', `Linux ${since}`),
    ...(calls.length > 0 ? field('calls', calls.join(', ')) : []),
    ...(files.length > 0 ? field('files', files.join(', ')) : []),
    ...field('risk', `${weight}: ${risk}`),
    ...field('needed for', needed),
  ]
}

function wrapped(text: string, width: number): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}

/** The capabilities that words are about: a name each, or one text with a set. */
function namesIn(words: readonly string[]): string[] {
  if (words.every(word => normalName(word) !== undefined && !/^\d/.test(word))) return words.map(word => normalName(word) ?? word)
  if (words.length === 1 && /^[a-z_]+$/i.test(words[0] ?? '') && !/^(?:all|[0-9a-f]+|docker|podman|srcontainer)$/i.test(words[0] ?? '')) about(words[0] ?? '')
  const decoded = decode(words.join(' '), lastCap())
  const set = 'set' in decoded ? decoded.set : decoded.form === 'iab' ? decoded.inheritable | decoded.ambient : decoded.permitted | decoded.inheritable | decoded.effective
  return namesOf(set)
}

export async function run({ positionals }: ScannedLink, out: Output): Promise<void> {
  const listed = positionals.length === 0
  const names = listed ? namesOf(fullSet(lastCap())) : namesIn(positionals)
  const entries = names.flatMap(name => { const entry = ABOUT[name]; return entry ? [[name, entry] as const] : [] })
  if (out.json) return out.data(entries.map(([name, entry]) => ({ name, number: numberOf(name), ...entry })))
  if (names.length === 0) throw new ToolError('caps', 'the set is empty: nothing is allowed by it', { code: 'E_INPUT' })
  for (const [i, name] of names.entries()) {
    const entry = ABOUT[name]
    if (listed) out.line(`${name.padEnd(24)}${entry?.brief ?? 'newer than this program'}`)
    else {
      if (i > 0) out.line('')
      for (const line of entry ? aboutLines(name, entry) : [`${name}: newer than this program`]) out.line(line)
    }
  }
}
