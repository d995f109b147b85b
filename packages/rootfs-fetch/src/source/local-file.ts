// A file that the user names, opened once: what is hashed is what is read, whatever its name points to then.
import { constants } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { ToolError } from '@srcon/kit/error'
import { hashFile } from '../archive.ts'
import { splitDigest, verifyDigest, type Digest } from '../digest.ts'
import { failedCall, tool } from '../native.ts'

/** Only a regular file, since it is read more than once. */
export async function openLocal(path: string): Promise<FileHandle> {
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

/** Holds a file against sums that the caller gave. `known`: one that was made already. */
export async function checkPinned(path: string, file: FileHandle, pinned: readonly Digest[], signal: AbortSignal | undefined, known?: Digest): Promise<void> {
  for (const wanted of pinned) {
    const { algorithm } = splitDigest(wanted)
    verifyDigest(path, known?.startsWith(algorithm) ? known : await hashFile(file, algorithm, signal), wanted, 'the given sum')
  }
}
