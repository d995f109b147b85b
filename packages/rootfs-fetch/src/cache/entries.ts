// What a cache holds, and making room: the longest unused goes first, what is in use stays.
import { lstatSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Cache } from '../cache.ts'
import { treesInUse } from './in-use.ts'
import { archivesOf } from './record.ts'

export interface Entry {
  readonly kind: 'tree' | 'blob' | 'partial'
  /** `sha512:…` of a blob, the name of a tree. */
  readonly name: string
  /** What it was made from, of a tree. */
  readonly source: string
  /** On disk; hard links once. */
  readonly bytes: number
  /** Milliseconds since 1970. */
  readonly used: number
  readonly inUse: boolean
  readonly path: string
}

/** All entries, the longest unused first. */
export function entriesOf(cache: Cache): Entry[] {
  const busy = treesInUse(cache.root)
  const names = (folder: string): string[] => readdirSync(join(cache.root, folder))
  const trees = names('trees').map((name): Entry => {
    const path = join(cache.root, 'trees', name)
    const inUse = busy.has(name) || isTaken(cache, name) || !cache.isFree(archivesOf(name))
    const { source = '', ids, report } = cache.tree(name)?.record ?? {}
    // Of subordinate ids there may be directories that are closed to the user.
    const bytes = Math.max(bytesBelow(path), ids && report ? report.bytes : 0)
    return { kind: 'tree', name, source, bytes, used: statSync(path).mtimeMs, inUse, path }
  })
  const blobs = (['sha256', 'sha512'] as const).flatMap(algorithm => names(`blobs/${algorithm}`).map((hex): Entry => {
    const path = join(cache.root, 'blobs', algorithm, hex)
    const { size, mtimeMs } = statSync(path)
    return { kind: 'blob', name: `${algorithm}:${hex}`, source: '', bytes: size, used: mtimeMs, inUse: !cache.isFree(`blob-${hex}`), path }
  }))
  const partial = names('partial').filter(name => !name.endsWith('.json')).map((name): Entry => {
    const path = cache.partial(name)
    const { size, mtimeMs } = statSync(path)
    return { kind: 'partial', name, source: '', bytes: size, used: mtimeMs, inUse: !cache.isFree(name), path }
  })
  return [...trees, ...blobs, ...partial].sort((a, b) => a.used - b.used)
}

export interface Room {
  /** Bytes that may stay. */
  readonly maxSize?: number | undefined
  /** Milliseconds since the last use. */
  readonly maxAge?: number | undefined
}

/** Removes what is over; returns what was removed. Each under its lock: whoever works on it meanwhile keeps it. */
export async function makeRoom(cache: Cache, { maxSize = Infinity, maxAge = Infinity }: Room, now = Date.now()): Promise<Entry[]> {
  const entries = entriesOf(cache)
  let left = entries.reduce((sum, { bytes }) => sum + bytes, 0)
  const removed: Entry[] = []
  for (const entry of entries) {
    if (entry.inUse || (left <= maxSize && now - entry.used <= maxAge)) continue
    if (!(await removeEntry(cache, entry))) continue
    left -= entry.bytes
    removed.push(entry)
  }
  return removed
}

async function removeEntry(cache: Cache, { kind, name, path }: Entry): Promise<boolean> {
  const lock = cache.take(kind === 'tree' ? archivesOf(name) : kind === 'blob' ? `blob-${name.slice(name.indexOf(':') + 1)}` : name)
  if (!lock) return false
  try {
    // A mount made since the list was read.
    if (kind === 'tree' && treesInUse(cache.root).has(name)) return false
    if (kind === 'tree') return await cache.removeTree(name)
    rmSync(path, { force: true })
    if (kind === 'partial') rmSync(`${path}.json`, { force: true })
    return true
  } finally {
    lock.release()
  }
}

function isTaken(cache: Cache, name: string): boolean {
  const lock = cache.takeTree(name)
  lock?.release()
  return lock === undefined
}

/** Bytes on disk. */
function bytesBelow(path: string): number {
  const seen = new Set<string>()
  let bytes = 0
  const visit = (at: Buffer): void => {
    const stat = lstatSync(at)
    const key = `${stat.dev}:${stat.ino}`
    if (seen.has(key)) return
    if (stat.nlink > 1 && !stat.isDirectory()) seen.add(key)
    bytes += stat.blocks * 512
    if (!stat.isDirectory()) return
    try {
      for (const name of readdirSync(at, { encoding: 'buffer' })) visit(Buffer.concat([at, Buffer.from('/'), name]))
    } catch {
      // A directory of an archive that is closed to its owner.
    }
  }
  visit(Buffer.from(path))
  return bytes
}
