// The cache: an OCI layout (blobs/sha256, blobs/sha512, index.json) of archives, trees under trees/, both named by
// the archive's sum. What is there is whole: it is made under tmp/ by the holder of the sum's lock, brought to disk, then
// renamed; a download is made under partial/, where the next process goes on with it. A process that is killed leaves its
// lock free (flock(2)) and something in tmp/, which the next one that gets the lock removes. See rename(2).
import { closeSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { ToolError } from '@srcon/kit/error'
import { moveAcross, readJson, syncFolder, writeDurably } from './cache/files.ts'
import { archivesOf, recordOf, refOf, treeName, type Ref, type TreeRecord } from './cache/record.ts'
import { splitDigest, type Digest } from './digest.ts'
import { failed, failedCall, native, tool } from './native.ts'

export interface Lock {
  release(): void
}

/** Beside a tree; chroot-fs and a copy hold it shared as long as they need the tree. */
export const LOCK = 'rootfs.lock'

/** A partial download that nobody went on with for so long is removed, milliseconds. */
const FORGOTTEN = 7 * 86_400_000

/** How often a lock that another process holds is tried, milliseconds. flock(2) has no wait that can be called off. */
const POLL = 50

/** Where the cache is unless told. A relative XDG_CACHE_HOME counts as unset, as its specification says. */
export function defaultCache(env: NodeJS.ProcessEnv = process.env): string {
  const { SRCON_CACHE, XDG_CACHE_HOME } = env
  if (SRCON_CACHE !== undefined && SRCON_CACHE !== '') return resolve(SRCON_CACHE)
  return XDG_CACHE_HOME !== undefined && isAbsolute(XDG_CACHE_HOME) ? join(XDG_CACHE_HOME, 'srcon') : join(homedir(), '.cache/srcon')
}

export class Cache {
  readonly root: string
  readonly #held = new Set<number>()

  private constructor(root: string) {
    this.root = root
  }

  /** Opens a cache, makes what is missing, and removes what killed processes left. */
  static async open(root: string): Promise<Cache> {
    const cache = new Cache(resolve(root))
    try {
      // 0700: a tree may hold set-id programs, which are for containers only.
      mkdirSync(cache.root, { recursive: true, mode: 0o700 })
      refuseForeign(cache.root)
      for (const name of ['blobs/sha256', 'blobs/sha512', 'trees', 'refs', 'locks', 'tmp', 'partial']) mkdirSync(join(cache.root, name), { recursive: true })
      cache.#layout()
    } catch (cause) {
      throw cause instanceof ToolError ? cause : failedCall(`cannot use the cache ${cache.root}`, cause, cache.root)
    }
    await cache.#sweep()
    return cache
  }

  /** The path of a whole tree and what it is; undefined where there is none. */
  tree(name: string): { path: string; record: TreeRecord } | undefined {
    const folder = join(this.root, 'trees', name)
    const path = join(folder, 'rootfs')
    const record = recordOf(readJson(join(folder, 'tree.json')))
    return record && statSync(path, { throwIfNoEntry: false })?.isDirectory() ? { path, record } : undefined
  }

  /** Where an archive is, or would be. */
  blob(digest: Digest): string {
    const { algorithm, hex } = splitDigest(digest)
    return join(this.root, 'blobs', algorithm, hex)
  }

  hasBlob(digest: Digest): boolean {
    return existsSync(this.blob(digest))
  }

  /** Whether a tree of any variant, or all archives, are there. */
  holds(digests: readonly Digest[]): boolean {
    const name = treeName(digests)
    return digests.every(digest => this.hasBlob(digest)) || readdirSync(join(this.root, 'trees')).some(each => each.startsWith(name))
  }

  /** Where a download is made; the holder of the lock `name` owns it. What is there is gone on with. */
  partial(name: string): string {
    return join(this.root, 'partial', name)
  }

  /** A tree is given to somebody: it was used now, and there is a lock by which its containers say that they have it. */
  handOut(name: string): void {
    const folder = join(this.root, 'trees', name)
    this.used(folder)
    try {
      // A tree of an older version has none.
      if (!existsSync(join(folder, LOCK))) writeFileSync(join(folder, LOCK), '')
    } catch {
      // A cache that is only read is not tidied up either.
    }
  }

  /** The lock of a tree, alone; undefined where a container or a copy has it. */
  takeTree(name: string): Lock | undefined {
    return this.#lockFile(join(this.root, 'trees', name, LOCK))
  }

  /** Notes that something of the cache was used, for `gc`: its time of change. */
  used(path: string): void {
    try {
      utimesSync(path, new Date(), new Date())
    } catch {
      // A cache that is only read has no use for it.
    }
  }

  /** The names below a folder of names, without `.json`. */
  refs(folder: string): string[] {
    const at = join(this.root, 'refs', folder)
    return existsSync(at) ? readdirSync(at).map(name => name.replace(/\.json$/, '')) : []
  }

  /** What a name stood for when it was last fetched. */
  ref(name: string): Ref | undefined {
    return refOf(readJson(join(this.root, 'refs', name)))
  }

  /** Call it with the lock `key` held: the temporary file is named by it. */
  setRef(name: string, key: string, ref: Ref): void {
    this.#set(this.temporary(key, 'ref'), join(this.root, 'refs', name), ref)
  }

  /** Waits until no other process works on this name. */
  async lock(name: string, signal?: AbortSignal, onWait?: () => void): Promise<Lock> {
    for (let waited = false; ; waited = true) {
      signal?.throwIfAborted()
      const lock = this.take(name)
      if (lock) return lock
      if (!waited) onWait?.()
      await delay(POLL, undefined, { signal })
    }
  }

  /** A path for something in the making; the holder of the lock `name` owns all that begins with it. */
  temporary(name: string, kind: string): string {
    return join(this.root, 'tmp', `${name}.${kind}`)
  }

  /** Puts something finished and on disk in its place, for good. */
  commit(from: string, to: string): void {
    const folder = join(to, '..')
    try {
      mkdirSync(folder, { recursive: true })
      renameSync(from, to)
    } catch (cause) {
      // A part of the cache may lie on a file system of its own; a file can be brought there, and named when it is whole.
      if ((cause as NodeJS.ErrnoException).code !== 'EXDEV' || !statSync(from).isFile()) throw failedCall(`cannot put ${to} in its place`, cause, this.root)
      moveAcross(from, to)
    }
    syncFolder(folder)
  }

  /** Writes a tree's record and puts the tree in its place. `made` holds `rootfs`, which is on disk already. */
  async commitTree(made: string, name: string, record: TreeRecord): Promise<string> {
    writeDurably(join(made, 'tree.json'), record)
    writeFileSync(join(made, LOCK), '')
    syncFolder(made)
    const to = join(this.root, 'trees', name)
    // Somebody took a part of it away by hand.
    if (!this.tree(name)) await this.remove(to)
    try {
      this.commit(made, to)
    } catch (error) {
      // Who did not know the sum before has another lock, and may have come first with the same tree.
      if (!this.tree(name)) throw error
    }
    return join(to, 'rootfs')
  }

  /** Writes the record of a tree that is there anew. Call it with the lock `key` held. */
  setRecord(key: string, name: string, record: TreeRecord): void {
    this.#set(this.temporary(key, 'record'), join(this.root, 'trees', name, 'tree.json'), record)
  }

  /** Removes a tree or a file, whatever its modes, and whoever of the user's ids it belongs to. */
  async remove(path: string): Promise<void> {
    const failure = await native().removeTree(path)
    if (!failure) return
    const error = failed('cannot remove what is left', failure, this.root)
    if (error.code !== 'EACCES' && error.code !== 'EPERM') throw error
    await (await import('./rootless/remove.ts')).removeMapped(path, this, error)
  }

  /** The descriptors of all locks that are held: whoever gets them holds them too. */
  held(): readonly number[] {
    return [...this.#held]
  }

  /** Writes a small file aside and puts it in its place. */
  #set(made: string, to: string, value: unknown): void {
    writeDurably(made, value)
    try {
      this.commit(made, to)
    } catch (error) {
      rmSync(made, { force: true })
      throw error
    }
  }

  /** What makes a directory an OCI layout. */
  #layout(): void {
    for (const [name, value] of [['oci-layout', { imageLayoutVersion: '1.0.0' }], ['index.json', { schemaVersion: 2, manifests: [] }]] as const) {
      const path = join(this.root, name)
      if (existsSync(path)) continue
      const made = `${path}.${process.pid}`
      writeDurably(made, value)
      renameSync(made, path)
    }
  }

  /** Whether nobody works on this name. */
  isFree(name: string): boolean {
    const lock = this.take(name)
    lock?.release()
    return lock !== undefined
  }

  /** A lock without waiting; undefined where another holds it. */
  take(name: string): Lock | undefined {
    return this.#lockFile(join(this.root, 'locks', name))
  }

  /** Takes a tree out of sight at once, then away; false where somebody has it. Call it with the lock of its archives held. */
  async removeTree(name: string): Promise<boolean> {
    const aside = this.temporary(archivesOf(name), 'old')
    await this.remove(aside)
    const lock = this.takeTree(name)
    if (!lock) return false
    try {
      this.commit(join(this.root, 'trees', name), aside)
    } finally {
      lock.release()
    }
    await this.remove(aside)
    return true
  }

  #lockFile(path: string): Lock | undefined {
    const { fd, failure } = native().tryLock(path)
    if (failure) throw failed('cannot take a lock of the cache', failure, this.root)
    if (typeof fd !== 'number') return undefined
    this.#held.add(fd)
    return {
      release: () => {
        if (this.#held.delete(fd)) closeSync(fd)
      },
    }
  }

  /** What lies in tmp/ while its lock is free belongs to a process that is no more. */
  async #sweep(): Promise<void> {
    for (const name of readdirSync(join(this.root, 'tmp'))) {
      const lock = this.take(name.split('.')[0] ?? name)
      if (!lock) continue
      try {
        await this.remove(join(this.root, 'tmp', name))
      } catch (error) {
        // Of subordinate ids that this run cannot have: it is left to one that can, and nobody sees it until then.
        if (!(error instanceof ToolError) || (error.code !== 'EACCES' && error.code !== 'EPERM')) throw error
      } finally {
        lock.release()
      }
    }
    for (const name of readdirSync(join(this.root, 'partial'))) {
      const path = this.partial(name)
      const changed = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Infinity
      if (Date.now() - changed < FORGOTTEN) continue
      const lock = this.take(name.split('.')[0] ?? name)
      if (!lock) continue
      rmSync(path, { force: true })
      lock.release()
    }
  }
}

/** In a directory of somebody else, a tree could be changed after it was verified. */
function refuseForeign(root: string): void {
  const { uid, mode } = statSync(root)
  const own = process.geteuid?.() ?? 0
  if (uid !== own) throw unsafe(root, `it belongs to uid ${uid}, and this is uid ${own}`)
  if ((mode & 0o022) !== 0) throw unsafe(root, `its mode ${(mode & 0o7777).toString(8)} lets others write`)
}

function unsafe(root: string, why: string): ToolError {
  return new ToolError(tool, `the cache ${root} is not safe`, { code: 'E_REFUSED', path: root, why, hint: 'set SRCON_CACHE to a directory of your own that only you can write' })
}
