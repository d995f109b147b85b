// A download in the making: what came so far, and beside it what is needed to go on after a restart of the process: where it
// came from and the server's name for that state of the file (ETag or Last-Modified). The holder of the key's lock owns both.
import { closeSync, constants, fsyncSync, ftruncateSync, openSync, readFileSync, readSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs'
import { createHash, type Hash } from 'node:crypto'
import { dirname } from 'node:path'
import type { Algorithm, Digest } from '../digest.ts'
import { failedCall } from '../native.ts'

/** What a server said of a file, to recognise it. */
export interface Validator {
  readonly url: string
  /** Strong ETag, or a date: what If-Range takes. */
  readonly tag?: string | undefined
  /** Bytes of the whole, where known. */
  readonly total?: number | undefined
}

export class Partial {
  readonly path: string
  readonly #fd: number
  readonly #hashes: ReadonlyMap<Algorithm, Hash[]>
  #bytes = 0
  validator: Validator | undefined

  /** Opens what is there, or a new file; `algorithms`: the sums that are wanted. */
  constructor(path: string, algorithms: readonly Algorithm[]) {
    this.path = path
    this.#hashes = new Map(algorithms.map(algorithm => [algorithm, [createHash(algorithm)]]))
    this.#fd = this.#try('open', () => openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600))
    this.validator = readValidator(`${path}.json`)
    if (this.validator) this.#hashRest()
    else this.restart()
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Appends. Throws a ToolError; where the disk is full, nothing is kept. */
  write(part: Uint8Array): void {
    try {
      for (let at = 0; at < part.length; ) at += writeSync(this.#fd, part, at, part.length - at, this.#bytes + at)
    } catch (cause) {
      const error = this.#failure('write', cause)
      if (['ENOSPC', 'EDQUOT', 'EFBIG'].includes(error.code)) this.remove()
      throw error
    }
    for (const [hash] of this.#hashes.values()) hash?.update(part)
    this.#bytes += part.length
  }

  /** From the first byte again. */
  restart(): void {
    this.#try('write', () => ftruncateSync(this.#fd, 0))
    for (const [algorithm, hashes] of this.#hashes) hashes[0] = createHash(algorithm)
    this.#bytes = 0
    this.validator = undefined
    rmSync(`${this.path}.json`, { force: true })
  }

  /** Remembers what these bytes are part of. */
  remember(validator: Validator): void {
    this.validator = validator
    this.#try('write', () => writeFileSync(`${this.path}.json`, JSON.stringify(validator), { mode: 0o600 }))
  }

  /** Of all bytes so far. */
  digests(): ReadonlyMap<Algorithm, Digest> {
    return new Map([...this.#hashes].map(([algorithm, [hash]]) => [algorithm, `${algorithm}:${hash?.copy().digest('hex') ?? ''}`]))
  }

  /** Brings it to disk. */
  sync(): void {
    this.#try('fsync', () => fsyncSync(this.#fd))
  }

  close(): void {
    closeSync(this.#fd)
  }

  remove(): void {
    for (const path of [this.path, `${this.path}.json`]) rmSync(path, { force: true })
  }

  #hashRest(): void {
    const buffer = Buffer.allocUnsafe(1 << 20)
    for (;;) {
      const count = this.#try('read', () => readSync(this.#fd, buffer, 0, buffer.length, this.#bytes))
      if (count === 0) return
      for (const [hash] of this.#hashes.values()) hash?.update(buffer.subarray(0, count))
      this.#bytes += count
    }
  }

  #try<T>(what: string, act: () => T): T {
    try {
      return act()
    } catch (cause) {
      throw this.#failure(what, cause)
    }
  }

  #failure(what: string, cause: unknown): ReturnType<typeof failedCall> {
    return failedCall(`cannot ${what} ${this.path}`, cause, dirname(this.path))
  }
}

function readValidator(path: string): Validator | undefined {
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) return undefined
  try {
    const { url, tag, total } = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>
    if (typeof url !== 'string') return undefined
    return { url, tag: typeof tag === 'string' ? tag : undefined, total: typeof total === 'number' ? total : undefined }
  } catch {
    // Cut short by a kill: then the bytes are not known either.
    return undefined
  }
}
