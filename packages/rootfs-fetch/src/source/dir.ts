// The source `dir PATH`: a tree that is there, used as it is. Nothing is copied, unpacked or checked but that it is a directory
// which can be a root; what is known of it is told. Whoever writes to it writes to the user's own files.
import { accessSync, constants, lstatSync, realpathSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { ToolError, usage } from '@srcon/kit/error'
import type { FetchOptions } from '../fetch.ts'
import { failedCall, tool } from '../native.ts'
import { osRelease } from '../os-release.ts'
import type { Found, SourceKind, Wanted } from './kind.ts'

export const kind: SourceKind = {
  read({ rest, file }, options): Wanted {
    const path = rest ?? file
    if (path === undefined || path === '') throw usage(tool, 'dir needs a directory', 'rootfs-fetch dir PATH')
    if (rest !== undefined && file !== undefined) throw usage(tool, `two directories: ${rest} and ${file}`)
    refuseForTree('dir', options)
    return { source: `dir:${path}`, find: async () => await Promise.resolve(found(path)) }
  },
}

/** What would be promised and not done: nothing is unpacked, and nothing has a sum. Throws a ToolError `E_USAGE`. */
export function refuseForTree(name: string, { sha256, sha512, locked, stripSetId, devices, xattrs, limits, maxBytes, maxEntries }: FetchOptions): void {
  const sum = sha256 ?? sha512
  const given: readonly (readonly [string, unknown])[] = [
    ['--sha256 and --sha512', sum], ['--locked', locked], ['--strip-set-id', stripSetId || undefined], ['--devices=keep', devices === 'keep' || undefined],
    ['--xattrs', xattrs], ['a limit of unpacking', limits ?? maxBytes ?? maxEntries],
  ]
  const alien = given.find(([, value]) => value !== undefined)
  if (alien) throw usage(tool, `${alien[0]} is not for ${name}`, 'a directory is used as it is: it has no sum, and nothing is unpacked')
}

function found(word: string): Found {
  let path: string
  try {
    path = realpathSync(resolve(word))
    if (!statSync(path).isDirectory()) throw new ToolError(tool, `${path} is no directory`, { code: 'ENOTDIR', path, hint: 'for an archive: rootfs-fetch tar FILE' })
    accessSync(path, constants.R_OK | constants.X_OK)
  } catch (cause) {
    throw cause instanceof ToolError ? cause : failedCall(`cannot use ${word} as a root`, cause, word)
  }
  if (path === '/') throw new ToolError(tool, `${word} is this host's own root`, { code: 'E_REFUSED', path, why: 'a container could write to it', hint: 'rootfs-fetch host gives it as a read-only view' })
  const { uid, gid, mode } = statSync(path)
  const os = osRelease(path)
  const shell = ['bin/sh', 'usr/bin/sh'].some(each => isThere(path, each))
  const open = (mode & 0o002) !== 0 && (mode & 0o1000) === 0
  return {
    source: `dir:${path}`, version: os?.version, archives: [], tree: path, use: 'own', verified: [],
    facts: { uid, gid, mode: (mode & 0o7777).toString(8).padStart(4, '0'), shell, ...(os ? { os } : {}) },
    warnings: open ? [`everybody may write to ${path}`] : [],
  }
}

/** Whether there is something of this name. A link counts, wherever it leads. */
function isThere(root: string, path: string): boolean {
  try {
    return lstatSync(`${root}/${path}`, { throwIfNoEntry: false }) !== undefined
  } catch {
    return false
  }
}
