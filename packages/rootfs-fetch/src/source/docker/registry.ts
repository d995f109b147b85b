// A repository of a registry, read-only: manifests, blobs, tags. It asks without a name first and shows one when it is asked for.
// https://github.com/opencontainers/distribution-spec
import { ToolError } from '@srcon/kit/error'
import { digestOfBytes, splitDigest, verifyDigest } from '../../digest.ts'
import { collect } from '../../download/client.ts'
import { Answered, shown } from '../../download/failure.ts'
import type { Reply } from '../../download/request.ts'
import { escapeControl } from '../../escape.ts'
import { tool } from '../../native.ts'
import type { Ask, Origin } from '../kind.ts'
import type { Content, Descriptor } from '../oci/image.ts'
import { maxDocument } from '../oci/manifest.ts'
import { accepted, isIndex, isManifest, ociManifest } from '../oci/media-type.ts'
import { readChallenges, type Challenge } from './challenge.ts'
import { credentialsFor, secretsOf, type Credentials } from './credentials.ts'
import { baseOf, nameOf, type Reference } from './reference.ts'
import { refusalOf, refusedTooOften } from './refusal.ts'
import { basic, fetchToken, type Token } from './token.ts'

export interface RootManifest {
  readonly descriptor: Descriptor
  readonly bytes: Buffer
}

export class Registry implements Content {
  readonly base: URL
  readonly #reference: Reference
  readonly #ask: Ask
  #credentials: Promise<Credentials | undefined> | undefined
  #challenge: Challenge | undefined
  #token: Promise<Token> | undefined
  #until = 0

  /** Whose passwords are sent: those of docker.io are not for its mirrors. */
  readonly #domain: string

  /** `mirror`: in place of the registry's own address. */
  constructor(reference: Reference, ask: Ask, mirror?: URL) {
    this.#reference = reference
    this.#ask = ask
    this.base = mirror ?? baseOf(reference)
    this.#domain = mirror?.host ?? reference.domain
  }

  /** What the tag or digest of the reference stands for. A digest is held against the bytes, never against a header. */
  async root(): Promise<RootManifest> {
    const { tag, digest } = this.#reference
    const name = nameOf(this.#reference)
    const reply = await this.#get(`manifests/${digest ?? tag ?? 'latest'}`, { accept: accepted.join(', ') }, maxDocument, `${name} cannot be had`)
    try {
      const bytes = await collect(reply.body, reply.url, maxDocument)
      const own = digestOfBytes(bytes, digest && splitDigest(digest).algorithm)
      if (digest !== undefined) verifyDigest(name, own, digest, 'its name')
      return { descriptor: { mediaType: mediaTypeOf(reply, bytes), digest: own, size: bytes.length }, bytes }
    } finally {
      reply.destroy()
    }
  }

  async read({ digest, mediaType }: Descriptor, limit: number): Promise<Buffer> {
    const listed = isIndex(mediaType) || isManifest(mediaType)
    const reply = await this.#get(`${listed ? 'manifests' : 'blobs'}/${digest}`, listed ? { accept: mediaType } : {}, limit, `${digest.slice(0, 19)}… of ${nameOf(this.#reference)} cannot be had`)
    try {
      return await collect(reply.body, reply.url, limit)
    } finally {
      reply.destroy()
    }
  }

  async layer({ digest }: Descriptor): Promise<Origin> {
    return {
      url: this.#url(`blobs/${digest}`), headers: async () => await this.#authorization(),
      // A token may end before its time. Of several layers that learn it at once the first one asks for another.
      denied: async (reply, { authorization }) => {
        if (authorization === (await this.#authorization())['authorization']) await this.#challenged(reply)
      },
    }
  }

  /** Names of all tags, a page at a time. */
  async tags(): Promise<readonly string[]> {
    const tags: string[] = []
    const first = this.#url('tags/list?n=1000')
    for (let url: URL | undefined = first, page = 0; url; page++) {
      if (page >= MAX_PAGES) throw new ToolError(tool, `${shown(first)} does not end`, { code: 'E_DOWNLOAD', why: `more than ${MAX_PAGES} pages of tags` })
      const reply = await this.#get(url, {}, PAGE, `the tags of ${nameOf(this.#reference)} cannot be had`)
      try {
        tags.push(...tagsIn((await collect(reply.body, reply.url, PAGE)).toString(), first))
        url = nextOf(reply, url)
      } finally {
        reply.destroy()
      }
    }
    return tags
  }

  #url(path: string): URL {
    return new URL(`v2/${this.#reference.path}/${path}`, this.base)
  }

  /** At most `limit` bytes. Throws for any other answer than 200. */
  async #get(path: string | URL, headers: Readonly<Record<string, string>>, limit: number, failed: string): Promise<Reply> {
    const url = typeof path === 'string' ? this.#url(path) : path
    for (let again = false; ; again = true) {
      const reply = await this.#request(url, { ...headers, ...(await this.#authorization()) }, limit, failed)
      if (reply.status === 200) return reply
      try {
        // Its own challenge counts, not that of a host that it leads to.
        if (reply.status !== 401 || again || reply.url.origin !== this.base.origin) throw await refusalOf(reply, failed, (await this.#credentials) !== undefined, await this.#secrets())
        await this.#challenged(reply)
      } finally {
        reply.destroy()
      }
    }
  }

  async #request(url: URL, headers: Readonly<Record<string, string>>, limit: number, failed: string): Promise<Reply> {
    try {
      return await this.#ask.client.request(url, { headers, limit, signal: this.#ask.signal })
    } catch (error) {
      if (!(error instanceof ToolError && error.cause instanceof Answered && error.cause.status === 429)) throw error
      throw refusedTooOften(error, failed, (await this.#credentials) !== undefined, this.#domain === 'docker.io')
    }
  }

  async #secrets(): Promise<readonly string[]> {
    const token = (await this.#token?.catch(() => undefined))?.authorization.replace('Bearer ', '')
    return [...secretsOf(await this.#credentials), ...(token === undefined ? [] : [token])]
  }

  async #challenged(reply: Reply): Promise<void> {
    const header = reply.header('www-authenticate') ?? ''
    const all = readChallenges(header)
    this.#challenge = all.find(({ scheme }) => scheme === 'bearer') ?? all.find(({ scheme }) => scheme === 'basic')
    this.#token = undefined
    if (!this.#challenge) throw new ToolError(tool, `${this.base.host} lets nobody in that way`, { code: 'E_AUTH', why: `it answered 401 and asks for ${header === '' ? 'nothing' : `'${escapeControl(header.slice(0, 100))}'`}`, hint: 'known are Basic and Bearer' })
    this.#credentials ??= credentialsFor({ domain: this.#domain, path: this.#reference.path })
    const { scheme } = this.#challenge
    const credentials = await this.#credentials
    if (scheme === 'basic' && (!credentials || 'identityToken' in credentials)) {
      throw new ToolError(tool, `${this.base.host} wants a name and a password`, { code: 'E_AUTH', why: 'none for it is kept where docker, podman and skopeo keep them', hint: `skopeo login ${this.base.host} (or podman login, docker login)` })
    }
  }

  /** For the next request. Two that need a token at once share one. */
  async #authorization(): Promise<Readonly<Record<string, string>>> {
    const challenge = this.#challenge
    if (!challenge) return {}
    const credentials = await this.#credentials
    if (challenge.scheme === 'basic') return credentials && 'user' in credentials ? { authorization: basic(credentials) } : {}
    const { client, signal } = this.#ask
    const fetchNew = async (): Promise<Token> => await fetchToken({ client, challenge, registry: this.base, credentials, signal, scope: `repository:${this.#reference.path}:pull` })
    if (!this.#token || this.#until < Date.now()) {
      this.#until = Infinity
      this.#token = fetchNew()
      void this.#token.then(({ until }) => (this.#until = until), () => {})
    }
    return { authorization: (await this.#token).authorization }
  }
}

const MAX_PAGES = 200
/** Most bytes of a page of tags. */
const PAGE = 4 << 20

function tagsIn(text: string, url: URL): string[] {
  let tags: unknown
  try {
    ;({ tags } = JSON.parse(text) as { tags?: unknown })
  } catch {
    tags = undefined
  }
  // A repository without any has null.
  if (tags === null) return []
  if (!Array.isArray(tags)) throw new ToolError(tool, `${shown(url)} is no list of tags`, { code: 'E_DOWNLOAD' })
  return (tags as unknown[]).filter((tag): tag is string => typeof tag === 'string' && /^\w[\w.-]{0,127}$/.test(tag))
}

/** `Link: </v2/…?last=…>; rel="next"`: only to the same list. */
function nextOf(reply: Reply, from: URL): URL | undefined {
  const [, target] = /^<([^>]*)>\s*;\s*rel="?next"?/.exec(reply.header('link') ?? '') ?? []
  if (target === undefined) return undefined
  const next = new URL(target, from)
  if (next.origin !== from.origin || next.pathname !== from.pathname || next.search === from.search) throw new ToolError(tool, `${shown(from)} leads to something else than its next page`, { code: 'E_DOWNLOAD', path: shown(from) })
  return next
}

/** Careless servers send no type of their own; then the document's counts. */
function mediaTypeOf(reply: Reply, bytes: Buffer): string {
  const said = (reply.header('content-type') ?? '').split(';')[0]?.trim() ?? ''
  if (said !== '' && !['application/json', 'application/octet-stream', 'text/plain'].includes(said)) return said
  try {
    const { mediaType } = JSON.parse(bytes.toString()) as { mediaType?: unknown }
    if (typeof mediaType === 'string') return mediaType
  } catch {
    // Whoever reads the document says what is wrong with it.
  }
  return ociManifest
}
