// A file from a server, resumed where it broke off: in this process, or in one that was killed (Range with If-Range, RFC 9110,
// 13.1.5). It is hashed on its way. What the server says is checked as far as it goes; the sum is what counts.
import { escapeControl } from '../escape.ts'
import { verifyDigest, splitDigest, type Algorithm, type Digest } from '../digest.ts'
import { Passing, shown, tooLarge, unreachable } from './failure.ts'
import type { Limits } from './limits.ts'
import { Partial } from './partial.ts'
import type { Reply, Requests } from './request.ts'
import { refuse, retry } from './retry.ts'

export interface TransferRequest {
  readonly url: URL
  /** Where it is made; together with `to`.json. The caller holds the lock that guards it. */
  readonly to: string
  /** All that are known; where there is none, `algorithm` says which to compute. */
  readonly digests: readonly Digest[]
  readonly algorithm?: Algorithm | undefined
  /** Who says the digests, for an error. */
  readonly says: string
  /** Bytes, where it must be so many. */
  readonly size?: number | undefined
  /** A function is asked before each request. */
  readonly headers?: Readonly<Record<string, string>> | (() => Promise<Readonly<Record<string, string>>>) | undefined
  /** After a 401 of `url` itself, with the headers that it was asked with: makes what `headers` says next right. Once for each try. */
  readonly denied?: ((reply: Reply, used: Readonly<Record<string, string>>) => Promise<void>) | undefined
  readonly signal?: AbortSignal | undefined
  readonly onBytes?: ((bytes: number, total: number | undefined) => void) | undefined
}

export interface Transferred {
  readonly bytes: number
  /** The first of those asked for. */
  readonly digest: Digest
  /** Bytes that an earlier try, or an earlier process, had brought. */
  readonly resumed: number
}

/** Downloads to `to`, which is on disk then; undefined where the server has none. Throws a ToolError. */
export async function transfer(requests: Requests, limits: Limits, request: TransferRequest): Promise<Transferred | undefined> {
  const algorithms = new Set(request.digests.map(digest => splitDigest(digest).algorithm))
  if (algorithms.size === 0) algorithms.add(request.algorithm ?? 'sha512')
  const work = new Transfer(requests, limits, request, new Partial(request.to, [...algorithms]))
  try {
    return await work.run()
  } finally {
    work.partial.close()
  }
}

class Transfer {
  readonly partial: Partial
  readonly #requests: Requests
  readonly #limits: Limits
  readonly #request: TransferRequest
  /** Most bytes there ever were: a try that gets no further counts as a failure. */
  #most: number
  #before = 0
  /** Bytes that were there when the last answer began. */
  #resumed: number

  constructor(requests: Requests, limits: Limits, request: TransferRequest, partial: Partial) {
    this.#requests = requests
    this.#limits = limits
    this.#request = request
    this.partial = partial
    this.#most = this.#resumed = partial.bytes
    // Without its name for the file, and without a sum, nothing tells whether the rest fits.
    if (!this.#resumable) this.#restart()
  }

  async run(): Promise<Transferred | undefined> {
    const { digests, url, says, signal } = this.#request
    for (let again = false; ; again = true) {
      const found = await retry(this.#limits, signal, async () => await this.#once(), () => this.#most > this.#before)
      if (!found) {
        this.partial.remove()
        return undefined
      }
      try {
        const computed = this.partial.digests()
        for (const digest of digests) verifyDigest(shown(url), computed.get(splitDigest(digest).algorithm) ?? digest, digest, says)
        this.partial.sync()
        const [first] = computed.values()
        return { bytes: this.partial.bytes, digest: digests[0] ?? (first as Digest), resumed: this.#resumed }
      } catch (error) {
        // Parts of two states of the file: once more, from the first byte.
        const mixed = this.#resumed > 0 && !again
        this.#restart()
        if (!mixed) {
          this.partial.remove()
          throw error
        }
      }
    }
  }

  get #resumable(): boolean {
    const { validator } = this.partial
    const { url, digests } = this.#request
    return validator !== undefined && (digests.length > 0 || (validator.tag !== undefined && validator.url === url.href))
  }

  #restart(): void {
    this.partial.restart()
    this.#resumed = 0
  }

  /** One answer, as far as it goes; false where there is no such file. */
  async #once(): Promise<boolean> {
    const { url, headers, denied, signal } = this.#request
    this.#before = this.#most
    if (this.partial.bytes > 0 && this.partial.bytes === this.#total) return true
    const { bytes, validator } = this.partial
    const tag = validator?.url === url.href ? validator.tag : undefined
    const range = bytes > 0 ? { range: `bytes=${bytes}-`, ...(tag === undefined ? {} : { 'if-range': tag }) } : {}
    const now = async (): Promise<Readonly<Record<string, string>>> => (typeof headers === 'function' ? await headers() : (headers ?? {}))
    const used = await now()
    let reply = await this.#requests.send(url, { headers: { ...used, ...range }, signal })
    try {
      // A host that it leads to has no say in this.
      if (reply.status === 401 && denied && reply.url.origin === url.origin) {
        await denied(reply, used)
        reply.destroy()
        reply = await this.#requests.send(url, { headers: { ...(await now()), ...range }, signal })
      }
      return await this.#take(reply)
    } finally {
      reply.destroy()
    }
  }

  /** Bytes of the whole, if anybody said. */
  get #total(): number | undefined {
    return this.#request.size ?? this.partial.validator?.total
  }

  async #take(reply: Reply): Promise<boolean> {
    const { status } = reply
    if (status === 404 || status === 410) return false
    if (status === 416 && this.partial.bytes > 0) {
      this.#restart()
      throw new Passing(unreachable(reply.url, 'the file is shorter than what is here of it'), 0)
    }
    if (status === 206 && this.partial.bytes > 0) this.#checkRange(reply)
    else if (status === 200) this.#restart()
    else refuse(reply)
    this.#resumed = this.partial.bytes
    const total = this.#expect(reply)
    this.partial.remember({ url: this.#request.url.href, tag: tagOf(reply), total })
    await this.#receive(reply, total)
    return true
  }

  /** The bytes that come must be those that are missing, of the same state of the file. */
  #checkRange(reply: Reply): void {
    const given = reply.header('content-range') ?? ''
    const [, from, total] = /^bytes (\d{1,15})-\d{1,15}\/(\d{1,15}|\*)$/.exec(given) ?? []
    const { bytes, validator } = this.partial
    const tag = tagOf(reply)
    const wrong = Number(from) !== bytes ? `it sent '${escapeControl(given)}' when asked for what follows byte ${bytes}`
      : validator?.tag !== undefined && tag !== undefined && tag !== validator.tag && validator.url === this.#request.url.href ? 'the file changed while it was fetched'
      : total !== '*' && this.#total !== undefined && Number(total) !== this.#total ? `the file has ${total} bytes now, it had ${this.#total}`
      : undefined
    if (wrong === undefined) return
    this.#restart()
    this.#most = Math.max(this.#most, 1)
    throw new Passing(unreachable(reply.url, wrong), 0)
  }

  /** Bytes of the whole as this answer has it. */
  #expect(reply: Reply): number | undefined {
    const length = reply.header('content-length')
    const { size, url } = this.#request
    const { maxDownload } = this.#limits
    const total = length !== undefined && /^\d{1,15}$/.test(length) ? this.partial.bytes + Number(length) : undefined
    if (size !== undefined && total !== undefined && total !== size) {
      throw unreachable(url, `the server offers ${total} bytes, and it must be ${size}`, 'the mirror is not in order: use another --mirror')
    }
    if ((total ?? size ?? 0) > maxDownload) throw tooLarge(shown(url), maxDownload, '--max-download')
    return total ?? size
  }

  async #receive(reply: Reply, total: number | undefined): Promise<void> {
    const { onBytes, url, size } = this.#request
    const { maxDownload } = this.#limits
    const most = Math.min(maxDownload, size ?? Infinity)
    onBytes?.(this.partial.bytes, total)
    for await (const part of reply.body) {
      if (this.partial.bytes + part.length > most) {
        this.#restart()
        this.partial.remove()
        throw most === size ? unreachable(url, `the server sends more than the ${size} bytes that it must be`, 'the mirror is not in order: use another --mirror') : tooLarge(shown(url), maxDownload, '--max-download')
      }
      this.partial.write(part)
      this.#most = Math.max(this.#most, this.partial.bytes)
      onBytes?.(this.partial.bytes, total)
    }
    // Without a length, the end of the connection looks like the end of the file.
    if (total !== undefined && this.partial.bytes < total) throw new Passing(unreachable(url, `the transfer broke off after ${this.partial.bytes} of ${total} bytes`))
  }
}

/** What If-Range takes: a weak ETag does not do. */
function tagOf(reply: Reply): string | undefined {
  const etag = reply.header('etag')
  return etag !== undefined && etag.startsWith('"') ? etag : reply.header('last-modified')
}
