// Two trees, entry by entry: type, mode, owner, size, time of change, links, content. Not the root itself, which belongs to its maker.
import { lstatSync, readFileSync, readdirSync, readlinkSync, type Stats } from 'node:fs'
import { join } from 'node:path'
import { escapeControl } from './escape.ts'

/** Differences are not counted beyond this. */
const ENOUGH = 100

/** What is not the same, a line each: `etc/passwd: content`. Names are taken as bytes. */
export function differences(expected: string, found: string): string[] {
  const lines: string[] = []
  const links = new Links()
  const visit = (folder: Buffer): void => {
    const at = (root: string, name: Buffer): Buffer => Buffer.concat([Buffer.from(join(root, '/')), name])
    const names = (root: string): Map<string, Buffer> => new Map(readdirSync(at(root, folder), { encoding: 'buffer' }).map(name => [name.toString('latin1'), name]))
    const [left, right] = [names(expected), names(found)]
    for (const [key, name] of new Map([...left, ...right])) {
      if (lines.length >= ENOUGH) return
      const path = folder.length === 0 ? name : Buffer.concat([folder, Buffer.from('/'), name])
      const say = (what: string): number => lines.push(`${escapeControl(path.toString())}: ${what}`)
      if (!left.has(key)) say('is too many')
      else if (!right.has(key)) say('is missing')
      else {
        const what = difference(at(expected, path), at(found, path), links)
        if (what !== undefined) say(what)
        else if (lstatSync(at(expected, path)).isDirectory()) visit(path)
      }
    }
  }
  visit(Buffer.alloc(0))
  return lines
}

/** Which names are one file, on both sides. Names elsewhere, as a hard-linked copy has them, are no difference. */
class Links {
  readonly #left = new Map<string, string>()
  readonly #right = new Map<string, string>()

  /** Whether two files of the same name have the same names beside it, as far as was seen. */
  same(a: Stats, b: Stats): boolean {
    const [left, right] = [`${a.dev}:${a.ino}`, `${b.dev}:${b.ino}`]
    if ((this.#left.get(left) ?? right) !== right || (this.#right.get(right) ?? left) !== left) return false
    this.#left.set(left, right)
    this.#right.set(right, left)
    return true
  }
}

function difference(expected: Buffer, found: Buffer, links: Links): string | undefined {
  const [a, b] = [lstatSync(expected), lstatSync(found)]
  const wrong = (['mode', 'uid', 'gid', 'rdev'] as const).find(name => a[name] !== b[name])
  if (wrong !== undefined) return wrong
  if (!a.isDirectory() && !links.same(a, b)) return 'links'
  if (!a.isDirectory() && Math.trunc(a.mtimeMs / 1000) !== Math.trunc(b.mtimeMs / 1000)) return 'time'
  if (a.isSymbolicLink()) return readlinkSync(expected, 'buffer').equals(readlinkSync(found, 'buffer')) ? undefined : 'target'
  return a.isFile() && !sameContent(expected, found, a, b) ? 'content' : undefined
}

function sameContent(expected: Buffer, found: Buffer, a: Stats, b: Stats): boolean {
  return a.size === b.size && readFileSync(expected).equals(readFileSync(found))
}
