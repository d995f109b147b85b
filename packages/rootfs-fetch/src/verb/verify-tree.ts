// `verify PATH` of a tree of the cache: its archives are unpacked once more, layer over layer, and the two trees are compared. An archive
// that was never copied, a layer in a layout of the user's, is asked of its source again.
import { existsSync, lstatSync } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { ToolError } from '@srcon/kit/error'
import { getArchive, hashFile } from '../archive.ts'
import { Cache } from '../cache.ts'
import type { TreeRecord } from '../cache/record.ts'
import { splitDigest, verifyDigest, type Digest } from '../digest.ts'
import { withSource, type FetchOptions } from '../fetch.ts'
import { tool } from '../native.ts'
import { ownersFor, type Owners } from '../owners.ts'
import { differences } from '../tree-compare.ts'
import { unpackInto } from '../unpack.ts'

/** Throws a ToolError `E_CHECKSUM` for a tree or an archive that is not what it was. */
export async function verifyTree(path: string, options: FetchOptions): Promise<Record<string, unknown>> {
  const folder = basename(path) === 'rootfs' ? dirname(path) : path
  const root = dirname(dirname(folder))
  if (basename(dirname(folder)) !== 'trees' || !existsSync(join(root, 'oci-layout'))) {
    throw new ToolError(tool, `${path} is no tree of a cache`, { code: 'E_INPUT', path, why: 'nothing says what should be in it', hint: 'give the path that rootfs-fetch printed' })
  }
  const cache = await Cache.open(root)
  const name = basename(folder)
  const tree = cache.tree(name)
  if (!tree) throw new ToolError(tool, `${folder} is not whole`, { code: 'E_INPUT', path: folder, hint: 'fetch it again' })
  const { source, digests, verified, signedBy, ids, diffIds, report } = tree.record
  const owners: Owners = ids ? { kind: 'mapped', ids, orOwn: false } : ownersFor(name.includes('-uid') ? 'own' : 'exact')
  const files = await openArchives(cache, folder, tree.record, options)
  const key = `verify-${process.pid}`
  const lock = await cache.lock(key)
  const made = cache.temporary(key, 'tree')
  try {
    const archives: { file: FileHandle; digest: Digest; diffId: Digest | undefined }[] = []
    for (const [i, file] of files.entries()) {
      const [digest, diffId] = [digests[i] as Digest, diffIds?.[i]]
      verifyDigest(files.length === 1 ? cache.blob(digest) : `layer ${i + 1}/${files.length}`, await hashFile(file, splitDigest(digest).algorithm), digest, 'its name')
      archives.push({ file, digest, diffId })
    }
    const { reports } = await unpackInto(cache, made, archives, source, { devices: name.includes('-devices') ? 'keep' : 'skip', stripSetId: name.includes('-nosetid'), owners })
    for (const [i, { diffId }] of archives.entries()) if (diffId !== undefined) verifyDigest(`what is in layer ${i + 1}/${files.length}`, `sha256:${reports[i]?.diffId ?? ''}`, diffId, 'the image\'s config')
    const trees = { expected: join(made, 'rootfs'), found: tree.path }
    const found = ids ? await (await import('../rootless/start.ts')).inNamespace(ids, 'compare', trees) : differences(trees.expected, trees.found)
    if (found.length > 0) {
      throw new ToolError(tool, `${tree.path} is not what its ${files.length === 1 ? 'archive says' : 'layers say'}`, {
        code: 'E_CHECKSUM', path: tree.path, why: `${found.length} differ, first ${found[0]}`, hint: 'somebody wrote to it: remove it (rootfs-fetch cache clear) and fetch it again',
      })
    }
    return { path: tree.path, source, digests, verified, signedBy, entries: lstatSync(tree.path).isDirectory() ? report.entries : 0 }
  } finally {
    for (const file of files) await file.close()
    await cache.remove(made)
    lock.release()
  }
}

/** The archives of a tree, the lowest first; each to be closed. */
async function openArchives(cache: Cache, folder: string, { source, arch, digests }: TreeRecord, options: FetchOptions): Promise<readonly FileHandle[]> {
  const files: FileHandle[] = []
  const missing = (): ToolError => new ToolError(tool, `the archive of ${folder} is not in the cache`, { code: 'E_NOT_FOUND', path: folder, why: `it came from ${source}`, hint: 'verify its source: rootfs-fetch verify SOURCE' })
  try {
    if (digests.length > 0 && digests.every(digest => cache.hasBlob(digest))) {
      for (const digest of digests) files.push(await open(cache.blob(digest), 'r'))
      return files
    }
    // Only what lies on this host: nothing is downloaded to verify a tree.
    if (!/^(?:oci|oci-archive|docker-archive|tar):(?!https?:)/.test(source)) throw missing()
    return await withSource(source, { ...options, cache: cache.root, arch: source.startsWith('tar:') ? undefined : arch }, async (wanted, ask) => {
      const found = await wanted.find(ask)
      try {
        if (found.archives.map(({ digests: [digest] }) => digest).join(' ') !== digests.join(' ')) throw missing()
        for (const archive of found.archives) files.push((await getArchive(source, archive, ask)).file)
        return files
      } finally {
        await found.close?.()
      }
    })
  } catch (error) {
    for (const file of files) await file.close()
    throw error
  }
}
