// `verify SOURCE|PATH`: reads everything again. Of a source: the archives of the cache, against what its publisher says now. Of a
// tree of the cache: the tree, against its archives, entry by entry (verify-tree.ts). Of an archive: its sums, against those given.
import { existsSync, statSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { resolve } from 'node:path'
import { ToolError } from '@srcon/kit/error'
import type { Output } from '@srcon/kit/output'
import type { ScannedLink } from '@srcon/kit/table'
import { getArchive, hashFile } from '../archive.ts'
import { splitDigest, verifyDigest, type Digest } from '../digest.ts'
import { verifiedBy, withSource } from '../fetch.ts'
import { tool } from '../native.ts'
import { pinnedDigests } from '../pinned.ts'
import { lookOptions, sourceOf } from './wish.ts'

export async function run(link: ScannedLink, out: Output): Promise<void> {
  const [word, file] = sourceOf(link)
  const path = file === undefined && (word.includes('/') && !/^[a-z-]+:/.test(word)) ? resolve(word) : undefined
  const options = lookOptions(link)
  if (path === undefined) return await verifySource(link, out)
  if (!existsSync(path)) throw new ToolError(tool, `${path} does not exist`, { code: 'ENOENT', path })
  const told = statSync(path).isDirectory() ? await (await import('./verify-tree.ts')).verifyTree(path, options) : await verifyArchive(path, pinnedDigests(options))
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
      const verified = verifiedBy(found, signedBy)
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
