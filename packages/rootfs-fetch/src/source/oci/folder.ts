// An OCI layout in a directory. Whoever made it is not trusted: every component below the directory is opened by descriptor and
// without following links, so nothing outside of it is ever read, whatever lies there and whoever changes it meanwhile.
import { constants } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { ToolError } from '@srcon/kit/error'
import type { Digest } from '../../digest.ts'
import { failedCall, tool } from '../../native.ts'
import type { Origin } from '../kind.ts'
import { blobName, type Store } from './store.ts'

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK } = constants

export async function openFolder(path: string): Promise<Store> {
  let root: FileHandle
  try {
    root = await open(path, O_RDONLY | O_DIRECTORY)
  } catch (cause) {
    throw failedCall(`cannot open ${path}`, cause, path)
  }
  const opened: FileHandle[] = [root]
  return {
    path,
    read: async (name, limit) => {
      const file = await openBelow(root, name, path)
      if (!file) return undefined
      try {
        return await readWhole(file, limit, `${path}/${name}`)
      } finally {
        await file.close()
      }
    },
    blob: async (digest: Digest): Promise<Origin | undefined> => {
      const file = await openBelow(root, blobName(digest), path)
      if (!file) return undefined
      opened.push(file)
      return { file, unread: true }
    },
    close: async () => {
      for (const file of opened.splice(0)) await file.close()
    },
  }
}

/** A regular file below a directory; undefined where it is missing. A link, a device or a FIFO on the way is refused. */
async function openBelow(root: FileHandle, name: string, path: string): Promise<FileHandle | undefined> {
  const words = name.split('/')
  let at = root
  try {
    for (const [i, word] of words.entries()) {
      const last = i === words.length - 1
      const next = await open(`/proc/self/fd/${at.fd}/${word}`, O_RDONLY | O_NOFOLLOW | (last ? O_NONBLOCK : O_DIRECTORY))
      if (at !== root) await at.close()
      at = next
    }
  } catch (cause) {
    if (at !== root) await at.close()
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT') return undefined
    // O_DIRECTORY meets a link as ENOTDIR.
    if (code === 'ELOOP' || code === 'ENOTDIR') throw refused(`${path}/${name}`, 'there is a symbolic link on the way, and links of a layout are not followed: they lead to other files of this host')
    throw failedCall(`cannot open ${path}/${name}`, cause, path)
  }
  if ((await at.stat()).isFile()) return at
  await at.close()
  throw refused(`${path}/${name}`, 'it is no regular file')
}

function refused(path: string, why: string): ToolError {
  return new ToolError(tool, `${path} is not opened`, { code: 'E_REFUSED', path, why, hint: 'copy the image with its files: skopeo copy oci:DIR oci:OTHER' })
}

/** All of an open file. Throws a ToolError `E_IMAGE` beyond `limit` bytes. */
export async function readWhole(file: FileHandle, limit: number, name: string, from = 0, size?: number): Promise<Buffer> {
  const length = size ?? (await file.stat()).size
  if (length > limit) throw new ToolError(tool, `${name}: ${length} bytes`, { code: 'E_IMAGE', path: name, why: `at most ${limit} are taken` })
  const bytes = Buffer.alloc(length)
  let at = 0
  while (at < length) {
    const { bytesRead } = await file.read(bytes, at, length - at, from + at)
    if (bytesRead === 0) break
    at += bytesRead
  }
  return bytes.subarray(0, at)
}
