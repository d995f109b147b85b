// The cache: archives under blobs/sha512/, trees under trees/, both named by the archive's sum. What is
// there is whole: it is made under tmp/ by the holder of the sum's lock, brought to disk, then renamed.
// A process that is killed leaves its lock free (flock(2)) and something in tmp/, which the next one that
// gets the lock removes. See rename(2).
import { closeSync, constants, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, readdirSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { ToolError } from '@srcon/kit/error'
import { failed, failedCall, native, tool } from './native.ts'
import { isSum } from './sums.ts'

/** What a tree was made from; kept beside it. */
export interface TreeRecord {
  readonly source: string
  readonly version?: string | undefined
  readonly arch?: string | undefined
  readonly sha512: string
  /** Who vouched for the archive when the tree was made. */
  readonly verified: Verified
  readonly report: TreeReport
}
/** `pinned`: the caller's own sum; `mirror`: the mirror's; `none`: nobody. */
export type Verified = 'pinned' | 'mirror' | 'none'

/** Every way in which the tree is not what the archive says; see the core's Report. */
export interface TreeReport {
  readonly entries: number
  readonly bytes: number
  readonly devices: number
  readonly owners: number
  readonly setIds: number
  readonly attributes: number
  readonly replaced: number
  readonly records: number
}

export interface Lock {
  release(): void
}

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
      for (const name of ['blobs/sha512', 'trees', 'refs', 'locks', 'tmp']) mkdirSync(join(cache.root, name), { recursive: true })
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
    const record = readJson(join(folder, 'tree.json')) as TreeRecord | undefined
    return record && statSync(path, { throwIfNoEntry: false })?.isDirectory() ? { path, record } : undefined
  }

  blob(sha512: string): string {
    return join(this.root, 'blobs/sha512', sha512)
  }

  /** Whether a tree of any variant, or the archive, is there. */
  holds(sha512: string): boolean {
    return existsSync(this.blob(sha512)) || readdirSync(join(this.root, 'trees')).some(name => name.startsWith(sha512))
  }

  /** The names below a folder of names, without `.json`. */
  refs(folder: string): string[] {
    const at = join(this.root, 'refs', folder)
    return existsSync(at) ? readdirSync(at).map(name => name.replace(/\.json$/, '')) : []
  }

  /** The sum that a name stood for when it was last fetched. */
  ref(name: string): { sha512: string; verified: Verified } | undefined {
    const ref = readJson(join(this.root, 'refs', name)) as { sha512?: unknown; verified?: Verified } | undefined
    return ref && isSum(ref.sha512) ? { sha512: ref.sha512, verified: ref.verified ?? 'none' } : undefined
  }

  /** Call it with the lock `key` held: the temporary file is named by it. */
  setRef(name: string, key: string, sha512: string, verified: Verified): void {
    const made = this.temporary(key, 'ref')
    writeDurably(made, { sha512, verified })
    this.commit(made, join(this.root, 'refs', name))
  }

  /** Waits until no other process works on this name. */
  async lock(name: string, signal?: AbortSignal, onWait?: () => void): Promise<Lock> {
    for (let waited = false; ; waited = true) {
      signal?.throwIfAborted()
      const lock = this.#tryLock(name)
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
      throw failedCall(`cannot put ${to} in its place`, cause, this.root)
    }
    syncFolder(folder)
  }

  /** Writes a tree's record and puts the tree in its place. `made` holds `rootfs`, which is on disk already. */
  async commitTree(made: string, name: string, record: TreeRecord): Promise<string> {
    writeDurably(join(made, 'tree.json'), record)
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

  /** Removes a tree or a file, whatever its modes. */
  async remove(path: string): Promise<void> {
    const failure = await native().removeTree(path)
    if (failure) throw failed('cannot remove what is left', failure, this.root)
  }

  #tryLock(name: string): Lock | undefined {
    const { fd, failure } = native().tryLock(join(this.root, 'locks', name))
    if (failure) throw failed('cannot take a lock of the cache', failure, this.root)
    return typeof fd === 'number' ? { release: () => closeSync(fd) } : undefined
  }

  /** What lies in tmp/ while its lock is free belongs to a process that is no more. */
  async #sweep(): Promise<void> {
    for (const name of readdirSync(join(this.root, 'tmp'))) {
      const lock = this.#tryLock(name.split('.')[0] ?? name)
      if (!lock) continue
      try {
        await this.remove(join(this.root, 'tmp', name))
      } finally {
        lock.release()
      }
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

function syncFolder(path: string): void {
  const failure = native().syncDirectory(path)
  if (failure) throw failed(`cannot bring ${path} to disk`, failure, path)
}

function writeDurably(path: string, value: unknown): void {
  const fd = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW, 0o644)
  try {
    writeFileSync(fd, `${JSON.stringify(value, undefined, 2)}\n`)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

function readJson(path: string): unknown {
  if (!existsSync(path)) return undefined
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as unknown
  } catch (cause) {
    // What was changed by hand is made again.
    if (cause instanceof SyntaxError) return undefined
    throw failedCall(`cannot read ${path}`, cause, path)
  }
}
