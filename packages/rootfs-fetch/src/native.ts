// The addon, and its failures as errors of the house: what failed, why (looked at, not guessed), what to do.
import { statfsSync } from 'node:fs'
import { loadAddon } from '@srcon/kit/addon'
import { errnoName } from '@srcon/kit/errno'
import { ToolError } from '@srcon/kit/error'
import { formatSize } from '@srcon/kit/size'
import type * as Addon from '../native/index.d.ts'

export type { NativeFailure, NativeReport, UnpackRequest } from '../native/index.d.ts'

export const tool = 'rootfs-fetch'

let loaded: typeof Addon | undefined

/** Loaded when first needed: usage errors and help do without. */
export function native(): typeof Addon {
  loaded ??= loadAddon<typeof Addon>(tool, import.meta.url)
  return loaded
}

const remedies: Readonly<Record<string, { why?: string; hint: string }>> = {
  E_ARCHIVE_DAMAGED: { hint: 'fetch the archive again' },
  E_ARCHIVE_TRUNCATED: { hint: 'fetch the archive again' },
  E_ARCHIVE_UNSAFE: { why: 'the archive reaches out of its tree, or can be read in two ways', hint: 'do not use this archive' },
  E_ARCHIVE_UNSUPPORTED: { hint: 'give a tar archive, plain or compressed by gzip, zstd or xz' },
  E_ARCHIVE_LIMIT: { why: 'it is larger than any archive may be here', hint: 'if you trust it, raise --max-bytes or --max-entries' },
}

/** An error of the core. `what`: what was to be done, `cannot unpack x.tar.gz`; `near`: a path on the file system concerned. */
export function failed(what: string, failure: Addon.NativeFailure, near: string): ToolError {
  const { code, message, entry, syscall, errno } = failure
  const about = entry === '' ? '' : ` ${entry}:`
  if (code !== 'E_SYSTEM') {
    return new ToolError(tool, `${what}:${about} ${message}`, { code, path: entry || undefined, ...remedies[code] })
  }
  const name = errnoName(errno)
  return new ToolError(tool, `${what}:${about} ${name} (${syscall})`, { code: name, errno, syscall, path: entry || undefined, why: message, ...probe(name, near) })
}

/** What stands for a failure where the addon gave neither an answer nor one. */
export const noAnswer: Addon.NativeFailure = { code: 'E_INTERNAL', message: 'no answer', entry: '', syscall: '', errno: 0 }

/** How often progress is told, milliseconds. */
const TICK = 100

/** Work of the addon that can be stopped, and asked how far it is; the signal's reason is for the caller to throw. */
export async function watched<T>(work: { cancel(): void }, signal: AbortSignal | undefined, tell: (() => void) | undefined, act: () => Promise<T>): Promise<T> {
  const cancel = (): void => work.cancel()
  const clock = tell && setInterval(tell, TICK)
  signal?.addEventListener('abort', cancel)
  try {
    if (signal?.aborted) cancel()
    return await act()
  } finally {
    signal?.removeEventListener('abort', cancel)
    clearInterval(clock)
  }
}

/** An error of Node's own file functions. */
export function failedCall(what: string, cause: unknown, near: string): ToolError {
  const { code, errno, syscall, path, message } = cause as NodeJS.ErrnoException
  if (code === undefined || syscall === undefined) return new ToolError(tool, `${what}: ${message}`, { code: 'E_INTERNAL', cause })
  return new ToolError(tool, `${what}: ${code} (${syscall})`, { code, errno: errno === undefined ? undefined : -errno, syscall, path, cause, ...probe(code, near) })
}

function probe(code: string, near: string): { why?: string; hint?: string } {
  if (code === 'ENOSPC') {
    try {
      const { bavail, bsize, ffree } = statfsSync(near)
      return { why: `the file system of ${near} has ${formatSize(bavail * bsize)} and ${ffree} inodes left`, hint: 'make room, or put the cache elsewhere: SRCON_CACHE' }
    } catch {
      return { hint: 'make room, or put the cache elsewhere: SRCON_CACHE' }
    }
  }
  if (code === 'EROFS' || code === 'EACCES' || code === 'EPERM') return { hint: `put the cache where you may write: SRCON_CACHE (now ${near})` }
  return {}
}
