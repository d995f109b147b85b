// The archive itself, open and verified: a local file as it is, or a blob of the cache, fetched where missing.
import { createHash } from 'node:crypto'
import { constants, rmSync, statSync } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { ToolError } from '@srcon/kit/error'
import type { Cache } from './cache.ts'
import { splitDigest, verifyDigest, type Algorithm, type Digest } from './digest.ts'
import { failedCall, tool } from './native.ts'
import type { Archive, Ask, Origin } from './source/kind.ts'

export interface OpenArchive {
  /** To be closed by the caller. */
  readonly file: FileHandle
  readonly digest: Digest
  /** Read or fetched by this call: there is no other copy to try. */
  readonly fresh: boolean
  /** Fingerprint of the key that signed the archive itself, checked by this call. */
  readonly signedBy: string | undefined
}

/** Names the lock under which an archive is fetched, and what is made of it meanwhile: its sum, or where it comes from. */
export function keyOf({ digests, from, label }: Archive): string {
  const [digest] = digests
  if (digest !== undefined) return `blob-${splitDigest(digest).hex}`
  return `blob-${createHash('sha512').update(from && 'url' in from ? from.url.href : from && 'make' in from ? from.key : label).digest('hex')}`
}

/** Waits while another process fetches the same. `source` names it in errors. */
export async function getArchive(source: string, archive: Archive, ask: Ask): Promise<OpenArchive> {
  const { cache, options, signal } = ask
  const lock = await cache.lock(keyOf(archive), signal, () => options.onProgress?.({ phase: 'wait', label: archive.label, bytes: 0 }))
  try {
    return await getLocked(source, archive, ask)
  } finally {
    lock.release()
  }
}

async function getLocked(source: string, archive: Archive, ask: Ask): Promise<OpenArchive> {
  const { cache } = ask
  const { from, digests } = archive
  const [digest] = digests
  if (from && 'file' in from && digest !== undefined) {
    const { size } = await from.file.stat()
    if (archive.size !== undefined && size !== archive.size) {
      throw new ToolError(tool, `${source}: ${archive.label} has ${size} bytes`, { code: 'E_CHECKSUM', why: `${archive.says} says ${archive.size}`, hint: 'it is damaged, has changed or was forged: do not use it' })
    }
    // A descriptor of its own: the caller closes it.
    return await checked(archive, await open(`/proc/self/fd/${from.file.fd}`, 'r'), digest, true)
  }
  if (digest !== undefined && cache.hasBlob(digest)) {
    cache.used(cache.blob(digest))
    return await checked(archive, await openBlob(cache, digest), digest, false)
  }
  if (!from || 'file' in from) {
    throw new ToolError(tool, `${source} is not in the cache`, { code: 'E_NOT_FOUND', path: cache.root, hint: 'leave --offline out once' })
  }
  const made = 'url' in from ? await download(archive, from, ask) : await build(archive, from.make, ask)
  return await checked(archive, await openBlob(cache, made), made, true)
}

async function openBlob(cache: Cache, digest: Digest): Promise<FileHandle> {
  try {
    return await open(cache.blob(digest), constants.O_RDONLY | constants.O_NOFOLLOW)
  } catch (cause) {
    throw failedCall(`cannot open ${cache.blob(digest)}`, cause, cache.root)
  }
}

/** A signature over the archive counts for these very bytes: the descriptor that is unpacked is the one that is checked. */
async function checked(archive: Archive, file: FileHandle, digest: Digest, fresh: boolean): Promise<OpenArchive> {
  try {
    if (archive.compression !== undefined) await (await import('./compression.ts')).checkCompression(archive, file)
    const signedBy = archive.check && (await archive.check(`/proc/self/fd/${file.fd}`)).signedBy
    return { file, digest, fresh, signedBy }
  } catch (error) {
    await file.close()
    throw error
  }
}

async function download(archive: Archive, { url, headers, denied }: Extract<Origin, { url: URL }>, { cache, client, options, signal }: Ask): Promise<Digest> {
  const { label, digests, says, size } = archive
  const to = cache.partial(keyOf(archive))
  const onBytes = (bytes: number, total: number | undefined): void => options.onProgress?.({ phase: 'download', label, url: url.href, bytes, total })
  const got = await client.download({ url, to, digests, says, size, headers, denied, signal, onBytes })
  if (!got) throw new ToolError(tool, `${url.href} does not exist`, { code: 'E_NOT_FOUND', hint: 'try another version or another --mirror' })
  try {
    cache.commit(to, cache.blob(got.digest))
    return got.digest
  } catch (error) {
    rmSync(to, { force: true })
    throw error
  } finally {
    rmSync(`${to}.json`, { force: true })
  }
}

/** What a program makes has the sum that it has. */
async function build(archive: Archive, make: (to: string, signal: AbortSignal | undefined) => Promise<void>, { cache, options, signal }: Ask): Promise<Digest> {
  const made = cache.temporary(keyOf(archive), 'made')
  await cache.remove(made)
  try {
    options.onProgress?.({ phase: 'make', label: archive.label, bytes: 0 })
    await make(made, signal)
    const file = await open(made, 'r')
    try {
      const digest = await hashFile(file, archive.digests[0] === undefined ? 'sha512' : splitDigest(archive.digests[0]).algorithm, signal)
      for (const wanted of archive.digests) verifyDigest(archive.label, await hashFile(file, splitDigest(wanted).algorithm, signal), wanted, archive.says)
      await file.sync()
      cache.commit(made, cache.blob(digest))
      return digest
    } finally {
      await file.close()
    }
  } finally {
    if (statSync(made, { throwIfNoEntry: false })) await cache.remove(made)
  }
}

/** Digest of an open file; its position stays. */
export async function hashFile(file: FileHandle, algorithm: Algorithm, signal?: AbortSignal): Promise<Digest> {
  const hash = createHash(algorithm)
  const buffer = Buffer.allocUnsafe(1 << 20)
  for (let at = 0; ; ) {
    signal?.throwIfAborted()
    const { bytesRead } = await file.read(buffer, 0, buffer.length, at)
    if (bytesRead === 0) return `${algorithm}:${hash.digest('hex')}`
    hash.update(buffer.subarray(0, bytesRead))
    at += bytesRead
  }
}
