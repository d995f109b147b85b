// The text of a config: one JSON document, or one line that is an absolute path and stands for a new
// config with that root. Numbers that JavaScript cannot hold exactly (a limit of 2^63-1) are written
// back digit by digit: a filter leaves what it does not own untouched.
import { newConfig, type OciConfig } from './config.ts'
import { ToolError } from './error.ts'
import { parseExactly, type Digits } from './numbers.ts'

export interface Document {
  readonly config: OciConfig
  /** Of numbers that JavaScript cannot hold: see numbers.ts. */
  readonly digits: Digits
}

/** What a filter begins with where nothing is read. */
export const newDocument = (): Document => ({ config: newConfig(), digits: new Map() })

/** A config from its text; `name` says in errors where it came from. Throws a ToolError `E_INPUT`. */
export function readConfigText(tool: string, name: string, bytes: Uint8Array): Document {
  const wrong = (message: string, why?: string, hint?: string): ToolError => new ToolError(tool, `${name}: ${message}`, { code: 'E_INPUT', why, hint })
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw wrong('the config is not UTF-8')
  }
  const path = /^(\/[^\n\0]*)\n?$/.exec(text)?.[1]
  if (path !== undefined) return { ...newDocument(), config: { ...newConfig(), root: { path } } }
  let parsed: ReturnType<typeof parseExactly>
  try {
    parsed = parseExactly(text)
  } catch (error) {
    throw wrong('not one JSON document', (error as Error).message, 'give one config.json, or one absolute path on a line')
  }
  const problem = checkConfig(parsed.value)
  if (problem !== undefined) throw wrong(`not a config: ${problem}`, undefined, '-n starts a new config')
  return { config: parsed.value as OciConfig, digits: parsed.digits }
}

type Shape = 'object' | 'array' | 'string' | 'number' | 'boolean' | 'strings'

/** What our types say of a config: every tool may rest on it. Keys that are not here may be anything. */
const shapes: readonly (readonly [path: string, shape: Shape])[] = [
  ['root', 'object'], ['root.path', 'string'], ['root.readonly', 'boolean'], ['hostname', 'string'], ['mounts', 'array'], ['annotations', 'object'],
  ['process', 'object'], ['process.args', 'strings'], ['process.cwd', 'string'], ['process.env', 'strings'], ['process.terminal', 'boolean'],
  ['process.user', 'object'], ['process.user.uid', 'number'], ['process.user.gid', 'number'], ['process.user.additionalGids', 'array'],
  ['process.capabilities', 'object'], ['process.noNewPrivileges', 'boolean'],
  ['linux', 'object'], ['linux.namespaces', 'array'], ['linux.uidMappings', 'array'], ['linux.gidMappings', 'array'], ['linux.timeOffsets', 'object'],
  ['linux.cgroupsPath', 'string'], ['linux.resources', 'object'], ['linux.resources.memory', 'object'], ['linux.resources.cpu', 'object'],
  ['linux.resources.pids', 'object'], ['linux.resources.unified', 'object'], ['linux.seccomp', 'object'], ['linux.maskedPaths', 'strings'],
  ['linux.readonlyPaths', 'strings'], ['linux.rootfsPropagation', 'string'],
]

function checkConfig(config: unknown): string | undefined {
  if (!fits(config, 'object')) return 'the document is not an object'
  if (!fits(at(config, 'ociVersion'), 'string')) return 'ociVersion is missing'
  for (const [path, shape] of shapes) {
    const value = at(config, path)
    if (value !== undefined && value !== null && !fits(value, shape)) return `${path} is not ${shape === 'strings' ? 'a list of strings' : shape === 'object' || shape === 'array' ? `an ${shape}` : `a ${shape}`}`
  }
  for (const path of ['mounts', 'linux.namespaces', 'linux.uidMappings', 'linux.gidMappings']) {
    const list = at(config, path)
    if (Array.isArray(list) && !list.every(entry => fits(entry, 'object'))) return `${path} has an entry that is not an object`
  }
  const annotations = at(config, 'annotations')
  return annotations && !Object.values(annotations).every(value => typeof value === 'string') ? 'annotations has a value that is not a string' : undefined
}

function fits(value: unknown, shape: Shape): boolean {
  if (shape === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value)
  if (shape === 'array') return Array.isArray(value)
  if (shape === 'strings') return Array.isArray(value) && value.every(entry => typeof entry === 'string')
  return typeof value === shape
}

function at(value: unknown, path: string): unknown {
  let here = value
  for (const key of path.split('.')) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, key)) return undefined
    here = (here as Record<string, unknown>)[key]
  }
  return here
}
