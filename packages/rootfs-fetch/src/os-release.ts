// What a tree says it is: os-release(5), of a tree that nobody vouches for. Its text is data: no shell reads it.
import { native } from './native.ts'

export interface OsRelease {
  /** `debian`, `alpine`. */
  readonly id?: string | undefined
  /** `12`, `3.20.3`. */
  readonly version?: string | undefined
  /** For people. */
  readonly name?: string | undefined
}

/** Of the tree below a directory; undefined where it has none that can be read. */
export function osRelease(root: string): OsRelease | undefined {
  for (const path of ['etc/os-release', 'usr/lib/os-release']) {
    const { bytes } = native().readInside(root, path, 64 << 10)
    if (bytes) return parseOsRelease(bytes.toString())
  }
  return undefined
}

/** Values of more than 100 characters, and those with control characters, are passed over. */
export function parseOsRelease(text: string): OsRelease {
  const values = new Map<string, string>()
  for (const line of text.split('\n')) {
    const [, key, double, single, plain] = /^([A-Z_]+)=(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([\w.+:~-]*))\s*$/.exec(line) ?? []
    const value = double?.replace(/\\(.)/g, '$1') ?? single ?? plain
    if (key !== undefined && value !== undefined && value.length <= 100 && !/\p{C}/u.test(value)) values.set(key, value)
  }
  return { id: values.get('ID'), version: values.get('VERSION_ID'), name: values.get('PRETTY_NAME') ?? values.get('NAME') }
}
