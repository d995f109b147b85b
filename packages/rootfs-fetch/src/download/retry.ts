// Another try after a failure that may pass: after a wait that doubles, with some chance in it, so that many clients of one
// server do not come back at the same moment; or when the server says (Retry-After). See RFC 9110, 10.2.3.
import { setTimeout as delay } from 'node:timers/promises'
import { ToolError } from '@srcon/kit/error'
import { Answered, Passing, unreachable } from './failure.ts'
import type { Limits } from './limits.ts'
import type { Reply } from './request.ts'

/** Calls `act` until it does not fail, or not in a way that passes. `gained`: whether the last try brought something new; then the count starts again. */
export async function retry<T>(limits: Limits, signal: AbortSignal | undefined, act: () => Promise<T>, gained: () => boolean = () => false): Promise<T> {
  for (let failures = 0; ; ) {
    try {
      signal?.throwIfAborted()
      return await act()
    } catch (error) {
      if (!(error instanceof Passing)) throw error
      failures = gained() ? 1 : failures + 1
      const wait = error.wait ?? spread(Math.min(limits.maxWait, limits.backoff * 2 ** (failures - 1)))
      if (failures > limits.retries || wait > limits.maxWait) throw finalError(error, failures, limits)
      await delay(wait, undefined, signal ? { signal } : {}).catch((aborted: unknown) => {
        throw signal?.aborted ? signal.reason : aborted
      })
    }
  }
}

/** Give or take a quarter. */
const spread = (ms: number): number => ms * (0.75 + Math.random() / 2)

function finalError({ error, wait }: Passing, failures: number, { maxWait }: Limits): ToolError {
  const { code, path, cause } = error
  const asked = wait !== undefined && wait > maxWait
  const why = asked ? `${error.why}, and asks to wait ${Math.ceil(wait / 1000)} s` : `${error.why}${failures > 1 ? ` (${failures} tries)` : ''}`
  return new ToolError(error.tool, error.message, { code, path, why, cause, hint: asked ? 'come back then, or use another --mirror' : error.hint })
}

/** Throws for an answer that is neither what was asked for nor "there is none"; Passing where the server is only busy. */
export function refuse(reply: Reply): never {
  const { url, status } = reply
  const busy = status === 429 || status === 408 || (status >= 500 && status !== 501 && status !== 505)
  const why = `the server answered ${status}`
  if (busy) throw new Passing(unreachable(url, why, 'try again later, or another --mirror', new Answered(status)), waitOf(reply.header('retry-after')))
  const hint = status === 401 || status === 403 ? 'the server does not let everyone in' : status === 407 ? 'the proxy wants a name and a password: http://NAME:PASSWORD@HOST in http_proxy' : undefined
  throw unreachable(url, why, hint, new Answered(status))
}

/** Retry-After: seconds, or a date. In milliseconds. */
function waitOf(header: string | undefined): number | undefined {
  if (header === undefined) return undefined
  if (/^\d{1,9}$/.test(header)) return Number(header) * 1000
  const date = Date.parse(header)
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now())
}
