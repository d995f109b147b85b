// An image in a tar, as `skopeo copy … oci-archive:` and `docker save` write it. The tar is read where it lies, by the places of its
// members; a layer that has to be unpacked is copied into the cache first. One that is compressed as a whole is decompressed
// into the cache's tmp/, since nothing can be found in it without.
import { createHash } from 'node:crypto'
import { open, type FileHandle } from 'node:fs/promises'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import * as zlib from 'node:zlib'
import { ToolError } from '@srcon/kit/error'
import { formatSize } from '@srcon/kit/size'
import { compressionOfBytes } from '../../compression.ts'
import type { Digest } from '../../digest.ts'
import { failedCall, tool } from '../../native.ts'
import { pinnedDigests } from '../../pinned.ts'
import type { Ask, Origin } from '../kind.ts'
import { checkPinned, openLocal } from '../local-file.ts'
import { readWhole } from './folder.ts'
import { blobName, type Store } from './store.ts'
import { memberOf, readMembers, type Member } from './tar-members.ts'

/** As of every archive, bytes. */
const maxBytes = 2 ** 34
const CHUNK = 1 << 20

export interface TarStore extends Store {
  has(name: string): boolean
  /** The first bytes of a member. */
  head(name: string): Promise<Buffer>
  /** Of a member's bytes. */
  sum(name: string): Promise<Digest>
  /** A member as what an archive is taken from; equal keys are equal members. */
  origin(name: string, key: string): { readonly origin: Origin; readonly size: number } | undefined
}

/** Opens a file and holds it against the sums that the caller gave. */
export async function openTar(path: string, ask: Ask): Promise<TarStore> {
  const given = await openLocal(path)
  let plain: Plain | undefined
  try {
    await checkPinned(path, given, pinnedDigests(ask.options), ask.signal)
    plain = await decompressed(given, path, ask)
    const { file } = plain
    return storeOf(path, file, await readMembers(file, path), ask.signal, async () => {
      await plain?.release()
      await given.close()
    })
  } catch (error) {
    await plain?.release()
    await given.close()
    throw error
  }
}

function storeOf(path: string, file: FileHandle, members: ReadonlyMap<string, Member>, signal: AbortSignal | undefined, close: () => Promise<void>): TarStore {
  const place = (name: string): Member => {
    const member = memberOf(members, name)
    if (!member) throw new ToolError(tool, `${path}: ${name} is missing`, { code: 'E_IMAGE', path })
    return member
  }
  const origin = (name: string, key: string): { origin: Origin; size: number } | undefined => {
    const member = memberOf(members, name)
    return member && { size: member.size, origin: { key, make: async (to, stop) => await copyOut(file, member, to, stop) } }
  }
  return {
    path, close, origin,
    has: name => memberOf(members, name) !== undefined,
    read: async (name, limit) => {
      const member = memberOf(members, name)
      return member && (await readWhole(file, limit, `${path}: ${name}`, member.at, member.size))
    },
    blob: async digest => await Promise.resolve(origin(blobName(digest), digest)?.origin),
    head: async name => {
      const { at, size } = place(name)
      return await readWhole(file, 8, name, at, Math.min(size, 8))
    },
    sum: async name => {
      const hash = createHash('sha256')
      for await (const part of parts(file, place(name), signal)) hash.update(part)
      return `sha256:${hash.digest('hex')}`
    },
  }
}

/** The bytes of a member, in one buffer that is used again. */
async function* parts(file: FileHandle, { at, size }: Member, signal: AbortSignal | undefined): AsyncGenerator<Buffer> {
  const buffer = Buffer.allocUnsafe(Math.min(CHUNK, size))
  for (let done = 0; done < size; ) {
    signal?.throwIfAborted()
    const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, size - done), at + done)
    if (bytesRead === 0) throw new ToolError(tool, 'the archive became shorter while it was read', { code: 'E_ARCHIVE_TRUNCATED' })
    yield buffer.subarray(0, bytesRead)
    done += bytesRead
  }
}

async function copyOut(file: FileHandle, member: Member, to: string, signal: AbortSignal | undefined): Promise<void> {
  const out = await open(to, 'wx', 0o644)
  try {
    for await (const part of parts(file, member, signal)) await out.writeFile(part)
  } catch (cause) {
    throw cause instanceof ToolError || signal?.aborted ? cause : failedCall(`cannot write ${to}`, cause, to)
  } finally {
    await out.close()
  }
}

interface Plain {
  readonly file: FileHandle
  release(): Promise<void>
}

/** The file itself, or what it decompresses to. */
async function decompressed(file: FileHandle, path: string, { cache, options, signal }: Ask): Promise<Plain> {
  const head = await readWhole(file, 8, path, 0, 8)
  const kind = head.subarray(0, 6).equals(Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0])) ? 'xz' : compressionOfBytes(head)
  if (kind === 'none') return { file, release: async () => await Promise.resolve() }
  // Node has zstd since 22.15.
  const zstd = (zlib as { createZstdDecompress?: () => Transform }).createZstdDecompress
  const through = kind === 'gzip' ? zlib.createGunzip() : kind === 'zstd' ? zstd?.() : undefined
  if (!through) throw new ToolError(tool, `${path} is compressed as a whole by ${kind}`, { code: 'E_UNSUPPORTED', path, why: kind === 'zstd' ? `this Node (${process.version}) has no zstd: it came with 22.15` : 'only gzip and zstd are read in place', hint: `decompress it first: ${kind} -d` })
  const key = `image-${createHash('sha256').update(path).digest('hex')}`
  const lock = await cache.lock(key, signal, () => options.onProgress?.({ phase: 'wait', label: path, bytes: 0 }))
  const made = cache.temporary(key, 'tar')
  const release = async (): Promise<void> => {
    await cache.remove(made)
    lock.release()
  }
  try {
    await cache.remove(made)
    const out = await open(made, 'wx+', 0o600)
    try {
      options.onProgress?.({ phase: 'make', label: path, bytes: 0, note: 'decompressing' })
      await pipeline(Readable.from(copies(file, signal)), through, limited(options.maxBytes ?? maxBytes, path), async (source: AsyncIterable<Buffer>) => {
        for await (const part of source) await out.writeFile(part)
      }, { signal })
    } catch (cause) {
      await out.close()
      throw wrong(cause, path, made, signal)
    }
    return {
      file: out,
      release: async () => {
        await out.close()
        await release()
      },
    }
  } catch (error) {
    await release()
    throw error
  }
}

/** As `parts`, each a buffer of its own: a stream keeps some. */
async function* copies(file: FileHandle, signal: AbortSignal | undefined): AsyncGenerator<Buffer> {
  const { size } = await file.stat()
  for await (const part of parts(file, { at: 0, size }, signal)) yield Buffer.from(part)
}

function limited(most: number, path: string): Transform {
  let bytes = 0
  return new Transform({
    transform(part: Buffer, _, done) {
      bytes += part.length
      if (bytes > most) done(new ToolError(tool, `${path} is larger than ${formatSize(most)}`, { code: 'E_ARCHIVE_LIMIT', path, hint: 'if you trust it, raise --max-bytes' }))
      else done(null, part)
    },
  })
}

function wrong(cause: unknown, path: string, made: string, signal: AbortSignal | undefined): unknown {
  if (cause instanceof ToolError || signal?.aborted) return cause
  const { code, message } = cause as NodeJS.ErrnoException
  if (code === 'Z_BUF_ERROR') return new ToolError(tool, `${path}: the archive ends too early`, { code: 'E_ARCHIVE_TRUNCATED', path, hint: 'fetch the archive again' })
  if (code?.startsWith('Z_') || code?.startsWith('ZSTD_')) return new ToolError(tool, `${path}: ${message}`, { code: 'E_ARCHIVE_DAMAGED', path, hint: 'fetch the archive again' })
  return failedCall(`cannot decompress ${path}`, cause, made)
}
