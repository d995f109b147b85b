// From a source to a tree: find the archive, have its sum, and unless the cache holds the tree already,
// get the archive, unpack it aside and put it in its place. Whoever comes second waits for the first and
// finds everything there.
import { ToolError, usage } from '@srcon/kit/error'
import { getArchive, type Archive } from './archive.ts'
import { Cache, defaultCache, type TreeRecord, type TreeReport, type Verified } from './cache.ts'
import { tool } from './native.ts'
import { parseSource, type Source } from './source.ts'
import { fromAlpine } from './source/fetch-alpine.ts'
import { fromTar } from './source/tar.ts'
import { readSum } from './sums.ts'
import { canGiveOwners, unpackInto } from './unpack.ts'

export interface FetchOptions {
  /** SHA-512 that the archive must have, hexadecimal. */
  readonly sha512?: string | undefined
  /** Where Alpine lies: a URL or a directory. Default: SRCON_ALPINE_MIRROR, else Alpine's own. */
  readonly mirror?: string | undefined
  /** As Alpine writes it, `x86_64`. Default: of this machine. */
  readonly arch?: string | undefined
  /** Where trees are kept. Default: SRCON_CACHE, else XDG_CACHE_HOME/srcon, else ~/.cache/srcon. */
  readonly cache?: string | undefined
  /** Only what is in the cache. */
  readonly offline?: boolean | undefined
  /** Accept an archive for which the mirror has no sum. */
  readonly insecure?: boolean | undefined
  /** Set no set-id bits. */
  readonly stripSetId?: boolean | undefined
  /** Device nodes and FIFOs; `keep` needs root. */
  readonly devices?: 'skip' | 'keep' | undefined
  /** Most bytes after decompression; default 16 GiB. */
  readonly maxBytes?: number | undefined
  /** Most files, directories and links; default 1,000,000. */
  readonly maxEntries?: number | undefined
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((progress: Progress) => void) | undefined
}

/** `wait`: another process works on the same archive. Bytes are those of the archive. */
export interface Progress {
  readonly phase: 'wait' | 'download' | 'unpack'
  readonly bytes: number
  readonly total?: number | undefined
  /** Of a download. */
  readonly url?: string
  /** While unpacking. */
  readonly entries?: number
}

/** A tree and where it came from. */
export interface Rootfs {
  /** Absolute. */
  readonly path: string
  readonly source: string
  readonly version?: string | undefined
  readonly arch?: string | undefined
  readonly sha512: string
  readonly verified: Verified
  /** The tree was there already. */
  readonly cached: boolean
  readonly report: TreeReport
  /** In which ways the tree is not what the archive says, and what was not verified: a line each. */
  readonly notes: readonly string[]
}

/** What a source found: an archive with a known sum, or one whose sum only getting it will tell. */
export interface Found {
  readonly source: string
  readonly version?: string | undefined
  readonly arch?: string | undefined
  readonly verified: Verified
  /** Names the lock; the sum itself where it is known. */
  readonly key: string
  readonly sha512: string | undefined
  /** Remembered under this name, so that it is found without the mirror. */
  readonly ref?: string
  readonly notes: readonly string[]
  /** Where the archive is; absent: only in the cache. */
  readonly archive?: Archive | undefined
  /** To be called in any case. */
  close?(): Promise<void>
}

/** Makes the tree of `source` (`alpine:3.20`, `tar:FILE`) unless it is there. Throws a ToolError, or the signal's reason. */
export async function fetchRootfs(source: string | Source, options: FetchOptions = {}): Promise<Rootfs> {
  const parsed = typeof source === 'string' ? parseSource(source) : source
  const pinned = options.sha512 === undefined ? undefined : readSum('--sha512', options.sha512)
  if (options.devices === 'keep' && !canGiveOwners()) throw usage(tool, 'only root can make devices', 'leave --devices=keep out')
  options.signal?.throwIfAborted()
  const cache = await Cache.open(options.cache ?? defaultCache())
  const found = parsed.kind === 'tar' ? await fromTar(parsed.file, pinned, options.signal) : await fromAlpine(cache, parsed.version, pinned, options)
  try {
    const there = isRemembered(cache, found) ? treeOf(cache, found, options) : undefined
    return there ?? (await makeTree(cache, found, options))
  } finally {
    await found.close?.()
  }
}

/** What changes a tree is part of its name. */
function variantOf({ stripSetId, devices }: FetchOptions): string {
  const owners = canGiveOwners() ? '' : `-uid${process.geteuid?.()}-${process.getegid?.()}`
  return `${owners}${stripSetId ? '-nosetid' : ''}${devices === 'keep' ? '-devices' : ''}`
}

function treeOf(cache: Cache, found: Found, options: FetchOptions): Rootfs | undefined {
  if (found.sha512 === undefined) return undefined
  const tree = cache.tree(found.sha512 + variantOf(options))
  return tree && result(found, tree.path, found.sha512, tree.record.report, true)
}

async function makeTree(cache: Cache, found: Found, options: FetchOptions): Promise<Rootfs> {
  const { signal, onProgress } = options
  const lock = await cache.lock(found.key, signal, () => onProgress?.({ phase: 'wait', bytes: 0 }))
  try {
    const there = treeOf(cache, found, options)
    if (there) {
      remember(cache, found, there.sha512)
      return there
    }
    return await unpackArchive(cache, found, options)
  } finally {
    lock.release()
  }
}

/** With the lock held. An archive in the cache that turns out damaged is fetched once more. */
async function unpackArchive(cache: Cache, found: Found, options: FetchOptions): Promise<Rootfs> {
  for (let again = false; ; again = true) {
    const { file, sha512, fresh } = await getArchive(cache, found, options)
    const name = sha512 + variantOf(options)
    const known = found.sha512 === undefined ? cache.tree(name) : undefined
    const made = cache.temporary(found.key, 'tree')
    try {
      // Only now, with the archive at hand, its sum is known.
      if (known) return finish(cache, found, known.path, sha512, known.record.report, true)
      const report = await unpackInto(cache, made, file, found.source, options)
      if (report.sha512 === sha512) {
        const { read: _, sha512: __, ...kept } = report
        const { source, version, arch, verified } = found
        const record: TreeRecord = { source, version, arch, sha512, verified, report: kept }
        return finish(cache, found, await cache.commitTree(made, name, record), sha512, kept, false)
      }
      if (again || fresh) throw changed(found.source)
    } catch (error) {
      // A damaged archive of the cache looks like damage of any kind.
      const damaged = error instanceof ToolError && /^E_ARCHIVE_(?:DAMAGED|TRUNCATED|UNSAFE|UNSUPPORTED|LIMIT)$/.test(error.code)
      if (again || fresh || !damaged) throw error
    } finally {
      await file.close()
      await cache.remove(made)
    }
    await cache.remove(cache.blob(sha512))
  }
}

function finish(cache: Cache, found: Found, path: string, sha512: string, report: TreeReport, cached: boolean): Rootfs {
  remember(cache, found, sha512)
  return result(found, path, sha512, report, cached)
}

/** The name's sum is kept with the name; changing that needs the lock. */
function isRemembered(cache: Cache, { ref, sha512 }: Found): boolean {
  return ref === undefined || cache.ref(ref)?.sha512 === sha512
}

function remember(cache: Cache, found: Found, sha512: string): void {
  const { ref, key, verified } = found
  if (ref !== undefined && !isRemembered(cache, { ...found, sha512 })) cache.setRef(ref, key, sha512, verified)
}

function result(found: Found, path: string, sha512: string, report: TreeReport, cached: boolean): Rootfs {
  const { source, version, arch, verified } = found
  return { path, source, version, arch, sha512, verified, cached, report, notes: [...found.notes, ...notesOf(report)] }
}

function changed(source: string): ToolError {
  return new ToolError(tool, `${source} changed while it was read`, { code: 'E_CHECKSUM', why: 'what was unpacked has another sum than what was verified', hint: 'try again when nobody writes to it' })
}

/** In words, what the report counts. */
function notesOf({ owners, devices, setIds, attributes }: TreeReport): string[] {
  const files = (n: number): string => (n === 1 ? '1 entry' : `${n} entries`)
  return [
    ...(owners > 0 ? [`all files belong to uid ${process.geteuid?.()}: this user cannot give ${files(owners)} to their owners`] : []),
    ...(setIds > 0 ? [`set-id bits were left out on ${files(setIds)}`] : []),
    ...(devices > 0 ? [`${files(devices)} left out: devices and FIFOs`] : []),
    ...(attributes > 0 ? [`${attributes} extended attributes left out`] : []),
  ]
}
