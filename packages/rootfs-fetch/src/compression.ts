// Whether a layer is compressed as its media type says. The unpacker would find out by itself; but whoever else reads the image
// goes by the type, and would see another tree or none.
import type { FileHandle } from 'node:fs/promises'
import { ToolError } from '@srcon/kit/error'
import { tool } from './native.ts'
import type { Archive } from './source/kind.ts'

export type Compression = 'none' | 'gzip' | 'zstd'

/** By its first bytes: gzip (RFC 1952), zstd or one of its frames to be skipped (RFC 8878); else a tar, or something that the unpacker refuses. */
export function compressionOfBytes(head: Uint8Array): Compression {
  const [a, b, c, d] = head
  if (a === 0x1f && b === 0x8b) return 'gzip'
  const zstd = a === 0x28 && b === 0xb5 && c === 0x2f && d === 0xfd
  const skipped = a !== undefined && (a & 0xf0) === 0x50 && b === 0x2a && c === 0x4d && d === 0x18
  return zstd || skipped ? 'zstd' : 'none'
}

/** Throws a ToolError `E_IMAGE`. */
export async function checkCompression({ label, compression }: Archive, file: FileHandle): Promise<void> {
  const head = Buffer.alloc(4)
  const { bytesRead } = await file.read(head, 0, 4, 0)
  const found = compressionOfBytes(head.subarray(0, bytesRead))
  if (found === compression) return
  const says = (word: string | undefined): string => (word === 'none' ? 'not compressed' : `compressed by ${word}`)
  throw new ToolError(tool, `${label} is ${says(found)}`, { code: 'E_IMAGE', why: `its media type says that it is ${says(compression)}`, hint: 'the image is damaged, or was made by a tool that does not keep to OCI\'s image-spec' })
}
