// The addon, loaded by the first who needs it.
import { loadAddon } from '@srcon/kit/addon'
import { errnoName } from '@srcon/kit/errno'
import { ToolError } from '@srcon/kit/error'
import type * as Native from '../native/index.d.ts'

let loaded: typeof Native | undefined

export function native(): typeof Native {
  return (loaded ??= loadAddon<typeof Native>('caps', import.meta.url))
}

/** `EPERM (setxattr)`. */
export function how({ syscall, errno, note }: Native.SystemError): string {
  return errno === 0 ? note : `${errnoName(errno)} (${syscall})`
}

/** A failed call as an error. */
export function failed(what: string, error: Native.SystemError, more: { readonly why?: string | undefined; readonly hint?: string | undefined } = {}): ToolError {
  const code = error.errno === 0 ? 'E_STEP' : errnoName(error.errno)
  return new ToolError('caps', `${what}: ${how(error)}`, { code, syscall: error.syscall, errno: error.errno, ...(error.path ? { path: error.path } : {}), ...more })
}
