// From a source to a tree: the source finds archives and who vouches for them; unless the cache holds the tree already, they
// are fetched at the same time, unpacked aside and put in their place. Whoever comes second waits for the first and finds
// everything there. No source is known here by name.
import { createHash } from 'node:crypto'
import { basename, dirname } from 'node:path'
import { ToolError, usage } from '@srcon/kit/error'
import { getArchive, keyOf, type OpenArchive } from './archive.ts'
import { Cache, defaultCache } from './cache.ts'
import { treeName, type TreeRecord, type TreeReport } from './cache/record.ts'
import { digestOf, splitDigest, verifyDigest, type Digest } from './digest.ts'
import type { Copied, CopyOptions } from './copy.ts'
import { Client } from './download/client.ts'
import type { DownloadLimits } from './download/limits.ts'
import { tool } from './native.ts'
import { ownersFor, ownersLost, ownersVariant, withoutNamespace, type IdMaps, type Owners, type OwnersWish } from './owners.ts'
import { loadSource, splitSource } from './source.ts'
import type { DebianOptions } from './debian-options.ts'
import type { Archive, Ask, Found, ImageConfig, Use, Verified, Wanted } from './source/kind.ts'
import { canGiveOwners, unpackInto, type Limits } from './unpack.ts'

export interface FetchOptions extends DownloadLimits, DebianOptions {
  /** SHA-512 that the archive must have, hexadecimal. */
  readonly sha512?: string | undefined
  /** SHA-256 that the archive must have, hexadecimal. */
  readonly sha256?: string | undefined
  /** Where the source's archives lie: a URL or a directory. Default: its environment variable (SRCON_ALPINE_MIRROR …), else its own server. */
  readonly mirror?: string | undefined
  /** As the source writes it, `x86_64`, `amd64`. Default: of this machine. */
  readonly arch?: string | undefined
  /** File with the OpenPGP key that must have signed. */
  readonly key?: string | undefined
  /** Where trees are kept. Default: SRCON_CACHE, else XDG_CACHE_HOME/srcon, else ~/.cache/srcon. */
  readonly cache?: string | undefined
  /** Only what is in the cache. */
  readonly offline?: boolean | undefined
  /** Accept an archive for which there is no sum. */
  readonly insecure?: boolean | undefined
  /** A lock file: nothing else than what it says is taken. */
  readonly locked?: string | undefined
  /** `exact`: as in the archive, of an ordinary user by subordinate ids in a user namespace; `own`: all files are the caller's. Default `auto`: the first where it can be had, else the second. */
  readonly owners?: OwnersWish | undefined
  /** Set no set-id bits. */
  readonly stripSetId?: boolean | undefined
  /** Device nodes and FIFOs; `keep` needs root. */
  readonly devices?: 'skip' | 'keep' | undefined
  /** Most bytes after decompression; default 16 GiB. */
  readonly maxBytes?: number | undefined
  /** Most files, directories and links; default 1,000,000. */
  readonly maxEntries?: number | undefined
  /** Other bounds of what an archive may cost. */
  readonly limits?: Limits | undefined
  /** Of the extended attributes that may be set, only these: names, or beginnings that end in `*`. */
  readonly xattrs?: readonly string[] | undefined
  /** A private copy, which is then the tree that comes back. */
  readonly copy?: { readonly to: string; readonly method?: CopyOptions['method'] } | undefined
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((progress: Progress) => void) | undefined
}

/** `wait`: another process works on the same; `make`: a program makes the archive, and says what it is at. Bytes are those of the archive. */
export interface Progress {
  readonly phase: 'wait' | 'download' | 'make' | 'unpack' | 'copy'
  readonly bytes: number
  readonly total?: number | undefined
  /** The archive: a file name, `layer 2/5`. */
  readonly label?: string | undefined
  /** Of a download. */
  readonly url?: string | undefined
  /** While unpacking and copying. */
  readonly entries?: number | undefined
  /** While making: what is done now, and how much of all is. */
  readonly note?: string | undefined
  readonly percent?: number | undefined
}

/** A tree and where it came from. */
export interface Rootfs {
  /** Absolute. */
  readonly path: string
  readonly source: string
  /** A name that stands for just this for ever, where `source` may come to mean something else: an image with its digest. */
  readonly exact?: string | undefined
  readonly version?: string | undefined
  readonly arch?: string | undefined
  /** Of the archive; of the lowest layer where there are several. */
  readonly digest: Digest | undefined
  /** Of all layers, the lowest first. */
  readonly digests: readonly Digest[]
  /** Who vouches for it; empty: nobody. */
  readonly verified: readonly Verified[]
  /** Fingerprint of the key, where a signature was verified. */
  readonly signedBy?: string | undefined
  /** Whose it is: `shared` by all who use the cache, the user's `own`, or the `host`'s. */
  readonly use: Use
  /** The tree was there already. */
  readonly cached: boolean
  /** Bytes of all its files. */
  readonly bytes: number
  readonly report: TreeReport
  /** What a container must map to see the archive's owners; of an ordinary user's tree with subordinate ids. */
  readonly ids?: IdMaps | undefined
  /** Where it is a private copy. */
  readonly copied?: Copied | undefined
  /** In which ways the tree is not what the archive says, and what was not verified: a line each. */
  readonly warnings: readonly string[]
  /** Of an image. */
  readonly config?: ImageConfig | undefined
  readonly facts?: Readonly<Record<string, unknown>> | undefined
}

/** Makes the tree of `source` (`alpine:3.20`, `tar:FILE`, or the two words of `tar FILE`) unless it is there. Throws a ToolError, or the signal's reason. */
export async function fetchRootfs(source: string | readonly [string, string?], options: FetchOptions = {}): Promise<Rootfs> {
  if (options.devices === 'keep' && !canGiveOwners()) throw usage(tool, 'only root can make devices', 'leave --devices=keep out')
  // Before anything is fetched: what cannot be copied to is not worth a download.
  const copy = options.copy && (await import('./copy.ts'))
  if (options.copy) copy?.placeOf(options.copy.to)
  const name = typeof source === 'string' ? source : source.join(' ')
  const locked = options.locked === undefined ? undefined : (await import('./lock-file.ts')).lockedTo(options.locked, name)
  const rootfs = await withSource(locked?.source ?? source, { ...options, arch: options.arch ?? locked?.arch }, async (wanted, ask) => {
    const found = await wanted.find(ask)
    try {
      return await makeFound(locked ? held(found, locked.digests, options.locked ?? '') : found, ask)
    } finally {
      await found.close?.()
    }
  })
  return copy && options.copy ? await copy.privateCopy(rootfs, options.copy.to, { method: options.copy.method, signal: options.signal, onProgress: options.onProgress }) : rootfs
}

/** Reads the words, opens the cache, and closes the connections in any case. */
export async function withSource<T>(source: string | readonly [string, string?], options: FetchOptions, act: (wanted: Wanted, ask: Ask) => Promise<T>): Promise<T> {
  const word = typeof source === 'string' ? splitSource(source) : splitSource(...source)
  const wanted = (await loadSource(word)).read(word, options)
  options.signal?.throwIfAborted()
  const cache = await Cache.open(options.cache ?? defaultCache())
  const client = new Client(options)
  try {
    return await act(wanted, { cache, client, options, owners: ownersFor(options.owners), signal: options.signal })
  } finally {
    await client.close()
  }
}

/** What a source found, held against the lock file. */
function held(found: Found, digests: readonly Digest[], file: string): Found {
  const archives = found.archives.map((archive, i) => {
    const wanted = digests[i]
    const same = archive.digests.find(each => each.slice(0, 6) === wanted?.slice(0, 6))
    if (wanted === undefined || digests.length !== found.archives.length) throw new ToolError(tool, `${found.source} has ${found.archives.length} archives, ${file} says ${digests.length}`, { code: 'E_CHECKSUM', path: file })
    if (same !== undefined) verifyDigest(found.source, same, wanted, file)
    return { ...archive, digests: [wanted, ...archive.digests.filter(each => each !== wanted)], says: file }
  })
  return { ...found, archives, verified: ['locked', ...found.verified] }
}

async function makeFound(found: Found, ask: Ask): Promise<Rootfs> {
  if (found.tree !== undefined) return result(found, { path: found.tree, digests: [], report: nothingLost, cached: true }, ask.owners)
  const there = isRemembered(ask.cache, found, undefined) ? treeOf(found, ask) : undefined
  return there ?? (await makeTree(found, ask))
}

const nothingLost: TreeReport = { entries: 0, bytes: 0, devices: 0, owners: 0, setIds: 0, attributes: 0, replaced: 0, records: 0 }

/** What changes a tree is part of its name. */
function variantOf(found: Found, { owners, options: { stripSetId, devices, xattrs } }: Ask): string {
  // In an archive that is no layer, the name of a whiteout is a name like others.
  const layer = found.archives.length === 1 && diffIdsOf(found) ? '-layer' : ''
  return `${layer}${ownersVariant(owners)}${stripSetId ? '-nosetid' : ''}${devices === 'keep' ? '-devices' : ''}${xattrs ? `-xattrs${createHash('sha256').update(xattrs.join()).digest('hex').slice(0, 16)}` : ''}`
}

/** The digests of its archives, where all are known. */
function digestsOf({ archives }: Found): readonly Digest[] | undefined {
  const digests = archives.flatMap(archive => archive.digests[0] ?? [])
  return digests.length === archives.length ? digests : undefined
}

/** Where its tree is, made as the options say; undefined where it is not there. */
export function treePath(found: Found, ask: Ask): string | undefined {
  const digests = digestsOf(found)
  return found.tree ?? (digests && ask.cache.tree(treeName(digests) + variantOf(found, ask))?.path)
}

function treeOf(found: Found, ask: Ask): Rootfs | undefined {
  const { cache, owners } = ask
  const digests = digestsOf(found)
  if (!digests) return undefined
  const tree = cache.tree(treeName(digests) + variantOf(found, ask))
  if (!tree) return undefined
  // A signature over the archive is looked at once; who signed stands in the record.
  const { signedBy, report, ids } = tree.record
  checkDiffIds(found, tree.record.diffIds ?? [])
  if (found.signedBy === undefined && found.archives.some(({ check }) => check) && signedBy === undefined) return undefined
  cache.handOut(basename(dirname(tree.path)))
  return result(found, { path: tree.path, digests, report, cached: true, signedBy, ids }, owners)
}

async function makeTree(found: Found, ask: Ask): Promise<Rootfs> {
  const { cache, options, signal } = ask
  const digests = digestsOf(found)
  const [first] = found.archives
  if (!first) throw new ToolError(tool, `${found.source} has no archive`, { code: 'E_INTERNAL' })
  const key = digests ? treeName(digests) : keyOf(first)
  // An archive whose sum is not known yet is fetched under the lock of its own key.
  const name = digests ? key : `tree-${key}`
  const lock = await cache.lock(name, signal, () => options.onProgress?.({ phase: 'wait', bytes: 0 }))
  try {
    const there = treeOf(found, ask)
    if (!there) return await unpackArchives(found, name, ask).catch(async (error: unknown) => await unpackOwn(found, name, ask, error))
    remember(found, name, there.digests, there.signedBy, cache)
    return there
  } finally {
    lock.release()
  }
}

/** Once more where a user namespace could not be made. */
async function unpackOwn(found: Found, key: string, ask: Ask, error: unknown): Promise<Rootfs> {
  const own: Ask = { ...ask, owners: withoutNamespace(ask.owners, error) }
  return treeOf(found, own) ?? (await unpackArchives(found, key, own))
}

/** With the lock `key` held. An archive in the cache that turns out damaged is fetched once more. */
async function unpackArchives(found: Found, key: string, ask: Ask): Promise<Rootfs> {
  const { cache, owners } = ask
  for (let again = false; ; again = true) {
    const archives = await getAll(found, ask)
    const digests = archives.map(({ digest }) => digest)
    const name = treeName(digests) + variantOf(found, ask)
    const made = cache.temporary(key, 'tree')
    const final = again || archives.every(({ fresh }) => fresh)
    const signedBy = archives.find(archive => archive.signedBy)?.signedBy ?? found.signedBy
    try {
      const known = cache.tree(name)
      const kept = known ? known.record.report : await unpackChecked(found, archives, made, ask)
      if (kept) {
        const { source, version, arch, config } = found
        const verified = verifiedBy(found, signedBy)
        const ids = owners.kind === 'mapped' ? owners.ids : undefined
        const record: TreeRecord = { source, version, arch, digests, verified, signedBy, report: kept, ids, diffIds: diffIdsOf(found), config }
        const path = known?.path ?? (await cache.commitTree(made, name, record))
        if (known) cache.setRecord(key, name, { ...known.record, verified, signedBy })
        remember(found, key, digests, signedBy, cache)
        return result(found, { path, digests, report: kept, cached: known !== undefined, signedBy, ids }, owners)
      }
      if (final) throw changed(found.source)
    } catch (error) {
      // A damaged archive of the cache looks like damage of any kind.
      const damaged = error instanceof ToolError && /^E_ARCHIVE_(?:DAMAGED|TRUNCATED|UNSAFE|UNSUPPORTED|LIMIT)$/.test(error.code)
      if (final || !damaged) throw error
    } finally {
      for (const { file } of archives) await file.close()
      await cache.remove(made)
    }
    for (const { digest, fresh } of archives) if (!fresh) await cache.remove(cache.blob(digest))
  }
}

/** Downloads at the same time: a server counts them, too. */
const together = 6

/** Layers are fetched at the same time, so many of them; the first failure ends the others. */
async function getAll({ source, archives }: Found, ask: Ask): Promise<OpenArchive[]> {
  const stop = new AbortController()
  const signal = ask.signal ? AbortSignal.any([ask.signal, stop.signal]) : stop.signal
  const lanes: Promise<unknown>[] = []
  const get = async (archive: Archive, before: Promise<unknown> | undefined): Promise<OpenArchive> => {
    await before
    try {
      return await getArchive(source, archive, { ...ask, signal })
    } catch (error) {
      stop.abort(error)
      throw error
    }
  }
  const done = await Promise.allSettled(archives.map(async (archive, i) => {
    const got = get(archive, lanes[i % together])
    lanes[i % together] = got.catch(() => {})
    return await got
  }))
  const opened = done.flatMap(each => (each.status === 'fulfilled' ? each.value : []))
  if (opened.length === done.length) return opened
  for (const { file } of opened) await file.close()
  throw stop.signal.reason
}

/** Unpacks, several archives as layers over one another; undefined where what was read is not what was verified: the sums are made on the way. */
async function unpackChecked(found: Found, archives: readonly OpenArchive[], made: string, { cache, owners, options }: Ask): Promise<TreeReport | undefined> {
  const summed = archives.map(({ file, digest }, i) => ({ file, digest, diffId: found.archives[i]?.diffId }))
  const { reports, total } = await unpackInto(cache, made, summed, found.source, { ...options, owners })
  for (const [i, { label, from, digests: [wanted], says }] of found.archives.entries()) {
    const sum = wanted === undefined ? undefined : digestOf(splitDigest(wanted).algorithm, reports[i]?.[splitDigest(wanted).algorithm])
    if (from && 'file' in from && from.unread && wanted !== undefined && sum !== undefined) verifyDigest(`${found.source}: ${label}`, sum, wanted, says)
  }
  const right = archives.every(({ digest }, i) => digest === `sha256:${reports[i]?.sha256}` || digest === `sha512:${reports[i]?.sha512}`)
  if (!right) return undefined
  checkDiffIds(found, reports.map(({ diffId }) => `sha256:${diffId}` as const))
  return total
}

/** The sums of the tars of an image's layers; undefined where it is none. */
function diffIdsOf({ archives }: Found): readonly Digest[] | undefined {
  const diffIds = archives.flatMap(({ diffId }) => diffId ?? [])
  return diffIds.length > 0 ? diffIds : undefined
}

/** Holds what the config of an image says of its layers against what they are. */
function checkDiffIds({ source, archives }: Found, found: readonly Digest[]): void {
  for (const [i, { label, diffId }] of archives.entries()) {
    const is = found[i]
    if (diffId !== undefined && is !== undefined && is !== diffId) verifyDigest(`${source}: what is in ${label}`, is, diffId, 'the image\'s config')
  }
}

/** Who vouches, with a signature that was looked at beside. */
export function verifiedBy({ verified }: Pick<Found, 'verified'>, signedBy: string | undefined): readonly Verified[] {
  return signedBy === undefined || verified.includes('signature') ? verified : ['signature', ...verified]
}

/** The name's sums are kept with the name; changing that needs the lock. */
function isRemembered(cache: Cache, found: Found, signedBy: string | undefined, digests = digestsOf(found)): boolean {
  if (found.ref === undefined) return true
  const ref = cache.ref(found.ref)
  // An image may change in nothing but what its command runs as.
  if (found.config && JSON.stringify(ref?.config) !== JSON.stringify(found.config)) return false
  return ref !== undefined && digests !== undefined && ref.digests.join(' ') === digests.join(' ') && (signedBy === undefined || ref.signedBy === signedBy)
}

function remember(found: Found, key: string, digests: readonly Digest[], signedBy: string | undefined, cache: Cache): void {
  const { ref, version, arch, config } = found
  if (ref !== undefined && !isRemembered(cache, found, signedBy, digests)) cache.setRef(ref, key, { digests, verified: verifiedBy(found, signedBy), signedBy, version, arch, diffIds: diffIdsOf(found), config })
}

interface Made {
  readonly path: string
  readonly digests: readonly Digest[]
  readonly report: TreeReport
  readonly cached: boolean
  readonly signedBy?: string | undefined
  readonly ids?: IdMaps | undefined
}

function result(found: Found, { path, digests, report, cached, ids, signedBy = found.signedBy }: Made, owners: Owners): Rootfs {
  const { source, exact, version, arch, config, facts } = found
  return {
    path, source, exact, version, arch, digest: digests[0], digests, verified: verifiedBy(found, signedBy), signedBy, use: found.use ?? 'shared', cached, bytes: report.bytes, report, ids,
    warnings: [...found.warnings, ...lossesOf(report, owners)], config, facts,
  }
}

function changed(source: string): ToolError {
  return new ToolError(tool, `${source} changed while it was read`, { code: 'E_CHECKSUM', why: 'what was unpacked has another sum than what was verified', hint: 'try again when nobody writes to it' })
}

/** In words, what the report counts. */
function lossesOf({ owners, devices, setIds, attributes }: TreeReport, how: Owners): string[] {
  const files = (n: number): string => (n === 1 ? '1 entry' : `${n} entries`)
  return [
    ...(owners > 0 ? [ownersLost(files(owners), how)] : []),
    ...(setIds > 0 ? [`set-id bits were left out on ${files(setIds)}`] : []),
    ...(devices > 0 ? [`${files(devices)} left out: devices and FIFOs`] : []),
    ...(attributes > 0 ? [`${attributes} extended attributes left out`] : []),
  ]
}
