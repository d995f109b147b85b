// Causes that lie in a path: what is missing, what is a link, who owns it, whether it can be written.
import { lstatSync, readlinkSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Explanation, Failure } from '@srcon/kit/link'
import { mounts } from '@srcon/kit/probes'
import { textOf } from '@srcon/kit/step'
import { earlier, is, rootOnHost } from './explain-words.ts'

export function explainPath(failure: Failure): Explanation | undefined {
  return probes.map(probe => probe(failure)).find(each => each !== undefined)
}

type Probe = (failure: Failure) => Explanation | undefined
const probes: readonly Probe[] = [missingSource, lockedBelow, notReachable, device, link, readOnlyRoot, foreignRoot, wrongSort, missingTarget, renamed]

const opens = ({ step }: Failure): boolean => step.do === 'fs.open' || (step.do === 'fs.chroot' && step['path'] !== undefined)

/** A source or a root: on the host, unless an earlier link has entered another root. */
function missingSource(failure: Failure): Explanation | undefined {
  if (!opens(failure) || !is(failure, 'ENOENT', 'ENOTDIR', 'ELOOP')) return undefined
  const path = textOf(failure.step['path'])
  const inside = rootOnHost(failure) === undefined
  if (inside) return { why: `an earlier chroot-fs has changed the root, and ${path} is looked up in there`, fix: 'put that directory into the first root with --bind' }
  const at = firstMissing(path)
  if (is(failure, 'ENOTDIR')) return { why: `${at ?? path} is not a directory`, fix: 'name a directory; an archive is unpacked with rootfs-fetch' }
  const isRoot = failure.step['tree'] === 'root' || failure.step.do === 'fs.chroot'
  return { why: `${at ?? path} does not exist${path.startsWith('/') ? '' : ` (seen from ${process.cwd()})`}`, fix: isRoot ? 'make a root first: rootfs-fetch alpine' : 'correct SRC of --bind' }
}

function firstMissing(path: string): string | undefined {
  const parts = path.split('/')
  const prefixes = parts.map((_, i) => parts.slice(0, i + 1).join('/') || '/')
  return prefixes.find(prefix => !statSync(prefix, { throwIfNoEntry: false })?.isDirectory())
}

/** A user namespace may not uncover what its creator has covered. */
function lockedBelow(failure: Failure): Explanation | undefined {
  if (failure.step.do !== 'fs.open' || failure.step['recursive'] === true || !is(failure, 'EINVAL')) return undefined
  const path = textOf(failure.step['path'])
  const below = mounts().filter(({ target }) => target.startsWith(`${path.replace(/\/$/, '')}/`))
  if (below[0] === undefined) return undefined
  return { why: `${below[0].target} is mounted below ${path}; in a user namespace such mounts are locked, and a copy may not leave them out`, fix: `use --rbind ${path}:…` }
}

function notReachable(failure: Failure): Explanation | undefined {
  if (!opens(failure) || !is(failure, 'EACCES')) return undefined
  return { why: `uid ${process.geteuid?.()} may not look into ${textOf(failure.step['path'])} or a directory above it`, fix: 'chmod o+x those directories, or move it to a place that this user can reach' }
}

function device(failure: Failure): Explanation | undefined {
  if (failure.step.do !== 'fs.device' && !(failure.step.do === 'fs.mask' && failure.path === '/dev/null')) return undefined
  const path = failure.path || textOf(failure.step['path'])
  if (is(failure, 'ENOENT') && failure.syscall === 'openat') return { why: `${path} is missing in /dev of this host or outer container`, fix: `as root: mknod ${path}, or start the outer container with a full /dev` }
  if (failure.syscall !== 'verify') return undefined
  return { why: `${path} here is something else: ${failure.note}`, fix: 'repair /dev; somebody who can change it could make a container read or write other files' }
}

function link(failure: Failure): Explanation | undefined {
  if (!is(failure, 'ELOOP', 'EEXIST', 'ENOTDIR') || opens(failure)) return undefined
  const root = rootOnHost(failure)
  const found = root === undefined ? undefined : firstLink(root, failure.path)
  if (found === undefined) return is(failure, 'ELOOP') ? { why: `${failure.path} leads through a link: ${failure.note}`, fix: 'it must be an ordinary directory of the root' } : undefined
  return { why: `${found.path} in the new root is a symbolic link to ${found.to}; it must be an ordinary directory, else the root could choose what is mounted where`, fix: `rm ${join(root ?? '', found.path)}; mkdir ${join(root ?? '', found.path)}` }
}

function firstLink(root: string, path: string): { readonly path: string; readonly to: string } | undefined {
  const parts = path.split('/').filter(Boolean)
  for (const [i] of parts.entries()) {
    const inside = `/${parts.slice(0, i + 1).join('/')}`
    if (lstatSync(join(root, inside), { throwIfNoEntry: false })?.isSymbolicLink()) return { path: inside, to: readlinkSync(join(root, inside)) }
  }
  return undefined
}

function readOnlyRoot(failure: Failure): Explanation | undefined {
  if (!is(failure, 'EROFS')) return undefined
  const attach = earlier(failure).findLast(step => step.do === 'fs.attach')
  const ours = ((attach?.['recursiveAttributes'] ?? []) as readonly string[]).includes('ro')
  return { why: `${failure.path} does not exist in the new root, and ${ours ? 'the root is read-only as a whole' : 'its file system is read-only'}`, fix: `make ${failure.path} there beforehand, or choose a directory that exists` }
}

function foreignRoot(failure: Failure): Explanation | undefined {
  if (!is(failure, 'EACCES', 'EOVERFLOW') || opens(failure)) return undefined
  const root = rootOnHost(failure)
  const owner = root === undefined ? undefined : statSync(root, { throwIfNoEntry: false })?.uid
  if (owner === undefined || owner === process.geteuid?.()) return undefined
  return { why: `${failure.path} is missing in the new root, and the root belongs to uid ${owner}, so it cannot be made there`, fix: `mkdir -p ${join(root ?? '', failure.path)} as uid ${owner}, or unpack the root as this user` }
}

function wrongSort(failure: Failure): Explanation | undefined {
  if (!is(failure, 'ENOTDIR', 'EISDIR') || opens(failure)) return undefined
  const wanted = is(failure, 'ENOTDIR') ? 'a directory was wanted and a file is there' : 'a file was to be mounted and a directory is there'
  return { why: failure.step.do === 'fs.attach' ? 'the root is a file' : `${failure.path} in the new root: ${wanted}`, fix: failure.step.do === 'fs.attach' ? 'name a directory' : 'a file is mounted on a file, a directory on a directory' }
}

function missingTarget(failure: Failure): Explanation | undefined {
  if (!is(failure, 'ENOENT') || failure.syscall !== 'openat2') return undefined
  return { why: `${failure.path} does not exist in the new root`, fix: 'make it there, or let the step make it ("create": true)' }
}

function renamed(failure: Failure): Explanation | undefined {
  return is(failure, 'EAGAIN') ? { why: `somebody renames files in the new root all the time, so ${failure.path} could not be looked up safely`, fix: 'stop whoever changes the root, then try again' } : undefined
}
