// A mirror: a directory, or a server. Small files are read whole, archives are copied while they are hashed.
import { createHash } from 'node:crypto'
import { createReadStream, readdirSync, statSync } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { ToolError, usage } from '@srcon/kit/error'
import { get, type Reply } from './http.ts'
import { failedCall, tool } from './native.ts'

/** Largest index or file of sums, bytes. */
const SMALL = 1 << 20

export interface Transfer {
  readonly signal?: AbortSignal | undefined
  /** Most bytes. */
  readonly limit: number
  readonly onBytes?: ((bytes: number, total: number | undefined) => void) | undefined
}

/** What was copied. */
export interface Copied {
  readonly sha512: string
  readonly bytes: number
}

export class Mirror {
  /** Ends with a slash. */
  readonly base: URL

  constructor(word: string) {
    this.base = baseOf(word)
  }

  get local(): boolean {
    return this.base.protocol === 'file:'
  }

  url(path: string): URL {
    return new URL(path, this.base)
  }

  /** A small text file; undefined where there is none. */
  async text(path: string, signal?: AbortSignal): Promise<string | undefined> {
    const parts: Uint8Array[] = []
    let size = 0
    const body = await this.#open(path, signal)
    if (!body) return undefined
    for await (const part of body.body) {
      size += part.length
      if (size > SMALL) throw new ToolError(tool, `${this.url(path).href} is larger than ${SMALL} bytes`, { code: 'E_DOWNLOAD', why: 'no index and no list of sums is that large' })
      parts.push(part)
    }
    return Buffer.concat(parts).toString()
  }

  /** The names in a directory; undefined where it is none, or on a server, which has no lists that can be relied on. */
  names(path: string): string[] | undefined {
    if (!this.local) return undefined
    const folder = fileURLToPath(this.url(path))
    return statSync(folder, { throwIfNoEntry: false })?.isDirectory() ? readdirSync(folder) : undefined
  }

  /** Copies a file to `to`, which is made, and brings it to disk; undefined where there is none. */
  async copy(path: string, to: string, { signal, limit, onBytes }: Transfer): Promise<Copied | undefined> {
    const from = await this.#open(path, signal)
    if (!from) return undefined
    const sum = createHash('sha512')
    let bytes = 0
    const file = await create(to)
    try {
      for await (const part of from.body) {
        bytes += part.length
        if (bytes > limit || (from.length ?? 0) > limit) throw new ToolError(tool, `${from.url.href} is larger than ${limit} bytes`, { code: 'E_DOWNLOAD', hint: 'raise --max-bytes if that is right' })
        sum.update(part)
        await writeWhole(file, part, to)
        onBytes?.(bytes, from.length)
      }
      await file.sync()
    } finally {
      await file.close()
    }
    return { sha512: sum.digest('hex'), bytes }
  }

  async #open(path: string, signal: AbortSignal | undefined): Promise<Reply | undefined> {
    const url = this.url(path)
    if (!this.local) return await get(url, signal)
    const file = fileURLToPath(url)
    const stat = statSync(file, { throwIfNoEntry: false })
    if (!stat) return undefined
    if (!stat.isFile()) throw new ToolError(tool, `${file} is no file`, { code: 'E_INPUT', path: file })
    return { url, length: stat.size, body: localBody(file, signal) }
  }
}

async function* localBody(file: string, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  try {
    for await (const part of createReadStream(file, { highWaterMark: 1 << 18, ...(signal ? { signal } : {}) }) as AsyncIterable<Buffer>) yield part
  } catch (cause) {
    if (signal?.aborted) throw signal.reason
    throw failedCall(`cannot read ${file}`, cause, file)
  }
}

async function create(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'wx', 0o444)
  } catch (cause) {
    throw failedCall(`cannot make ${path}`, cause, join(path, '..'))
  }
}

async function writeWhole(file: FileHandle, part: Uint8Array, path: string): Promise<void> {
  try {
    await file.writeFile(part)
  } catch (cause) {
    throw failedCall(`cannot write ${path}`, cause, join(path, '..'))
  }
}

/** A URL, or a directory. */
function baseOf(word: string): URL {
  const plain = !/^[a-z][a-z0-9+.-]*:/i.test(word)
  let url: URL
  try {
    url = plain ? pathToFileURL(resolve(word)) : new URL(word)
  } catch {
    throw usage(tool, `'${word}' is no mirror`, 'an http: or https: URL, or a directory')
  }
  if (!['http:', 'https:', 'file:'].includes(url.protocol)) throw usage(tool, `'${word}' is no mirror: ${url.protocol} is not known`, 'an http: or https: URL, or a directory')
  if (url.username !== '' || url.password !== '') throw usage(tool, 'a mirror with a password is not known', 'the password would be seen in messages and in the list of processes')
  url.search = ''
  url.hash = ''
  if (!url.pathname.endsWith('/')) url.pathname += '/'
  if (url.protocol === 'file:') {
    // One that is not there must be said, not taken for an empty one.
    try {
      if (!statSync(fileURLToPath(url)).isDirectory()) throw usage(tool, `the mirror ${word} is no directory`)
    } catch (cause) {
      throw cause instanceof ToolError ? cause : failedCall(`cannot use the mirror ${word}`, cause, word)
    }
  }
  return url
}

