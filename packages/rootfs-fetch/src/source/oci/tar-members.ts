// Where the files of a tar lie in it: an index made by reading the headers alone, from one to the next, whatever the size of what
// lies between. For archives of images, which are tars of tars; nothing is unpacked here. See tar(5), pax(1).
import type { FileHandle } from 'node:fs/promises'
import { posix } from 'node:path'
import { ToolError } from '@srcon/kit/error'
import { escapeControl } from '../../escape.ts'
import { tool } from '../../native.ts'

const BLOCK = 512
/** An image has hundreds. */
const maxMembers = 100_000
/** Bytes of a PAX header or a long name. */
const maxExtra = 1 << 20

export interface Member {
  /** Of its content, from the beginning of the archive, bytes. */
  readonly at: number
  readonly size: number
  /** Where it is a link: the name of the other member. */
  readonly link?: string | undefined
}

/** By name, without `./`. Directories are passed over. Throws a ToolError `E_ARCHIVE_*`. */
export async function readMembers(file: FileHandle, path: string): Promise<ReadonlyMap<string, Member>> {
  const { size: end } = await file.stat()
  const fail = (code: string, message: string): ToolError => new ToolError(tool, `${path}: ${message}`, { code, path, hint: 'it is damaged, or no archive of an image' })
  const members = new Map<string, Member>()
  const head = Buffer.alloc(BLOCK)
  let extra: { path?: string; link?: string; size?: number } = {}
  for (let at = 0, n = 0; at < end; n++) {
    if (n > maxMembers) throw fail('E_ARCHIVE_LIMIT', `more than ${maxMembers} members`)
    if ((await file.read(head, 0, BLOCK, at)).bytesRead < BLOCK) throw fail('E_ARCHIVE_TRUNCATED', 'the archive ends too early')
    // A block of zeros ends it.
    if (head.every(byte => byte === 0)) return members
    if (!sumIsRight(head)) throw fail(n === 0 ? 'E_ARCHIVE_UNSUPPORTED' : 'E_ARCHIVE_DAMAGED', n === 0 ? 'no tar archive' : `the header at ${at} is damaged`)
    const type = String.fromCharCode(head[156] ?? 0)
    const size = 'xgLK'.includes(type) ? number(head, 124, 12) : (extra.size ?? number(head, 124, 12))
    const from = at + BLOCK
    if (!Number.isSafeInteger(size) || size < 0 || from + size > end) throw fail('E_ARCHIVE_TRUNCATED', 'the archive ends too early')
    at = from + Math.ceil(size / BLOCK) * BLOCK
    if ('xgLK'.includes(type)) {
      if (size > maxExtra) throw fail('E_ARCHIVE_LIMIT', `a header of ${size} bytes`)
      const bytes = Buffer.alloc(size)
      await file.read(bytes, 0, size, from)
      // What a global header says of all members is of no use to an image.
      if (type !== 'g') extra = { ...extra, ...(type === 'x' ? records(bytes) : { [type === 'L' ? 'path' : 'link']: text(bytes, 0, size) }) }
      continue
    }
    const name = posix.normalize(extra.path ?? nameOf(head))
    const link = type === '1' ? posix.normalize(extra.link ?? text(head, 157, 100)) : type === '2' ? posix.join(posix.dirname(name), extra.link ?? text(head, 157, 100)) : undefined
    if ('01270\0'.includes(type)) {
      if (members.has(name)) throw fail('E_ARCHIVE_UNSAFE', `two members are called ${escapeControl(name)}`)
      members.set(name, { at: from, size: link === undefined ? size : 0, link })
    } else if (type !== '5') throw fail('E_ARCHIVE_UNSUPPORTED', `the member ${escapeControl(name)} is of type ${escapeControl(type)}`)
    extra = {}
  }
  throw fail('E_ARCHIVE_TRUNCATED', 'the archive ends too early')
}

/** A file by name; links are followed within the archive. */
export function memberOf(members: ReadonlyMap<string, Member>, name: string): Member | undefined {
  let found = members.get(posix.normalize(name))
  for (let links = 0; found?.link !== undefined; links++) found = links < 8 ? members.get(found.link) : undefined
  return found
}

function text(bytes: Buffer, at: number, size: number): string {
  const field = bytes.subarray(at, at + size)
  const end = field.indexOf(0)
  return field.toString('utf8', 0, end < 0 ? size : end)
}

function nameOf(head: Buffer): string {
  const prefix = text(head, 257, 5) === 'ustar' && head[262] === 0 ? text(head, 345, 155) : ''
  return prefix === '' ? text(head, 0, 100) : `${prefix}/${text(head, 0, 100)}`
}

/** Octal digits, or GNU's binary form for large ones; NaN for neither. */
function number(head: Buffer, at: number, size: number): number {
  const field = head.subarray(at, at + size)
  if (field[0] === 0x80) return field.subarray(1).reduce((sum, byte) => sum * 256 + byte, 0)
  const word = field.toString('latin1').replaceAll(/^[ \0]+|[ \0].*$/gs, '')
  return /^[0-7]*$/.test(word) ? Number.parseInt(word || '0', 8) : NaN
}

function sumIsRight(head: Buffer): boolean {
  const sum = head.reduce((all, byte, i) => all + (i >= 148 && i < 156 ? 32 : byte), 0)
  return sum === number(head, 148, 8)
}

/** Of a PAX header: `LENGTH KEY=VALUE\n` each. */
function records(bytes: Buffer): { path?: string; link?: string; size?: number } {
  const found: { path?: string; link?: string; size?: number } = {}
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(0x20, at)
    const length = Number(bytes.toString('latin1', at, space))
    if (space < 0 || !Number.isInteger(length) || length <= space - at) break
    const [, key = '', value = ''] = /^([^=]*)=([^]*)\n$/.exec(bytes.toString('utf8', space + 1, at + length)) ?? []
    if (key === 'path') found.path = value
    else if (key === 'linkpath') found.link = value
    // NaN is refused by the caller.
    else if (key === 'size') found.size = /^\d+$/.test(value) ? Number(value) : NaN
    // The file's bytes are not those that lie here.
    else if (key.startsWith('GNU.sparse')) found.size = NaN
    at += length
  }
  return found
}
