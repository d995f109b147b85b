// The values of --bind, --rbind and --tmpfs: paths and options between colons. A colon that belongs to a
// path is written `\:`, a backslash before one of these `\\`. Nothing else is special.
import { posix } from 'node:path'
import { usage } from '@srcon/kit/error'
import { applyAttribute, type Attribute, type BindMount, type NewMount } from './root-options.ts'

const tool = 'chroot-fs'
/** A set-user-ID file or a device node that is brought in by accident is a way out. */
const USUAL: readonly Attribute[] = ['nosuid', 'nodev']

/** `SRC:DST[:OPT,…]`; `SRC` alone is shown at the same place. */
export function readBind(option: string, word: string, recursive: boolean): BindMount {
  const [source = '', target = source, words, ...more] = splitWord(word)
  if (source === '' || more.length > 0) throw usage(tool, `${option}: '${word}' is not SRC:DST[:OPT,…]`, 'a colon in a path is written \\:')
  const attributes = (words === undefined ? [] : words.split(',')).reduce((all: readonly Attribute[], each) => {
    const next = applyAttribute(all, each)
    if (next) return next
    throw usage(tool, `${option}: '${each}' is no attribute of a mount`, 'ro, noexec, nosymfollow, noatime, suid, dev')
  }, USUAL)
  const own = recursive ? { attributes: [], recursiveAttributes: attributes } : { attributes, recursiveAttributes: [] }
  return { type: 'bind', source, target: readTarget(option, target), recursive, ...own }
}

/** `DST[:OPT,…]`: attributes of the mount and options of tmpfs. */
export function readTmpfs(option: string, word: string): NewMount {
  const [target = '', words, ...more] = splitWord(word)
  if (target === '' || more.length > 0) throw usage(tool, `${option}: '${word}' is not DST[:OPT,…]`, 'a colon in a path is written \\:')
  let attributes = USUAL
  const options: Record<string, string | true> = {}
  for (const each of words === undefined ? [] : words.split(',')) {
    const next = applyAttribute(attributes, each)
    if (next) attributes = next
    else Object.assign(options, readOption(option, each))
  }
  return { type: 'tmpfs', target: readTarget(option, target), attributes, options }
}

/** `size=64m` or a word alone; whether the file system knows it, it says itself. */
export function readOption(option: string, word: string): Record<string, string | true> {
  const [, name, value] = /^([A-Za-z_][\w-]*)(?:=(.*))?$/s.exec(word) ?? []
  if (name === undefined || value === '') throw usage(tool, `${option}: '${word}' is no option of a file system`, 'for example size=64m')
  return { [name]: value ?? true }
}

/** A path in the new root: absolute, without `..` above it. */
export function readTarget(option: string, word: string): string {
  if (!word.startsWith('/')) throw usage(tool, `${option}: '${word}' is not absolute`, 'paths in the new root begin with /')
  const target = posix.normalize(word).replace(/(?<=.)\/$/, '')
  if (target === '/') throw usage(tool, `${option}: nothing can be mounted on the root itself`, 'name the new root as ROOT')
  return target
}

/** Splits at colons that are not escaped. */
export function splitWord(word: string): string[] {
  const parts = ['']
  for (const [piece] of word.matchAll(/\\[\\:]|[^]/gu)) {
    if (piece === ':') parts.push('')
    else parts.push(`${parts.pop()}${piece.length === 2 && piece.startsWith('\\') ? piece.slice(1) : piece}`)
  }
  return parts
}
