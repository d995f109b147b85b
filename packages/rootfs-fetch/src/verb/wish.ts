// What the verbs that look at a source have in common: its words, the options, a client; and a signal that ends it.
import { parseSize } from '@srcon/kit/size'
import { parseDuration } from '@srcon/kit/number'
import type { ScannedLink } from '@srcon/kit/table'
import type { FetchOptions } from '../fetch.ts'
import { tool } from '../native.ts'
import { debianWords } from '../debian-options.ts'

export const valueOf = ({ given }: ScannedLink, name: string): string | undefined => {
  const value = given.find(each => each.name === name)?.value
  return typeof value === 'string' ? value : undefined
}
export const flagOf = ({ given }: ScannedLink, name: string): boolean => given.some(each => each.name === name)

/** The options that say where to look and whom to trust. Pure; throws a ToolError `E_USAGE`. */
export function lookOptions(link: ScannedLink): FetchOptions {
  const value = (name: string): string | undefined => valueOf(link, name)
  return {
    sha512: value('sha512'), sha256: value('sha256'), mirror: value('mirror'), arch: value('arch'), key: value('key'), cache: value('cache'),
    offline: flagOf(link, 'offline'), insecure: flagOf(link, 'insecure'), ...debianWords(value),
  }
}

/** Words of a source: `tar FILE` are two. */
export function sourceOf({ positionals: [word = '', file] }: ScannedLink): readonly [string, string?] {
  return file === undefined ? [word] : [word, file]
}

/** A size option in bytes; undefined where it is not given. */
export function sizeOf(link: ScannedLink, name: string): number | undefined {
  const word = valueOf(link, name)
  return word === undefined ? undefined : parseSize(tool, `--${name}`, word, {})
}

/** A duration option in milliseconds; undefined where it is not given. */
export function timeOf(link: ScannedLink, name: string): number | undefined {
  const word = valueOf(link, name)
  return word === undefined ? undefined : parseDuration(tool, `--${name}`, word) / 1000
}
