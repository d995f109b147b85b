// A local archive: opened once, so that what is hashed is what is unpacked, whatever its name points to then.
import { constants } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { basename } from 'node:path'
import { ToolError, usage } from '@srcon/kit/error'
import { hashFile } from '../archive.ts'
import { splitDigest, verifyDigest, type Digest } from '../digest.ts'
import { failedCall, tool } from '../native.ts'
import { pinnedDigests } from '../pinned.ts'
import type { Ask, Found, SourceKind, Wanted } from './kind.ts'

export const kind: SourceKind = {
  read({ rest, file }): Wanted {
    const path = rest ?? file
    if (path === undefined || path === '') throw usage(tool, 'tar needs a file', 'rootfs-fetch tar FILE')
    if (rest !== undefined && file !== undefined) throw usage(tool, `two files: ${rest} and ${file}`)
    return { source: `tar:${path}`, find: async ask => await fromFile(path, ask) }
  },
}

/** Opens an archive; only regular files, since it is read twice. */
async function openArchive(path: string): Promise<FileHandle> {
  let file: FileHandle
  try {
    // Not blocking on a FIFO that nobody writes to.
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (cause) {
    throw failedCall(`cannot open ${path}`, cause, path)
  }
  if ((await file.stat()).isFile()) return file
  await file.close()
  throw new ToolError(tool, `${path} is no regular file`, { code: 'E_INPUT', path, hint: 'save the archive to a file first' })
}

/** The sum comes from the file, and is held against the caller's. */
async function fromFile(path: string, { options, signal }: Ask): Promise<Found> {
  const pinned = pinnedDigests(options)
  const file = await openArchive(path)
  try {
    const own = await hashFile(file, 'sha512', signal)
    const found = async (digest: Digest): Promise<Digest> => (digest.startsWith('sha512') ? own : await hashFile(file, splitDigest(digest).algorithm, signal))
    for (const digest of pinned) verifyDigest(path, await found(digest), digest, 'the given sum')
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
