// Where an image lies on disk, a directory or a tar: files by their names, blobs by their digests. Names are given by this program
// and digests are checked before; what an image says never becomes a path.
import { statSync } from 'node:fs'
import { usage } from '@srcon/kit/error'
import type { Digest } from '../../digest.ts'
import { tool } from '../../native.ts'
import type { Origin, SourceWord } from '../kind.ts'

export interface Store {
  /** For people: the path. */
  readonly path: string
  /** A small file, whole; undefined where it is missing. Throws a ToolError where it is larger than `limit` bytes. */
  read(name: string, limit: number): Promise<Buffer | undefined>
  /** A blob as what an archive is taken from; undefined where it is missing. */
  blob(digest: Digest): Promise<Origin | undefined>
  close(): Promise<void>
}

/** The name of a blob in a layout. */
export function blobName(digest: Digest): string {
  const [algorithm = '', hex = ''] = digest.split(':')
  return `blobs/${algorithm}/${hex}`
}

/** Splits `PLACE:TAG`, `PLACE@DIGEST`, where a place may have colons too: the longest beginning that `isPlace` wins. */
export function splitPlace(word: string, isPlace: (path: string) => boolean): { path: string; tag?: string; digest?: string } {
  if (isPlace(word)) return { path: word }
  const ends = [...word.matchAll(/[:@]/g)].map(({ index }) => index).reverse()
  for (const end of ends) {
    const path = word.slice(0, end)
    if (path !== '' && isPlace(path)) return { path, [word[end] === '@' ? 'digest' : 'tag']: word.slice(end + 1) }
  }
  // Nothing is there: what was meant is a guess, for an error.
  const [, path = word] = /^(.+?)(?:@sha\d+:[^/]*|:[^/:]*)?$/.exec(word) ?? []
  return { path }
}

/** What stands behind the source's name, or is its second word. Throws a ToolError `E_USAGE` that shows the forms. */
export function placeOf({ name, rest, file }: SourceWord, forms: string): string {
  if (rest !== undefined && file !== undefined) throw usage(tool, `unexpected argument '${file}'`, forms)
  const word = rest ?? file ?? ''
  if (word === '') throw usage(tool, `${name} needs a place`, forms)
  return word
}

export const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() === true
