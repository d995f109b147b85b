// The source `tar FILE|URL`. A local archive is opened once, so that what is hashed is what is unpacked, whatever its name points to then.
import { basename } from 'node:path'
import { ToolError, usage } from '@srcon/kit/error'
import { hashFile } from '../archive.ts'
import { shown } from '../download/failure.ts'
import { tool } from '../native.ts'
import { pinnedDigests } from '../pinned.ts'
import type { Ask, Found, SourceKind, Wanted } from './kind.ts'
import { checkPinned, openLocal } from './local-file.ts'

export const kind: SourceKind = {
  read({ rest, file }): Wanted {
    const path = rest ?? file
    if (path === undefined || path === '') throw usage(tool, 'tar needs a file', 'rootfs-fetch tar FILE')
    if (rest !== undefined && file !== undefined) throw usage(tool, `two files: ${rest} and ${file}`)
    const url = urlOf(path)
    return url ? { source: `tar:${shown(url)}`, find: async ask => fromUrl(url, ask) } : { source: `tar:${path}`, find: async ask => await fromFile(path, ask) }
  },
}

/** `https://…`, `http://…`, `file:///…`; undefined for the name of a file. */
function urlOf(word: string): URL | undefined {
  if (!/^(?:https?|file):\/\//i.test(word)) return undefined
  try {
    return new URL(word)
  } catch {
    throw usage(tool, `'${word}' is no address`, 'http://HOST/…, https://HOST/…, or the name of a file')
  }
}

/** An archive of the web must have a sum: nobody else vouches for it. */
function fromUrl(url: URL, { options, cache }: Ask): Found {
  const pinned = pinnedDigests(options)
  const source = `tar:${shown(url)}`
  const [digest] = pinned
  if (digest === undefined && !options.insecure) {
    throw new ToolError(tool, `there is no sum for ${shown(url)}`, { code: 'E_CHECKSUM', why: 'an archive of the web is taken only with a sum from elsewhere', hint: 'give it with --sha256 or --sha512, or take it on trust with --insecure' })
  }
  if (options.offline && (digest === undefined || !cache.holds([digest]))) throw new ToolError(tool, `${source} is not in the cache`, { code: 'E_NOT_FOUND', path: cache.root, hint: 'leave --offline out once' })
  return {
    source, verified: digest === undefined ? [] : ['pinned'], warnings: digest === undefined ? [`nobody vouches for ${shown(url)}`] : [],
    archives: [{ label: basename(url.pathname), digests: pinned, says: 'the given sum', from: options.offline ? undefined : { url } }],
  }
}

/** The sum comes from the file, and is held against the caller's. */
async function fromFile(path: string, { options, signal }: Ask): Promise<Found> {
  const pinned = pinnedDigests(options)
  const file = await openLocal(path)
  try {
    const own = await hashFile(file, 'sha512', signal)
    await checkPinned(path, file, pinned, signal, own)
    return {
      source: `tar:${path}`, verified: pinned.length === 0 ? [] : ['pinned'], warnings: [],
      archives: [{ label: basename(path), digests: [own], says: 'the file', from: { file } }],
      close: async () => await file.close(),
    }
  } catch (error) {
    await file.close()
    throw error
  }
}
