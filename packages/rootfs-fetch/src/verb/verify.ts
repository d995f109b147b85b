// `verify SOURCE|PATH`: reads everything again. Of a source: the archives of the cache, against what its publisher says now. Of a
// tree of the cache: the tree, against its archive, entry by entry. Of an archive: its sums, against those given.
import { existsSync, lstatSync, statSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { ToolError } from '@srcon/kit/error'
import type { Output } from '@srcon/kit/output'
import type { ScannedLink } from '@srcon/kit/table'
import { getArchive, hashFile } from '../archive.ts'
import { Cache } from '../cache.ts'
import { splitDigest, verifyDigest, type Digest } from '../digest.ts'
import { withSource } from '../fetch.ts'
import { tool } from '../native.ts'
import { ownersFor, type Owners } from '../owners.ts'
import { pinnedDigests } from '../pinned.ts'
import { differences } from '../tree-compare.ts'
import { unpackInto } from '../unpack.ts'
import { lookOptions, sourceOf } from './wish.ts'

export async function run(link: ScannedLink, out: Output): Promise<void> {
  const [word, file] = sourceOf(link)
  const path = file === undefined && (word.includes('/') && !/^[a-z-]+:/.test(word)) ? resolve(word) : undefined
  const options = lookOptions(link)
  if (path === undefined) return await verifySource(link, out)
  if (!existsSync(path)) throw new ToolError(tool, `${path} does not exist`, { code: 'ENOENT', path })
  const told = statSync(path).isDirectory() ? await verifyTree(path) : await verifyArchive(path, pinnedDigests(options))
  if (out.json) out.data(told)
  else out.line(Object.entries(told).map(([name, value]) => `${name}: ${Array.isArray(value) ? value.join(' ') : String(value)}`).join('\n'))
}

async function verifySource(link: ScannedLink, out: Output): Promise<void> {
  await withSource(sourceOf(link), lookOptions(link), async (wanted, ask) => {
    const found = await wanted.find(ask)
    try {
      if (found.tree !== undefined) throw new ToolError(tool, `nothing says what should be in ${found.source}`, { code: 'E_USAGE', why: 'it is a directory, which has no archive' })
      const digests: Digest[] = []
      let { signedBy } = found
      for (const archive of found.archives) {
        const got = await getArchive(found.source, archive, ask)
        try {
          for (const digest of archive.digests.length > 0 ? archive.digests : [got.digest]) verifyDigest(archive.label, await hashFile(got.file, splitDigest(digest).algorithm, ask.signal), digest, archive.says)
          digests.push(got.digest)
          signedBy ??= got.signedBy
        } finally {
          await got.file.close()
        }
      }
      const verified = signedBy === undefined || found.verified.includes('signature') ? found.verified : ['signature', ...found.verified]
      if (out.json) out.data({ source: found.source, digests, verified, signedBy, warnings: found.warnings })
      else out.line(`${found.source}: ${verified.length === 0 ? 'nobody vouches for it' : verified.join(', ')}${signedBy === undefined ? '' : `, signed by ${signedBy}`}\n${digests.join('\n')}`)
    } finally {
      await found.close?.()
    }
  })
}

async function verifyArchive(path: string, pinned: readonly Digest[]): Promise<Record<string, unknown>> {
  const file = await open(path, 'r')
  try {
    const digests = [await hashFile(file, 'sha512'), await hashFile(file, 'sha256')]
    for (const wanted of pinned) verifyDigest(path, digests.find(each => each.slice(0, 6) === wanted.slice(0, 6)) ?? wanted, wanted, 'the given sum')
    return { path, digests, verified: pinned.length > 0 ? ['pinned'] : [] }
  } finally {
    await file.close()
  }
}

/** Unpacks its archive once more and compares. */
async function verifyTree(path: string): Promise<Record<string, unknown>> {
  const folder = basename(path) === 'rootfs' ? dirname(path) : path
  const root = dirname(dirname(folder))
  if (basename(dirname(folder)) !== 'trees' || !existsSync(join(root, 'oci-layout'))) {
    throw new ToolError(tool, `${path} is no tree of a cache`, { code: 'E_INPUT', path, why: 'nothing says what should be in it', hint: 'give the path that rootfs-fetch printed' })
  }
  const cache = await Cache.open(root)
  const name = basename(folder)
  const tree = cache.tree(name)
  if (!tree) throw new ToolError(tool, `${folder} is not whole`, { code: 'E_INPUT', path: folder, hint: 'fetch it again' })
  const { digests: [digest], ids } = tree.record
  const owners: Owners = ids ? { kind: 'mapped', ids, orOwn: false } : ownersFor(name.includes('-uid') ? 'own' : 'exact')
  if (digest === undefined || tree.record.digests.length > 1 || !cache.hasBlob(digest)) {
    throw new ToolError(tool, `the archive of ${folder} is not in the cache`, { code: 'E_NOT_FOUND', path: folder, hint: 'verify its source: rootfs-fetch verify SOURCE' })
  }
  const file = await open(cache.blob(digest), 'r')
  const key = `verify-${process.pid}`
  const lock = await cache.lock(key)
  const made = cache.temporary(key, 'tree')
  try {
    verifyDigest(cache.blob(digest), await hashFile(file, splitDigest(digest).algorithm), digest, 'its name')
    await unpackInto(cache, made, [{ file, digest }], tree.record.source, { devices: name.endsWith('-devices') ? 'keep' : 'skip', stripSetId: name.includes('-nosetid'), owners })
    const trees = { expected: join(made, 'rootfs'), found: tree.path }
    const found = ids ? await (await import('../rootless/start.ts')).inNamespace(ids, 'compare', trees) : differences(trees.expected, trees.found)
    if (found.length > 0) {
      throw new ToolError(tool, `${tree.path} is not what its archive says`, {
        code: 'E_CHECKSUM', path: tree.path, why: `${found.length} differ, first ${found[0]}`, hint: 'somebody wrote to it: remove it (rootfs-fetch cache clear) and fetch it again',
      })
    }
    const { source, digests, verified, signedBy } = tree.record
    return { path: tree.path, source, digests, verified, signedBy, entries: lstatSync(tree.path).isDirectory() ? tree.record.report.entries : 0 }
  } finally {
    await file.close()
    await cache.remove(made)
    lock.release()
  }
}
