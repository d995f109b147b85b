// `--copy`: a private copy of a tree, exact in everything that a file says of itself. It is made aside, in `.NAME.copying`
// beside the target, and renamed when it is whole; what a killed process left there goes with the next copy. See
// docs/rootfs.md.
import { closeSync, lstatSync, readdirSync, realpathSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { ToolError } from '@srcon/kit/error'
import type { CopyRequest, NativeCopied, NativeFailure } from '../native/index.d.ts'
import type { Progress, Rootfs } from './fetch.ts'
import type { IdMaps } from './owners.ts'
import { failed, failedCall, native, noAnswer, tool, watched } from './native.ts'

export interface CopyOptions {
  /** `reflink`: blocks are shared until one is written, or it fails. `hardlink`: no copy, the same files under another name. Default: the best that is a copy. */
  readonly method?: 'reflink' | 'hardlink' | undefined
  /** Maps of a tree whose owners are subordinate ids of the user. */
  readonly ids?: IdMaps | undefined
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((progress: Progress) => void) | undefined
}

export interface Copied {
  /** Absolute. */
  readonly path: string
  /** How the files came there: `reflink` where all that hold something share their blocks. */
  readonly method: 'reflink' | 'copy' | 'hardlink'
  /** Files, directories and links, without the root. */
  readonly entries: number
  /** Of all regular files, holes included. */
  readonly bytes: number
  /** What a user must know: a line each. */
  readonly warnings: readonly string[]
}

/** Where a copy to `target` is made. */
export function asideOf(target: string): string {
  return join(dirname(target), `.${basename(target)}.copying`)
}

/** Copies the directory `source` to `target`, which is absent or empty. Throws a ToolError, or the signal's reason; then there is no copy. */
export async function copyTree(source: string, target: string, { method, ids, signal, onProgress }: CopyOptions = {}): Promise<Copied> {
  const path = placeOf(target)
  signal?.throwIfAborted()
  const parent = dirname(path)
  const from = realpathSync(source)
  if (`${path}/`.startsWith(`${from}/`)) throw new ToolError(tool, `cannot copy to ${path}: it is inside of what is copied`, { code: 'E_REFUSED', path })
  const request: CopyRequest = { source: from, aside: asideOf(path), target: path, parent, method: method ?? 'best' }
  const tell = onProgress && ((entries: number): void => onProgress({ phase: 'copy', bytes: 0, label: basename(path), entries }))
  // As a container has it: meanwhile nobody takes the tree away. A directory that is no cache's has no such lock.
  const { fd } = native().shareLock(`${from}.lock`)
  try {
    return told(await (ids ? copyMapped(ids, request, { signal, onProgress: tell, locks: typeof fd === 'number' ? [fd] : [] }) : copyHere(request, { signal, onProgress: tell })), request)
  } finally {
    if (typeof fd === 'number') closeSync(fd)
  }
}

function told({ entries, bytes, reflinked, swept }: NativeCopied, { source: from, target: path, method }: CopyRequest): Copied {
  const warnings = [
    ...(swept ? [`removed ${asideOf(path)}, which a process that was killed had left`] : []),
    ...(method === 'hardlink' ? [`${path} is no copy: its files are those of ${from}, so who writes to one, or changes its mode, changes the tree for everybody`] : []),
  ]
  return { path, method: method === 'hardlink' ? 'hardlink' : reflinked > 0 ? 'reflink' : 'copy', entries, bytes, warnings }
}

interface How {
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((entries: number) => void) | undefined
  /** Descriptors that stay open until it has ended. */
  readonly locks?: readonly number[] | undefined
}

/** In this process. */
export async function copyHere(request: CopyRequest, { signal, onProgress }: How = {}): Promise<NativeCopied> {
  const copying = new (native().Copying)()
  const { copied, failure } = await watched(copying, signal, onProgress && (() => onProgress(copying.entries())), async () => await copying.run(request))
  // A copy that is whole already is there, whatever was wished meanwhile.
  if (copied) return copied
  signal?.throwIfAborted()
  throw explained(request, failure ?? noAnswer)
}

/** In a user namespace: subordinate ids are not this user's to give, except there. What a process there leaves when it is stopped goes the same way. */
async function copyMapped(ids: IdMaps, request: CopyRequest, { signal, onProgress, locks }: How): Promise<NativeCopied> {
  const { inNamespace } = await import('./rootless/start.ts')
  try {
    return await inNamespace(ids, 'copy', request, { signal, locks, ...(onProgress ? { onProgress: at => onProgress(at as number) } : {}) })
  } catch (error) {
    if (signal?.aborted) await inNamespace(ids, 'remove', { path: request.aside, near: request.parent })
    throw error
  }
}

/** The same root file system with a copy as its tree, the user's own. */
export async function privateCopy(rootfs: Rootfs, target: string, options: CopyOptions): Promise<Rootfs> {
  if (rootfs.use === 'host') throw new ToolError(tool, 'the tree of this host is not copied', { code: 'E_REFUSED', why: 'host is a view, without what only this host needs', hint: 'rootfs-fetch pack makes an archive of a directory' })
  const copied = await copyTree(rootfs.path, target, { ...options, ids: rootfs.ids })
  return { ...rootfs, path: copied.path, use: 'own', copied, warnings: [...rootfs.warnings, ...copied.warnings] }
}

/** The absolute path of a target that can be one. Throws a ToolError: it is there and not empty, or the directory for it is missing. */
export function placeOf(target: string): string {
  const wanted = resolve(target)
  try {
    const path = join(realpathSync(dirname(wanted)), basename(wanted))
    const there = lstatSync(path, { throwIfNoEntry: false })
    if (there && !there.isDirectory()) throw refused(path, 'is no directory')
    if (there && readdirSync(path).length > 0) throw refused(path, 'is not empty')
    return path
  } catch (cause) {
    throw cause instanceof ToolError ? cause : failedCall(`cannot copy to ${wanted}`, cause, dirname(wanted))
  }
}

function refused(path: string, what: string): ToolError {
  return new ToolError(tool, `cannot copy to ${path}: it ${what}`, { code: 'E_REFUSED', path, why: 'a copy never comes over something else', hint: 'name a directory that is not there yet, or remove this one' })
}

/** What stands behind an error of the kernel. */
function explained({ target: path, source: from }: CopyRequest, failure: NativeFailure): ToolError {
  const error = failed(`cannot copy to ${path}`, failure, dirname(path))
  const { code, errno, syscall } = error
  const say = (why: string, hint: string): ToolError => new ToolError(tool, error.message, { code, errno, syscall, path: failure.entry || path, why, hint })
  if (code === 'E_BUSY') return say(`another process makes a copy in ${asideOf(path)}`, 'wait for it, or name another directory')
  if (syscall === 'ioctl FICLONE') return say(`files of ${from} cannot share their blocks with files of ${dirname(path)}: that needs one file system, of a kind that can (btrfs, xfs)`, '--copy without =reflink copies what cannot be shared')
  if (syscall === 'linkat' && code === 'EXDEV') return say(`${from} and ${dirname(path)} are on different file systems, and a file has its names on one`, '--copy without =hardlink copies')
  if (syscall === 'linkat' && code === 'EPERM') return say('only the owner of a file may give it another name here (/proc/sys/fs/protected_hardlinks), or its file system has no hard links', '--copy without =hardlink copies')
  if (syscall === 'rename') return say(`something came to ${path} meanwhile, or a file system is mounted there`, 'name a directory that is not there yet')
  return error
}
