// A token for one repository, from where the registry's challenge points to. The registry chooses that address, so it is looked at:
// a name and a password go there. https://distribution.github.io/distribution/spec/auth/token/
import { ToolError } from '@srcon/kit/error'
import { collect, type Client } from '../../download/client.ts'
import { shown } from '../../download/failure.ts'
import { tool } from '../../native.ts'
import type { Challenge } from './challenge.ts'
import { secretsOf, type Credentials } from './credentials.ts'
import { isLoopback } from './reference.ts'
import { refusalOf } from './refusal.ts'

export interface Token {
  /** The header's value. A secret. */
  readonly authorization: string
  /** When a new one is to be had, while it is good for some time still. Milliseconds of the epoch. */
  readonly until: number
}

/** Most bytes of an answer. */
const LIMIT = 64 << 10
/** What the specification says where the answer does not. Seconds. */
const LIFE = 60

export interface TokenRequest {
  readonly client: Client
  readonly challenge: Challenge
  /** `repository:library/alpine:pull` */
  readonly scope: string
  readonly registry: URL
  readonly credentials: Credentials | undefined
  readonly signal: AbortSignal | undefined
}

/** Throws a ToolError `E_AUTH`, `E_DOWNLOAD`. */
export async function fetchToken({ client, challenge, scope, registry, credentials, signal }: TokenRequest): Promise<Token> {
  const realm = realmOf(challenge, registry)
  const service = challenge.parameters.get('service')
  const fields = new URLSearchParams({ ...(service === undefined ? {} : { service }), scope })
  const asked = Date.now()
  const refresh = credentials && 'identityToken' in credentials
  if (refresh) {
    fields.set('grant_type', 'refresh_token')
    fields.set('client_id', 'srcon')
    fields.set('refresh_token', credentials.identityToken)
  } else for (const [name, value] of fields) realm.searchParams.set(name, value)
  const reply = await client.request(realm, {
    signal, limit: LIMIT,
    ...(refresh ? { method: 'POST' as const, body: fields.toString(), headers: { 'content-type': 'application/x-www-form-urlencoded' } } : credentials ? { headers: { authorization: basic(credentials) } } : {}),
  })
  try {
    if (reply.status !== 200) throw await refusalOf(reply, `${shown(realm)} gives no token`, credentials !== undefined, secretsOf(credentials))
    const answer = tokenIn((await collect(reply.body, realm, LIMIT)).toString(), realm)
    return { authorization: `Bearer ${answer.token}`, until: asked + answer.seconds * 800 }
  } finally {
    reply.destroy()
  }
}

export function basic(credentials: Exclude<Credentials, { identityToken: string }>): string {
  return `Basic ${Buffer.from(`${credentials.user}:${credentials.password}`).toString('base64')}`
}

/** By https, unless the registry itself is asked without and it is the same host; and no address of this machine or its network, unless the registry is there too. */
function realmOf({ parameters }: Challenge, registry: URL): URL {
  const refuse = (why: string): ToolError => new ToolError(tool, `${registry.host} wants a token from an address that is not asked`, { code: 'E_AUTH', why, hint: 'the registry is not in order, or somebody stands between' })
  const word = parameters.get('realm') ?? ''
  let realm: URL
  try {
    realm = new URL(word)
  } catch {
    throw refuse('its realm is no address')
  }
  if (realm.username !== '' || realm.password !== '') throw refuse('there is a password in it')
  const here = realm.hostname === registry.hostname || (isLoopback(realm.hostname) && isLoopback(registry.hostname))
  if (!here && isPrivate(realm.hostname)) throw refuse(`${realm.host} is an address of this machine or of its network`)
  // A registry that is asked by http may have its token server beside it, and no further away.
  if (realm.protocol !== 'https:' && !(realm.protocol === 'http:' && registry.protocol === 'http:' && here)) throw refuse(`${shown(realm)} is not https`)
  return realm
}

/** Loopback, link-local, private and unspecified addresses. */
function isPrivate(hostname: string): boolean {
  if (isLoopback(hostname) || hostname.endsWith('.localhost')) return true
  const [a = -1, b = -1] = /^\d+(?:\.\d+){3}$/.test(hostname) ? hostname.split('.').map(Number) : []
  if (a === 0 || a === 10 || a === 127 || (a === 169 && b === 254) || (a === 172 && b >= 16 && b < 32) || (a === 192 && b === 168) || (a === 100 && b >= 64 && b < 128)) return true
  // ::, unique local, link-local, and IPv4 within IPv6.
  return /^\[(?:::\]|f[cd]|fe[89ab]|::ffff:)/i.test(hostname)
}

function tokenIn(text: string, realm: URL): { token: string; seconds: number } {
  let answer: unknown
  try {
    answer = JSON.parse(text)
  } catch {
    // The parser's message would show a part of it.
  }
  const { token, access_token: access, expires_in: life } = (typeof answer === 'object' && answer !== null ? answer : {}) as Readonly<Record<string, unknown>>
  const found = typeof token === 'string' && token !== '' ? token : access
  if (typeof found !== 'string' || !/^[\x21-\x7e]+$/.test(found)) throw new ToolError(tool, `${shown(realm)} gives no token`, { code: 'E_AUTH', why: 'there is none in its answer' })
  return { token: found, seconds: typeof life === 'number' && life > 0 ? Math.min(life, 86_400) : LIFE }
}
