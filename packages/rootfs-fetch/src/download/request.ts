// One request by undici, loaded when the first one is made. The bytes are taken exactly as sent: request() applies no
// Content-Encoding, which careless servers put on .tar.gz. Redirects are followed here, since what may be followed is policy:
// never from https to anything else, credentials only to the host that they were meant for. Proxies as the environment says
// (http_proxy, https_proxy, no_proxy), https through CONNECT.
import type { Dispatcher } from 'undici'
import { ToolError } from '@srcon/kit/error'
import { connectionFailure, Passing, shown, unreachable } from './failure.ts'
import type { Limits } from './limits.ts'

export interface Ask {
  readonly method?: 'GET' | 'HEAD' | 'POST' | undefined
  /** Lower case. `authorization`, `cookie` and `proxy-authorization` stay behind when a redirect leads to another origin. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly body?: string | undefined
  readonly signal?: AbortSignal | undefined
}

export interface Reply {
  /** Where the redirects led to. */
  readonly url: URL
  readonly status: number
  /** Of several fields of one name the first; of WWW-Authenticate, which is a list, all. */
  header(name: string): string | undefined
  /** To be read to its end or destroyed. Throws Passing or ToolError. */
  readonly body: AsyncIterable<Uint8Array>
  /** Ends the connection where the body is not wanted. */
  destroy(): void
}

const secret = new Set(['authorization', 'cookie', 'proxy-authorization'])

export class Requests {
  readonly #limits: Limits
  #dispatcher: Promise<Dispatcher> | undefined

  constructor(limits: Limits) {
    this.#limits = limits
  }

  /** Any status is an answer. Throws Passing or ToolError. */
  async send(url: URL, ask: Ask = {}): Promise<Reply> {
    let at = url
    let headers = ask.headers ?? {}
    for (let redirects = 0; redirects <= this.#limits.maxRedirects; redirects++) {
      const reply = await this.#once(at, { ...ask, headers })
      const location = reply.header('location')
      if (![301, 302, 303, 307, 308].includes(reply.status) || location === undefined) return reply
      reply.destroy()
      if (ask.body !== undefined) throw unreachable(at, 'it redirects what was meant for it alone')
      const next = follow(at, location)
      if (next.origin !== at.origin) headers = Object.fromEntries(Object.entries(headers).filter(([name]) => !secret.has(name)))
      at = next
    }
    throw unreachable(url, `it redirects more than ${this.#limits.maxRedirects} times`)
  }

  /** Ends what is open. */
  async close(): Promise<void> {
    await (await this.#dispatcher)?.destroy()
    this.#dispatcher = undefined
  }

  async #once(url: URL, { method = 'GET', headers, body, signal }: Ask): Promise<Reply> {
    if (url.protocol !== 'http:' && url.protocol !== 'https:') throw unreachable(url, `${url.protocol} is neither http: nor https:`)
    const { request } = await import('undici')
    this.#dispatcher ??= makeDispatcher(this.#limits)
    const { connectTimeout: connect, firstByteTimeout: firstByte, stallTimeout: stall } = this.#limits
    const failure = (cause: unknown): unknown => (signal?.aborted ? signal.reason : connectionFailure(url, cause, { connect, firstByte, stall }))
    try {
      const answer = await request(url, {
        method, dispatcher: await this.#dispatcher, signal: signal ?? null, body: body ?? null,
        headers: { 'user-agent': 'srcon', accept: '*/*', 'accept-encoding': 'identity', ...headers },
      })
      const header = (name: string): string | undefined => {
        const value = answer.headers[name]
        return Array.isArray(value) ? (name === 'www-authenticate' ? value.join(', ') : value[0]) : value
      }
      return { url, status: answer.statusCode, header, body: this.#bodyOf(url, answer.body, failure), destroy: () => void answer.body.on('error', () => {}).destroy() }
    } catch (cause) {
      throw failure(cause)
    }
  }

  /** The bytes; a server that keeps us busy with a byte now and then is given up. */
  async *#bodyOf(url: URL, body: AsyncIterable<Uint8Array>, failure: (cause: unknown) => unknown): AsyncGenerator<Uint8Array> {
    const { minRate, ratePeriod } = this.#limits
    let since = Date.now()
    let bytes = 0
    try {
      for await (const part of body) {
        bytes += part.length
        const time = Date.now() - since
        if (time > ratePeriod) {
          if (bytes / (time / 1000) < minRate) throw new Passing(unreachable(url, `the server sends less than ${minRate} bytes a second`))
          since = Date.now()
          bytes = 0
        }
        yield part
      }
    } catch (cause) {
      throw cause instanceof Passing || cause instanceof ToolError ? cause : failure(cause)
    }
  }
}

async function makeDispatcher({ connectTimeout, firstByteTimeout, stallTimeout }: Limits): Promise<Dispatcher> {
  const { Agent, EnvHttpProxyAgent } = await import('undici')
  const options = { connect: { timeout: connectTimeout }, headersTimeout: firstByteTimeout, bodyTimeout: stallTimeout, maxHeaderSize: 64 << 10 }
  const { env } = process
  const proxied = ['http_proxy', 'https_proxy', 'HTTP_PROXY', 'HTTPS_PROXY'].some(name => env[name])
  return proxied ? new EnvHttpProxyAgent(options) : new Agent(options)
}

function follow(from: URL, location: string): URL {
  let next: URL
  try {
    next = new URL(location, from)
  } catch (cause) {
    throw unreachable(from, 'it redirects to something that is no address', undefined, cause)
  }
  if (from.protocol === 'https:' && next.protocol !== 'https:') throw unreachable(from, `it redirects from https to ${next.protocol.slice(0, -1)}`, 'use a mirror that stays on https')
  if (next.username !== '' || next.password !== '') throw unreachable(from, `it redirects to ${shown(next)} with a password`)
  return next
}
