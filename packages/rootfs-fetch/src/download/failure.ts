// Why a download failed: an error of the house, with what is needed to decide whether another try makes sense.
import { ToolError } from '@srcon/kit/error'
import { tool } from '../native.ts'

/** Another try may do. `wait`: milliseconds that the server asks for. */
export class Passing extends Error {
  override readonly name = 'Passing'
  readonly error: ToolError
  readonly wait: number | undefined

  constructor(error: ToolError, wait?: number) {
    super(error.message)
    this.error = error
    this.wait = wait
  }
}

/** The cause of an error: a server that answered, with this status. */
export class Answered extends Error {
  override readonly name = 'Answered'
  readonly status: number

  constructor(status: number) {
    super(`status ${status}`)
    this.status = status
  }
}

/** An address as messages show it: without a password, and without a query, which may hold a token. */
export function shown(url: URL): string {
  const copy = new URL(url.href)
  copy.username = ''
  copy.password = ''
  copy.search = ''
  copy.hash = ''
  return copy.href
}

export function unreachable(url: URL, why: string, hint = 'try again, or another --mirror', cause?: unknown): ToolError {
  return new ToolError(tool, `cannot fetch ${shown(url)}`, { code: 'E_DOWNLOAD', path: shown(url), why, hint, cause })
}

export function tooLarge(what: string, limit: number, option?: string): ToolError {
  const small = { why: 'no index, no signature and no list of sums is that large' }
  return new ToolError(tool, `${what} is larger than ${limit} bytes`, { code: 'E_DOWNLOAD', ...(option === undefined ? small : { hint: `raise ${option} if that is right` }) })
}

/** Errors of a connection that often pass by themselves. */
const passing = new Set([
  'ECONNRESET', 'ECONNREFUSED', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH',
  'UND_ERR_SOCKET', 'UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
])

/** What undici threw, as a Passing where another try may do, else as a ToolError. `seconds`: of the timeouts. */
export function connectionFailure(url: URL, cause: unknown, timeouts: { connect: number; firstByte: number; stall: number }): Passing | ToolError {
  const error = innermost(cause)
  const code = error.code ?? ''
  const second = (ms: number): string => `${ms / 1000} s`
  const known: Readonly<Record<string, string>> = {
    UND_ERR_CONNECT_TIMEOUT: `no connection within ${second(timeouts.connect)}`,
    UND_ERR_HEADERS_TIMEOUT: `no answer within ${second(timeouts.firstByte)}`,
    UND_ERR_BODY_TIMEOUT: `no byte for ${second(timeouts.stall)}`,
  }
  const why = known[code] ?? (code === '' || error.message.includes(code) ? error.message : `${code}: ${error.message}`)
  const told = unreachable(url, why || 'the connection broke off', undefined, cause)
  return passing.has(code) ? new Passing(told) : told
}

/** The first cause, which names the call that failed. An AggregateError holds one for each address of a name. */
function innermost(cause: unknown): Error & { code?: string } {
  let error = cause as Error & { code?: string; errors?: readonly unknown[] }
  for (let depth = 0; depth < 5; depth++) {
    const next = error.errors?.[0] ?? (error.code?.startsWith('UND_ERR') && error.code !== 'UND_ERR_SOCKET' ? undefined : error.cause)
    if (!(next instanceof Error)) break
    error = next
  }
  return error
}
