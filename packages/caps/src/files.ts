// `caps files`: which files carry capabilities.
import { errnoName } from '@srcon/kit/errno'
import { lstatSync } from 'node:fs'
import type { Output } from '@srcon/kit/output'
import type { ScannedLink } from '@srcon/kit/table'
import { fileCapabilities, filesUnder, type FilesUnder } from './file-caps.ts'
import { namesOf } from './names.ts'
import { digits, printable } from './tasks.ts'

function look(path: string, how: { readonly recursive: boolean; readonly oneFileSystem: boolean }): FilesUnder {
  if (lstatSync(path, { throwIfNoEntry: false })?.isDirectory() ?? path.endsWith('/')) return filesUnder(path, how)
  const caps = fileCapabilities(path)
  return { found: caps ? [{ path, ...caps }] : [], unreadable: [], unread: [], files: 1 }
}

export async function run({ given, positionals }: ScannedLink, out: Output): Promise<void> {
  const is = (name: string): boolean => given.some(each => each.name === name)
  const all = positionals.map(path => look(path, { recursive: is('recursive'), oneFileSystem: is('one-file-system') }))
  if (all.some(({ unread, unreadable }) => unread.length + unreadable.length > 0)) process.exitCode = 1
  if (out.json) {
    const found = all.flatMap(each => each.found).map(({ permitted, inheritable, ...file }) => ({
      ...file, permitted: { hex: digits(permitted), names: namesOf(permitted) }, inheritable: { hex: digits(inheritable), names: namesOf(inheritable) },
    }))
    return out.data({ files: all.reduce((sum, { files }) => sum + files, 0), found, unreadable: all.flatMap(each => each.unreadable), unread: all.flatMap(each => each.unread) })
  }
  for (const { found, unreadable, unread } of all) {
    for (const { path, text, rootId } of found) out.line(`${printable(path)} ${text}${rootId === undefined ? '' : ` [rootid=${rootId}]`}`)
    for (const { path, errno } of unreadable) process.stderr.write(`caps: cannot read the capabilities of ${printable(path)}: ${errnoName(errno)}\n`)
    for (const path of unread) process.stderr.write(`caps: not looked into: ${printable(path)}\n`)
  }
}
