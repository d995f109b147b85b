// HTTP as a download needs it: the bytes exactly as sent (fetch() would undo a Content-Encoding that
// careless servers put on .tar.gz), redirects that never leave https, and an end to every wait.
import type { ClientRequest, IncomingMessage } from 'node:http'
import { ToolError } from '@srcon/kit/error'
import { tool } from './native.ts'

/** Silence after which a connection is given up, milliseconds. */
const STALL = 30_000
const MOST_REDIRECTS = 5
/** After this time, milliseconds, fewer bytes per second than SLOWEST are a server that holds us. */
const PATIENCE = 60_000
const SLOWEST = 1024

export interface Reply {
  readonly url: URL
  /** Bytes, where the server says. */
  readonly length: number | undefined
  readonly body: AsyncIterable<Uint8Array>
}

/** Asks for a URL; undefined where it does not exist (404, 410). `stall`: milliseconds of silence. */
export async function get(url: URL, signal?: AbortSignal, stall = STALL): Promise<Reply | undefined> {
  let at = url
  for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
    const { request, response } = await ask(at, signal, stall)
    const { statusCode = 0, headers } = response
    if (statusCode === 200) return { url: at, length: lengthOf(headers['content-length']), body: bodyOf(at, request, response, stall) }
    request.destroy()
    if (statusCode === 404 || statusCode === 410) return undefined
    if (![301, 302, 303, 307, 308].includes(statusCode) || headers.location === undefined) {
      throw unreachable(at, `the server answered ${statusCode}`, statusCode === 429 || statusCode >= 500 ? 'try again later, or another --mirror' : undefined)
    }
    const next = new URL(headers.location, at)
    if (at.protocol === 'https:' && next.protocol !== 'https:') throw unreachable(at, `it redirects from https to ${next.protocol.slice(0, -1)}`)
    at = next
  }
  throw unreachable(url, `it redirects more than ${MOST_REDIRECTS} times`)
}

async function ask(url: URL, signal: AbortSignal | undefined, stall: number): Promise<{ request: ClientRequest; response: IncomingMessage }> {
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw unreachable(url, `${url.protocol} is neither http: nor https:`)
  const { request: start } = url.protocol === 'https:' ? await import('node:https') : await import('node:http')
  const { promise, resolve, reject } = withResolvers<{ request: ClientRequest; response: IncomingMessage }>()
  const request = start(url, { agent: false, headers: { 'user-agent': 'srcon', accept: '*/*', 'accept-encoding': 'identity' }, ...(signal ? { signal } : {}) })
  request.setTimeout(stall, () => request.destroy(new Error(`no byte for ${stall / 1000} s`)))
  request.on('error', cause => reject(signal?.aborted ? (signal.reason as Error) : unreachable(url, reasonOf(cause), undefined, cause)))
  request.on('response', response => resolve({ request, response }))
  request.end()
  return await promise
}

async function* bodyOf(url: URL, request: ClientRequest, response: IncomingMessage, stall: number): AsyncGenerator<Uint8Array> {
  const began = Date.now()
  let bytes = 0
  let silent = false
  request.setTimeout(stall, () => {
    silent = true
    request.destroy()
  })
  try {
    for await (const part of response as AsyncIterable<Buffer>) {
      bytes += part.length
      const time = Date.now() - began
      if (time > PATIENCE && bytes / (time / 1000) < SLOWEST) throw unreachable(url, `the server sends less than ${SLOWEST} bytes a second`)
      yield part
    }
  } catch (cause) {
    if (cause instanceof ToolError) throw cause
    throw unreachable(url, silent ? `no byte for ${stall / 1000} s` : `the transfer broke off after ${bytes} bytes`, undefined, cause)
  } finally {
    request.destroy()
  }
  if (!response.complete) throw unreachable(url, `the transfer broke off after ${bytes} bytes`)
}

function lengthOf(header: string | undefined): number | undefined {
  return header !== undefined && /^\d{1,15}$/.test(header) ? Number(header) : undefined
}

function reasonOf(cause: Error & { code?: string }): string {
  return cause.code === undefined || cause.message.includes(cause.code) ? cause.message || String(cause.code) : `${cause.code}: ${cause.message}`
}

export function unreachable(url: URL, why: string, hint = 'try again, or another --mirror', cause?: unknown): ToolError {
  return new ToolError(tool, `cannot fetch ${url.href}`, { code: 'E_DOWNLOAD', path: url.href, why, hint, cause })
}

/** Promise.withResolvers, which Node 20 lacks. */
function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void; reject: (reason: Error) => void } {
  let resolve: (value: T) => void = () => {}
  let reject: (reason: Error) => void = () => {}
  const promise = new Promise<T>((yes, no) => {
    resolve = yes
    reject = no
  })
  return { promise, resolve, reject }
}
