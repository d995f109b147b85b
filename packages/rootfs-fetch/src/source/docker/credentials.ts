// Names and passwords for registries, from where Docker and podman keep them. What is found is a secret: it goes into one header
// and into no message. containers-auth.json(5), docker-login's config.json
import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { ToolError } from '@srcon/kit/error'
import { tool } from '../../native.ts'
import type { Reference } from './reference.ts'

export type Credentials =
  | { readonly user: string; readonly password: string }
  /** A refresh token of OAuth2 in place of both. */
  | { readonly identityToken: string }

/** What must not stand in a message, also where a server repeats it. */
export function secretsOf(credentials: Credentials | undefined): string[] {
  if (!credentials) return []
  if ('identityToken' in credentials) return [credentials.identityToken]
  return [credentials.password, Buffer.from(`${credentials.user}:${credentials.password}`).toString('base64')].filter(secret => secret !== '')
}

interface AuthFile {
  readonly auths?: Readonly<Record<string, unknown>>
  readonly credHelpers?: Readonly<Record<string, unknown>>
  readonly credsStore?: unknown
}

/** Most bytes of such a file. */
const LIMIT = 1 << 20

/** Undefined where there are none. Throws a ToolError `E_INPUT` for a file that is none, `E_AUTH` for a helper that fails. */
export async function credentialsFor(reference: Pick<Reference, 'domain' | 'path'>, environment: NodeJS.ProcessEnv = process.env): Promise<Credentials | undefined> {
  for (const path of places(environment)) {
    const file = readAuthFile(path)
    const found = file && (await within(file, reference, path))
    if (found) return found
  }
  return undefined
}

/** The first file that knows the registry counts; one that is named counts alone. */
function places({ REGISTRY_AUTH_FILE: named, XDG_RUNTIME_DIR: runtime, XDG_CONFIG_HOME: config, DOCKER_CONFIG: docker, HOME }: NodeJS.ProcessEnv): string[] {
  if (named) return [named]
  const home = HOME || homedir()
  return [
    join(runtime || `/run/containers/${process.getuid?.() ?? 0}`, 'containers/auth.json'), join(config || join(home, '.config'), 'containers/auth.json'), join(docker || join(home, '.docker'), 'config.json'),
  ]
}

function readAuthFile(path: string): AuthFile | undefined {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    // One of another user's is none of ours.
    if (['ENOENT', 'ENOTDIR', 'EACCES'].includes((cause as NodeJS.ErrnoException).code ?? '')) return undefined
    throw cause
  }
  const refuse = (why: string): ToolError => new ToolError(tool, `${path} holds no credentials`, { code: 'E_INPUT', path, why, hint: 'log in again: docker login, podman login, skopeo login' })
  if (text.length > LIMIT) throw refuse(`it has more than ${LIMIT} bytes`)
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  } catch {
    // The parser's message would show what stands in it.
  }
  throw refuse('it is no JSON object')
}

async function within({ auths = {}, credHelpers = {}, credsStore }: AuthFile, reference: Pick<Reference, 'domain' | 'path'>, path: string): Promise<Credentials | undefined> {
  const names = namesOf(reference)
  const pick = <T>(table: Readonly<Record<string, T>>): T | undefined => {
    const plain = new Map(Object.entries(table).map(([key, value]) => [plainKey(key), value]))
    return names.map(name => plain.get(name)).find(value => value !== undefined)
  }
  const helper = pick(credHelpers)
  if (typeof helper === 'string') return await ask(helper, reference, path)
  const written = readEntry(pick(auths))
  if (written) return written
  return typeof credsStore === 'string' && credsStore !== '' ? await ask(credsStore, reference, path) : undefined
}

const hub = ['docker.io', 'index.docker.io', 'registry-1.docker.io']

/** The most exact first: containers-auth.json knows a path below a registry. */
function namesOf({ domain, path }: Pick<Reference, 'domain' | 'path'>): string[] {
  const parts = path.split('/')
  const below = (host: string): string[] => parts.map((_, i) => `${host}/${parts.slice(0, parts.length - i).join('/')}`)
  const hosts = domain === 'docker.io' ? hub : [domain]
  return [...hosts.flatMap(below), ...hosts]
}

/** `https://index.docker.io/v1/` is `index.docker.io`. */
const plainKey = (key: string): string => key.replace(/^https?:\/\//, '').replace(/\/(?:v[12]\/?)?$/, '')

function readEntry(entry: unknown): Credentials | undefined {
  if (typeof entry !== 'object' || entry === null) return undefined
  const { auth, username, password, identitytoken } = entry as Readonly<Record<string, unknown>>
  if (typeof identitytoken === 'string' && identitytoken !== '') return { identityToken: identitytoken }
  if (typeof username === 'string' && typeof password === 'string' && username !== '') return { user: username, password }
  if (typeof auth !== 'string' || auth === '') return undefined
  const text = Buffer.from(auth, 'base64').toString()
  const colon = text.indexOf(':')
  return colon < 1 ? undefined : { user: text.slice(0, colon), password: text.slice(colon + 1).replace(/\0+$/, '') }
}

async function ask(name: string, { domain }: Pick<Reference, 'domain'>, path: string): Promise<Credentials | undefined> {
  const { askHelper } = await import('./credential-helper.ts')
  return await askHelper(name, domain === 'docker.io' ? 'https://index.docker.io/v1/' : domain, path)
}
