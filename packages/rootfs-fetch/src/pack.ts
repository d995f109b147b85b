// `pack DIR -o FILE`: a tree as a tar archive that is the same whenever it is made. Written aside and renamed, so that what
// has the name is whole. Images are made in pack-image.ts.
import { constants, openSync, closeSync, renameSync, rmSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { ToolError, usage } from '@srcon/kit/error'
import { parseCount } from '@srcon/kit/number'
import type { Output } from '@srcon/kit/output'
import type { ScannedLink } from '@srcon/kit/table'
import type { Compression } from './compression.ts'
import { failed, failedCall, native, noAnswer, tool, watched } from './native.ts'
import { idsOfTree } from './owners.ts'

export interface PackOptions {
  readonly compression?: Compression | undefined
  /** Seconds since 1970: later times become this one. */
  readonly latest?: number | undefined
  readonly signal?: AbortSignal | undefined
}
export interface Packed {
  /** Members of the archive. */
  readonly entries: number
  /** Bytes of the archive. */
  readonly written: number
  /** Sockets, which tar has no word for. */
  readonly skipped: number
  /** Hexadecimal, of the archive. */
  readonly sha256: string
  /** Of the tar before compression: what OCI calls a layer's diff_id. */
  readonly diffId: string
}

/** Packs what is in `directory`, without the directory itself, into an open file or pipe; a tree of the cache whose owners are subordinate ids with those that its archive named. Throws a ToolError; what was written then must go. */
export async function packInto(directory: string, fd: number, options: PackOptions = {}): Promise<Packed> {
  const ids = idsOfTree(directory)
  if (!ids) return await packHere(directory, fd, options)
  const { signal, ...rest } = options
  return await (await import('./rootless/start.ts')).inNamespace(ids, 'pack', { directory: resolve(directory), ...rest }, { fds: [fd], signal })
}

/** As this process sees the tree. */
export async function packHere(directory: string, fd: number, { compression = 'none', latest, signal }: PackOptions = {}): Promise<Packed> {
  const packing = new (native().Packing)()
  const { packed, failure } = await watched(packing, signal, undefined, async () => await packing.run({ directory, archive: fd, compression, ...(latest === undefined ? {} : { latest }) }))
  signal?.throwIfAborted()
  if (packed) return packed
  throw failed(`cannot pack ${directory}`, failure ?? noAnswer, directory)
}

/** The same into a new file; what is there after a failure must go. */
export async function packNew(directory: string, file: string, options: PackOptions = {}): Promise<Packed> {
  const fd = openSync(file, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o644)
  try {
    return await packInto(directory, fd, options)
  } finally {
    closeSync(fd)
  }
}

/** The same into a file, which appears when it is whole. */
export async function pack(directory: string, file: string, options: PackOptions = {}): Promise<Packed> {
  const aside = join(dirname(file), `.${process.pid}-${Math.random().toString(36).slice(2)}.part`)
  let fd: number
  try {
    fd = openSync(aside, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o666)
  } catch (cause) {
    throw failedCall(`cannot write ${file}`, cause, dirname(file))
  }
  try {
    const packed = await packInto(directory, fd, { compression: compressionOf(file), ...options })
    renameSync(aside, file)
    return packed
  } catch (cause) {
    rmSync(aside, { force: true })
    throw cause instanceof ToolError || options.signal?.aborted ? cause : failedCall(`cannot put ${file} in its place`, cause, dirname(file))
  } finally {
    closeSync(fd)
  }
}

/** By the name's end. Throws a ToolError `E_USAGE`. */
export function compressionOf(file: string): Compression {
  if (file.endsWith('.tar')) return 'none'
  if (/\.(?:tar\.gz|tgz)$/.test(file)) return 'gzip'
  if (/\.(?:tar\.zst|tzst)$/.test(file)) return 'zstd'
  throw usage(tool, `'${file}' does not say what to make`, 'end it in .tar, .tar.gz or .tar.zst')
}

const imageOnly: readonly string[] = ['compress', 'arch', 'cmd', 'entrypoint', 'env', 'user', 'workdir']

export async function run({ given, positionals }: ScannedLink, out: Output): Promise<void> {
  const value = (name: string): string | undefined => {
    const word = given.find(each => each.name === name)?.value
    return typeof word === 'string' ? word : undefined
  }
  const [directory = ''] = positionals
  const file = value('output')
  if (file === undefined) throw usage(tool, 'pack needs a file to write', 'rootfs-fetch pack DIR -o FILE.tar.gz')
  const epoch = process.env['SOURCE_DATE_EPOCH']
  const latest = value('latest') ?? (epoch === '' ? undefined : epoch)
  const seconds = latest === undefined ? undefined : parseCount(tool, value('latest') === undefined ? 'SOURCE_DATE_EPOCH' : '--latest', latest)
  if (/^oci(?:-archive)?:/.test(file)) {
    const image = await (await import('./verb/pack-image.ts')).packTo(directory, file, given, seconds)
    if (out.json) out.data(image)
    else out.line(`${image.digest}  ${image.source}`)
    return
  }
  const alien = given.find(({ name }) => imageOnly.includes(name))
  if (alien) throw usage(tool, `--${alien.name} is of an image`, '-o oci:DIR:TAG or -o oci-archive:FILE.tar:TAG')
  const packed = await pack(directory, file, { compression: compressionOf(file), latest: seconds })
  if (out.json) out.data({ path: file, ...packed })
  else out.line(`${packed.sha256}  ${file}`)
}
