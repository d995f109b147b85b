// The download client of all sources: small files whole, archives with resume, and single requests for those who speak a
// protocol of their own (a registry). Addresses may also be file:. undici is loaded by the first request of a server.
import { createReadStream, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { ToolError } from '@srcon/kit/error'
import { failedCall, tool } from '../native.ts'
import { Passing, shown, tooLarge } from './failure.ts'
import { limitsOf, type DownloadLimits, type Limits } from './limits.ts'
import type { Ask, Reply, Requests } from './request.ts'
import type { Transferred, TransferRequest } from './transfer.ts'

/** Largest index or file of sums, bytes. */
const SMALL = 1 << 20

export interface SmallRequest extends Ask {
  /** Most bytes; default 1 MiB. */
  readonly limit?: number | undefined
}

export class Client {
  readonly limits: Limits
  #requests: Promise<Requests> | undefined

  constructor(limits: DownloadLimits = {}) {
    this.limits = limitsOf(limits)
  }

  /** One request with its answer, repeated while the server is busy or breaks off; redirects are followed; every other status is an answer. Of a 200 all bytes are here, at most `limit`. */
  async request(url: URL, { limit = SMALL, ...ask }: SmallRequest = {}): Promise<Reply> {
    const requests = await this.#open()
    const { retry, refuse } = await import('./retry.ts')
    return await retry(this.limits, ask.signal, async () => {
      const reply = await requests.send(url, ask)
      if (reply.status === 200) {
        try {
          const bytes = await collect(reply.body, url, limit)
          return { ...reply, body: once(bytes), destroy: () => {} }
        } finally {
          reply.destroy()
        }
      }
      if (reply.status !== 429 && reply.status < 500) return reply
      reply.destroy()
      return refuse(reply)
    })
  }

  /** A small file whole; undefined where there is none (404, 410). */
  async bytes(url: URL, { limit = SMALL, ...ask }: SmallRequest = {}): Promise<Buffer | undefined> {
    if (url.protocol === 'file:') return await readSmall(url, limit)
    const requests = await this.#open()
    const { retry, refuse } = await import('./retry.ts')
    return await retry(this.limits, ask.signal, async () => {
      const reply = await requests.send(url, ask)
      try {
        if (reply.status === 404 || reply.status === 410) return undefined
        if (reply.status !== 200) refuse(reply)
        return await collect(reply.body, url, limit)
      } finally {
        reply.destroy()
      }
    })
  }

  /** A small text file; undefined where there is none. */
  async text(url: URL, request: SmallRequest = {}): Promise<string | undefined> {
    return (await this.bytes(url, request))?.toString()
  }

  /** A file to disk, hashed, resumed where that can be; undefined where there is none. The caller holds the lock that guards `to`. */
  async download(request: TransferRequest): Promise<Transferred | undefined> {
    if (request.url.protocol === 'file:') return await (await import('./local.ts')).copyLocal(this.limits, request)
    const requests = await this.#open()
    const { transfer } = await import('./transfer.ts')
    return await transfer(requests, this.limits, request)
  }

  /** Ends what is open; it can be used again. */
  async close(): Promise<void> {
    await (await this.#requests)?.close()
  }

  async #open(): Promise<Requests> {
    this.#requests ??= import('./request.ts').then(({ Requests: Opened }) => new Opened(this.limits))
    return await this.#requests
  }
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield await Promise.resolve(bytes)
}

/** All bytes of a small answer; throws Passing or ToolError. */
export async function collect(body: AsyncIterable<Uint8Array>, url: URL, limit: number): Promise<Buffer> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of body) {
    size += part.length
    if (size > limit) throw tooLarge(shown(url), limit)
    parts.push(part)
  }
  return Buffer.concat(parts)
}

async function readSmall(url: URL, limit: number): Promise<Buffer | undefined> {
  const file = fileURLToPath(url)
  const stat = statSync(file, { throwIfNoEntry: false })
  if (!stat) return undefined
  if (!stat.isFile()) throw new ToolError(tool, `${file} is no file`, { code: 'E_INPUT', path: file })
  try {
    return await collect(createReadStream(file) as AsyncIterable<Buffer>, url, limit)
  } catch (cause) {
    throw cause instanceof ToolError || cause instanceof Passing ? cause : failedCall(`cannot read ${file}`, cause, file)
  }
}
