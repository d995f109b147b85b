// One mount as OCI writes it, and back. Options there are one list of words, as mount(8) takes them: which
// are attributes of the mount and which belong to the file system is told apart by name. A word that we
// cannot keep is an error: left out, the container would be weaker than its config says.
import { posix } from 'node:path'
import type { OciMount } from '@srcon/kit/config'
import { ToolError } from '@srcon/kit/error'
import { readOption } from './mount-words.ts'
import { applyAttribute, TYPES, type Attribute, type FileSystem, type Mount } from './root-options.ts'

/** `absolute` makes a bind's source absolute. */
export function toOci(mount: Mount, absolute: (path: string) => string): OciMount {
  const { target: destination, type, attributes } = mount
  if (mount.type === 'bind') {
    const { recursive, recursiveAttributes, slave, source } = mount
    const recursively = recursiveAttributes.map(each => `r${each}`)
    return { destination, type, source: absolute(source), options: [recursive ? 'rbind' : 'bind', ...attributes, ...recursively, ...(slave ? ['rslave'] : [])] }
  }
  const { source = type, ...options } = mount.options
  return { destination, type, source: String(source), options: [...attributes, ...Object.entries(options).map(([name, value]) => (value === true ? name : `${name}=${value}`))] }
}

/** Words that say what is so anyway. */
const USUAL = new Set(['defaults', 'async', 'loud', 'nomand', 'noiversion', 'nolazytime', 'private', 'rprivate'])
/** Words that no step of ours carries out. */
const REFUSED = /^(?:r?shared|r?unbindable|remount|move|tmpcopyup|r?idmap|x-.*)$/

interface Words {
  attributes: readonly Attribute[]
  recursiveAttributes: readonly Attribute[]
  bind: 'bind' | 'rbind' | undefined
  slave: boolean
  readonly rest: string[]
}

/** Throws a ToolError `E_INPUT`. */
export function fromOci(mount: OciMount): Mount {
  const words = readWords(mount)
  const target = targetOf(mount)
  const { attributes, recursiveAttributes, rest } = words
  if (words.bind !== undefined || mount.type === 'bind') {
    if (mount.source === undefined || mount.source === '') throw unusable(mount, 'a bind mount needs a source')
    if (rest[0] !== undefined) throw unusable(mount, `'${rest[0]}' is no option of a bind mount`)
    return { type: 'bind', source: mount.source, target, recursive: words.bind === 'rbind', attributes, recursiveAttributes, ...(words.slave ? { slave: true } : {}) }
  }
  const type = mount.type as FileSystem
  if (!TYPES.includes(type)) throw unusable(mount, `no step of ours mounts the type '${mount.type ?? ''}'`)
  const options = Object.assign({}, ...rest.map(word => optionOf(mount, word))) as Record<string, string | true>
  const source = mount.source === undefined || mount.source === type ? {} : { source: mount.source }
  return { type, target, attributes: merged(attributes, recursiveAttributes), options: { ...options, ...source } }
}

function readWords(mount: OciMount): Words {
  const words: Words = { attributes: [], recursiveAttributes: [], bind: undefined, slave: false, rest: [] }
  if (mount['uidMappings'] !== undefined || mount['gidMappings'] !== undefined) throw unusable(mount, 'no step of ours makes id-mapped mounts')
  for (const word of mount.options ?? []) {
    if (REFUSED.test(word)) throw unusable(mount, `no step of ours carries out '${word}'`)
    if (word === 'bind' || word === 'rbind') words.bind = word
    else if (word === 'slave' || word === 'rslave') words.slave = true
    else if (!USUAL.has(word)) readWord(words, word)
  }
  return words
}

function readWord(words: Words, word: string): void {
  const own = applyAttribute(words.attributes, word)
  const all = own === undefined && word.startsWith('r') ? applyAttribute(words.recursiveAttributes, word.slice(1)) : undefined
  if (own) words.attributes = own
  else if (all) words.recursiveAttributes = all
  else words.rest.push(word)
}

/** A new mount has nothing below it. */
function merged(attributes: readonly Attribute[], more: readonly Attribute[]): readonly Attribute[] {
  return more.reduce((all, each) => applyAttribute(all, each) ?? all, attributes)
}

function optionOf(mount: OciMount, word: string): Record<string, string | true> {
  try {
    return readOption(`mount ${mount.destination}`, word)
  } catch {
    throw unusable(mount, `'${word}' is no option of a file system`)
  }
}

/** A destination may lack the slash: then it is one below the root. */
function targetOf(mount: OciMount): string {
  const target = posix.normalize(`/${mount.destination}`).replace(/(?<=.)\/$/, '')
  if (target === '/') throw unusable(mount, 'nothing can be mounted on the root itself')
  return target
}

function unusable({ destination }: OciMount, why: string): ToolError {
  return new ToolError('chroot-fs', `cannot mount ${destination} as the config says`, { code: 'E_INPUT', path: destination, why, hint: 'change or leave out that mount' })
}
