// The archive itself, open and verified: a local file as it is, or a blob of the cache, downloaded where missing.
import { constants, existsSync } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { ToolError } from '@srcon/kit/error'
import type { Cache } from './cache.ts'
import type { FetchOptions, Found } from './fetch.ts'
import type { Mirror } from './mirror.ts'
import { tool } from './native.ts'
import { verifySum } from './sums.ts'

/** A local file that is open, or a path on a mirror. */
export type Archive = { readonly file: FileHandle } | { readonly mirror: Mirror; readonly path: string }

export interface OpenArchive {
  /** To be closed by the caller. */
  readonly file: FileHandle
  readonly sha512: string
  /** Read or downloaded by this call: there is no other copy to try. */
  readonly fresh: boolean
}

/** Largest archive that is fetched unless `maxBytes` says more, bytes. */
const LARGEST = 4 * 1024 ** 3

/** Call it with the lock of `found.key` held. */
export async function getArchive(cache: Cache, found: Found, options: FetchOptions): Promise<OpenArchive> {
  const { archive, sha512, source } = found
  if (archive && 'file' in archive && sha512 !== undefined) {
    // A descriptor of its own: the caller closes it.
    return { file: await open(`/proc/self/fd/${archive.file.fd}`, 'r'), sha512, fresh: true }
  }
  if (sha512 !== undefined && existsSync(cache.blob(sha512))) return { file: await openBlob(cache, sha512), sha512, fresh: false }
  if (!archive || 'file' in archive) {
    throw new ToolError(tool, `${source} is not in the cache`, { code: 'E_NOT_FOUND', path: cache.root, hint: 'leave --offline out once' })
  }
  const sum = await download(cache, found, archive, options)
  return { file: await openBlob(cache, sum), sha512: sum, fresh: true }
}

async function openBlob(cache: Cache, sha512: string): Promise<FileHandle> {
  return await open(cache.blob(sha512), constants.O_RDONLY | constants.O_NOFOLLOW)
}

async function download(cache: Cache, found: Found, { mirror, path }: { mirror: Mirror; path: string }, options: FetchOptions): Promise<string> {
  const { signal, onProgress, maxBytes } = options
  const made = cache.temporary(found.key, 'blob')
  await cache.remove(made)
  try {
    const url = mirror.url(path).href
    const onBytes = (bytes: number, total: number | undefined): void => onProgress?.({ phase: 'download', url, bytes, total })
    const copied = await mirror.copy(path, made, { signal, onBytes, limit: Math.max(LARGEST, maxBytes ?? 0) })
    if (!copied) throw new ToolError(tool, `${url} does not exist`, { code: 'E_NOT_FOUND', hint: 'try another version or another --mirror' })
    if (found.sha512 !== undefined) verifySum(url, copied.sha512, found.sha512, found.verified === 'pinned' ? 'the given sum' : 'the mirror\'s own list')
    cache.commit(made, cache.blob(copied.sha512))
    return copied.sha512
  } finally {
    await cache.remove(made)
  }
}
