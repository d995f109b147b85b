// A local archive: opened once, so that what is hashed is what is unpacked, whatever its name points to then.
import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { ToolError } from '@srcon/kit/error'
import type { Found } from '../fetch.ts'
import { failedCall, tool } from '../native.ts'
import { verifySum } from '../sums.ts'

/** Opens an archive; only regular files, since it is read twice. */
export async function openArchive(path: string): Promise<FileHandle> {
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

/** SHA-512 of an open file in hexadecimal; its position stays. */
export async function hashFile(file: FileHandle, signal?: AbortSignal): Promise<string> {
  const sum = createHash('sha512')
  const buffer = Buffer.allocUnsafe(1 << 20)
  for (let at = 0; ; ) {
    signal?.throwIfAborted()
    const { bytesRead } = await file.read(buffer, 0, buffer.length, at)
    if (bytesRead === 0) return sum.digest('hex')
    sum.update(buffer.subarray(0, bytesRead))
    at += bytesRead
  }
}

/** The source `tar`: the sum comes from the file, and is held against the caller's. */
export async function fromTar(path: string, pinned: string | undefined, signal?: AbortSignal): Promise<Found> {
  const file = await openArchive(path)
  try {
    const sha512 = await hashFile(file, signal)
    if (pinned !== undefined) verifySum(path, sha512, pinned, 'the given sum')
    return { source: `tar:${path}`, verified: pinned === undefined ? 'none' : 'pinned', key: sha512, sha512, notes: [], archive: { file }, close: async () => await file.close() }
  } catch (error) {
    await file.close()
    throw error
  }
}
