// Unpacking by the addon: one archive, or the layers of an image over one another, into one directory;
// in threads of its own, watched, and stopped when the caller gives up. What an archive may cost, and
// which of its claims are honoured, is said here; how, in core/.
import { closeSync, mkdirSync } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { Socket } from 'node:net'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Readable } from 'node:stream'
import type { Cache } from './cache.ts'
import type { TreeReport } from './cache/record.ts'
import type { FetchOptions } from './fetch.ts'
import { failed, failedCall, native, noAnswer, watched, type NativeReport } from './native.ts'
import type { IdMaps, Owners } from './owners.ts'

/** What one archive may cost; defaults are far above any root file system in use. */
export interface Limits {
  /** Bytes after decompression; default 16 GiB. */
  readonly bytes?: number | undefined
  /** Files, directories and links; default 1,000,000. */
  readonly entries?: number | undefined
  /** Bytes out for each byte in, once 64 MiB have come out; default 200. */
  readonly ratio?: number | undefined
  /** Directories inside one another; default 1024. */
  readonly depth?: number | undefined
  /** Bytes of a path; default and most 4095. */
  readonly path?: number | undefined
  /** Bytes of a component of a path; default and most 255. */
  readonly name?: number | undefined
}

export interface UnpackOptions {
  /** Owners as in the archive. Default: where this process can give them. */
  readonly exactOwners?: boolean | undefined
  /** Set no set-id bits. */
  readonly stripSetId?: boolean | undefined
  /** Device nodes and FIFOs; `keep` needs root. Default `skip`: counted in the report. */
  readonly devices?: 'skip' | 'keep' | undefined
  /** Of the extended attributes that may be set (`user.*`, file capabilities, ACLs), only these: names, or beginnings that end in `*`. */
  readonly xattrs?: readonly string[] | undefined
  /** Bring everything to disk at the end; default true. */
  readonly sync?: boolean | undefined
  readonly limits?: Limits | undefined
}

export type Sum = 'sha256' | 'sha512' | 'diffId'

export interface ArchiveOptions {
  /** A layer of an OCI image: its whiteouts take away what lower layers brought. */
  readonly layer?: boolean | undefined
  /** `sha256`, `sha512` of the archive as it is, `diffId`: SHA-256 of the tar in it. Each costs time. */
  readonly sums?: readonly Sum[] | undefined
  /** Names it in errors. */
  readonly name?: string | undefined
  readonly signal?: AbortSignal | undefined
  /** Bytes are those of the archive. */
  readonly onProgress?: ((progress: { bytes: number; entries: number }) => void) | undefined
}

/** Whether this process can give files to the owners that an archive names. */
export function canGiveOwners(): boolean {
  return native().canGiveOwners()
}

/**
 * A directory that archives are unpacked into, one after another: `archive` for each, lowest layer first, then `finish`, without which
 * directories lack their attributes. After a failure the directory holds half of something, and must go.
 */
export class Unpacker {
  readonly #unpacking = new (native().Unpacking)()
  readonly #target: string

  /** Takes an empty directory; throws a ToolError. */
  constructor(target: string, options: UnpackOptions = {}) {
    const { exactOwners = canGiveOwners(), stripSetId = false, devices, xattrs, sync = true, limits = {} } = options
    this.#target = target
    const failure = this.#unpacking.open({
      target, exactOwners, stripSetId, keepDevices: devices === 'keep', sync, limits: given(limits),
      ...(xattrs === undefined ? {} : { xattrs: [...xattrs] }),
    })
    if (failure) throw failed(`cannot unpack into ${target}`, failure, target)
  }

  /** Unpacks a file from its beginning, whatever its position, or what a pipe brings. Only the descriptor is needed, and only until this returns. */
  async archive(fd: number, options: ArchiveOptions = {}): Promise<NativeReport> {
    const { layer = false, sums = [], name = 'the archive', signal, onProgress } = options
    const unpacking = this.#unpacking
    const tell = onProgress && ((): void => {
      const { read, entries } = unpacking.progress()
      onProgress({ bytes: read, entries })
    })
    const { report, failure } = await watched(unpacking, signal, tell, async () => await unpacking.archive({ archive: fd, layer, sums: [...sums] }))
    signal?.throwIfAborted()
    if (report) return report
    throw failed(`cannot unpack ${name}`, failure ?? noAnswer, this.#target)
  }

  /** The same of a stream, which is read to its end even where unpacking fails before. */
  async stream(source: Readable, options: ArchiveOptions = {}): Promise<NativeReport> {
    const { reader, writer } = native().makePipe()
    const into = new Socket({ fd: writer, readable: false, writable: true })
    const unpacked = this.archive(reader, options)
    closeSync(reader)
    try {
      const [report] = await Promise.all([unpacked, pipeline(source, into)])
      return report
    } catch (error) {
      source.destroy()
      // Where unpacking failed, the pipe broke because of that.
      await unpacked
      throw error
    } finally {
      into.destroy()
      await unpacked.catch(() => {})
    }
  }

  /** Completes the tree. The report is of what could not be given to directories. */
  async finish(): Promise<NativeReport> {
    const { report, failure } = await this.#unpacking.finish()
    if (report) return report
    throw failed('cannot complete the tree', failure ?? noAnswer, this.#target)
  }
}

/** Absent, not undefined: the addon tells these apart. */
function given(limits: Limits): Record<string, number> {
  return Object.fromEntries(Object.entries(limits).filter(([, n]) => n !== undefined)) as Record<string, number>
}

/** One archive, a stream or a descriptor, into an empty directory; with its SHA-512. Throws a ToolError; what is in the directory then must go. */
export async function unpack(source: Readable | number, target: string, options: UnpackOptions & ArchiveOptions = {}): Promise<NativeReport> {
  const unpacker = new Unpacker(target, options)
  const how: ArchiveOptions = { sums: ['sha512'], ...options }
  const report = typeof source === 'number' ? await unpacker.archive(source, how) : await unpacker.stream(source, how)
  return add(report, await unpacker.finish())
}

/** The reports of layers, or of archive and directories, as one; sums are those of the first. */
export function add(first: NativeReport, ...others: readonly NativeReport[]): NativeReport {
  const sum = { ...first }
  for (const other of others) {
    for (const key of ['entries', 'read', 'bytes', 'devices', 'owners', 'setIds', 'attributes', 'replaced', 'records', 'whiteouts'] as const) sum[key] += other[key]
  }
  return sum
}

/** An archive and the sum that it must have, `sha256:HEX`: that one is made while it is read. */
export interface Summed {
  readonly file: FileHandle
  readonly digest: string
  /** It is a layer; the sum of its tar is made too. */
  readonly diffId?: string | undefined
}

/** Archives into one empty directory, as data: the descriptors come beside. */
export interface TreeRequest {
  readonly target: string
  /** Names them in errors. */
  readonly source: string
  readonly options: UnpackOptions
  /** Of each archive, lowest first. */
  readonly archives: readonly { readonly layer: boolean; readonly sums: readonly Sum[] }[]
}

export interface TreeProgress {
  /** Of the archives before it, and of this one. */
  readonly bytes: number
  readonly entries: number
}

/** Unpacks archives over one another; a report for each, and one for the directories at the end. */
export async function unpackTree({ target, source, options, archives }: TreeRequest, fds: readonly number[], { signal, onProgress }: Pick<ArchiveOptions, 'signal' | 'onProgress'>): Promise<readonly NativeReport[]> {
  const unpacker = new Unpacker(target, options)
  const reports: NativeReport[] = []
  for (const [i, fd] of fds.entries()) {
    const before = reports.reduce((all, { read, entries }) => ({ read: all.read + read, entries: all.entries + entries }), { read: 0, entries: 0 })
    reports.push(await unpacker.archive(fd, {
      ...archives[i], name: source, signal,
      ...(onProgress ? { onProgress: ({ bytes, entries }) => onProgress({ bytes: before.read + bytes, entries: before.entries + entries }) } : {}),
    }))
  }
  return [...reports, await unpacker.finish()]
}

/** Unpacks archives into `made`/rootfs, which is made anew; several as the layers of an image, lowest first. `source` names them in errors. */
export async function unpackInto(cache: Cache, made: string, archives: readonly Summed[], source: string, { owners, ...options }: Omit<FetchOptions, 'owners'> & { readonly owners: Owners }): Promise<{ reports: readonly NativeReport[]; total: TreeReport }> {
  const { signal, onProgress, maxBytes, maxEntries, limits, xattrs, stripSetId, devices } = options
  const target = await freshTree(cache, made)
  const sizes = await Promise.all(archives.map(async ({ file }) => (await file.stat()).size))
  const total = sizes.reduce((sum, size) => sum + size, 0)
  const request: TreeRequest = {
    target, source,
    archives: archives.map(({ digest, diffId }) => ({
      layer: diffId !== undefined || archives.length > 1, sums: [digest.startsWith('sha256:') ? 'sha256' : 'sha512', ...(diffId === undefined ? [] : ['diffId' as const])],
    })),
    options: { exactOwners: owners.kind !== 'own', stripSetId, devices, xattrs, limits: { ...limits, bytes: maxBytes, entries: maxEntries } },
  }
  const fds = archives.map(({ file }) => file.fd)
  const how = { signal, ...(onProgress ? { onProgress: (at: TreeProgress) => onProgress({ phase: 'unpack', ...at, total }) } : {}) }
  const all = owners.kind === 'mapped' ? await unpackMapped(owners.ids, request, fds, { ...how, locks: cache.held() }) : await unpackTree(request, fds, how)
  const { read: _, sha256: __, sha512: ___, diffId: ____, ...sum } = add(...(all as [NativeReport, ...NativeReport[]]))
  return { reports: all.slice(0, -1), total: sum }
}

async function unpackMapped(ids: IdMaps, request: TreeRequest, fds: readonly number[], { onProgress, ...how }: { signal?: AbortSignal | undefined; locks: readonly number[]; onProgress?: (at: TreeProgress) => void }): Promise<readonly NativeReport[]> {
  const { inNamespace } = await import('./rootless/start.ts')
  return await inNamespace(ids, 'unpack', request, { ...how, fds, ...(onProgress ? { onProgress: at => onProgress(at as TreeProgress) } : {}) })
}

/** An empty `made`/rootfs, whatever was there, that nobody else can look into yet. */
export async function freshTree(cache: Cache, made: string): Promise<string> {
  const target = join(made, 'rootfs')
  await cache.remove(made)
  try {
    mkdirSync(made, { mode: 0o755 })
    mkdirSync(target, { mode: 0o700 })
  } catch (cause) {
    throw failedCall(`cannot make ${target}`, cause, cache.root)
  }
  return target
}
