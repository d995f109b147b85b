// Where a source's files lie: a server, or a directory in the same order.
import { readdirSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { usage } from '@srcon/kit/error'
import { failedCall, tool } from './native.ts'

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

  /** The names in a directory; undefined where it is none, or on a server, which has no lists that can be relied on. */
  names(path: string): string[] | undefined {
    if (!this.local) return undefined
    const folder = fileURLToPath(this.url(path))
    return statSync(folder, { throwIfNoEntry: false })?.isDirectory() ? readdirSync(folder) : undefined
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
      throw cause instanceof Error && 'tool' in cause ? cause : failedCall(`cannot use the mirror ${word}`, cause, word)
    }
  }
  return url
}
