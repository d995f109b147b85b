// `pack DIR -o oci:DIR[:TAG]` and `-o oci-archive:FILE[:TAG]`: a tree as an image of one layer. The same tree with the same options makes
// the same bytes. Blobs are written aside and renamed; index.json comes last, so a layout that is read meanwhile is whole. The archive
// is such a layout, packed in its turn. See OCI's image-spec.
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { ToolError, usage } from '@srcon/kit/error'
import type { Compression } from './compression.ts'
import { digestOfBytes, splitDigest, type Digest } from './digest.ts'
import { escapeControl } from './escape.ts'
import { failedCall, tool } from './native.ts'
import { pack, packNew } from './pack.ts'
import type { ImageConfig } from './source/kind.ts'
import { refName, type Descriptor } from './source/oci/descriptor.ts'
import { readIndexOrManifest } from './source/oci/manifest.ts'
import { ociConfig, ociIndex, ociLayer, ociManifest } from './source/oci/media-type.ts'
import { wantedPlatform } from './source/oci/platform.ts'

const types: Readonly<Record<Compression, string>> = { none: ociLayer, gzip: `${ociLayer}+gzip`, zstd: `${ociLayer}+zstd` }

export interface ImageOptions {
  /** Default `latest`. */
  readonly tag?: string | undefined
  /** Of the layer; default gzip, which every tool reads. */
  readonly compression?: Compression | undefined
  /** Seconds since 1970: later times become this one; the image says that it was made then. */
  readonly latest?: number | undefined
  /** Default: of this machine. */
  readonly arch?: string | undefined
  readonly config?: ImageConfig | undefined
  readonly signal?: AbortSignal | undefined
}

export interface PackedImage {
  /** Where it is, as a source: `oci:DIR:TAG`. */
  readonly source: string
  /** Of its manifest. */
  readonly digest: Digest
  readonly layer: Digest
  readonly diffId: Digest
  readonly entries: number
  /** Sockets, which tar has no word for. */
  readonly skipped: number
}

/** Where to write: `oci:DIR`, `oci-archive:FILE`, each with `:TAG`; undefined for the name of a file. Throws a ToolError `E_USAGE`. */
export function imageTarget(word: string): { form: 'oci' | 'oci-archive'; path: string; tag: string | undefined } | undefined {
  const [, form, rest = ''] = /^(oci|oci-archive):(.*)$/s.exec(word) ?? []
  if (form === undefined) return undefined
  const [, path = '', tag] = /^(.*?)(?::([^:/]*))?$/s.exec(rest) ?? []
  if (path === '' || (tag !== undefined && !/^\w[\w.-]{0,127}$/.test(tag))) throw usage(tool, `'${word}' says no place`, `${form}:${form === 'oci' ? 'DIR' : 'FILE.tar'}:TAG`)
  return { form: form as 'oci' | 'oci-archive', path, tag }
}

/** Adds an image to a layout, or makes the layout; an image of that tag is taken out of the index. Throws a ToolError; then the index is as before. */
export async function packLayout(directory: string, layout: string, options: ImageOptions = {}): Promise<PackedImage> {
  const { tag = 'latest', compression = 'gzip', latest, config = {}, signal } = options
  const { architecture, variants: [variant = ''] } = wantedPlatform(options.arch)
  refuseWhiteouts(Buffer.from(directory))
  const before = openLayout(layout)
  const blobs = join(layout, 'blobs/sha256')
  const aside = join(blobs, `.${process.pid}-${Math.random().toString(36).slice(2)}.part`)
  try {
    const packed = await packNew(directory, aside, { compression, latest, signal })
    renameSync(aside, join(blobs, packed.sha256))
    const layer: Descriptor = { mediaType: types[compression], digest: `sha256:${packed.sha256}`, size: packed.written }
    const created = latest === undefined ? {} : { created: new Date(latest * 1000).toISOString().replace('.000', '') }
    const about = writeBlob(blobs, ociConfig, {
      ...created, architecture, os: 'linux', ...(variant === '' || architecture === 'arm64' ? {} : { variant }), config: runOf(config),
      rootfs: { type: 'layers', diff_ids: [`sha256:${packed.diffId}`] }, history: [{ ...created, created_by: `${tool} pack` }],
    })
    const manifest = writeBlob(blobs, ociManifest, { schemaVersion: 2, mediaType: ociManifest, config: about, layers: [layer] })
    const others = before.filter(each => each.annotations?.[refName] !== tag)
    writeAside(join(layout, 'index.json'), `${JSON.stringify({ schemaVersion: 2, mediaType: ociIndex, manifests: [...others, { ...manifest, platform: { architecture, os: 'linux' }, annotations: { [refName]: tag } }] })}\n`)
    return { source: `oci:${layout}:${tag}`, digest: manifest.digest, layer: layer.digest, diffId: `sha256:${packed.diffId}`, entries: packed.entries, skipped: packed.skipped }
  } catch (cause) {
    rmSync(aside, { force: true })
    throw cause instanceof ToolError || signal?.aborted ? cause : failedCall(`cannot write the layout ${layout}`, cause, layout)
  }
}

/** The same in a tar, which appears when it is whole. */
export async function packImageArchive(directory: string, file: string, options: ImageOptions = {}): Promise<PackedImage> {
  let made: string
  try {
    made = mkdtempSync(join(dirname(resolve(file)), '.pack-'))
  } catch (cause) {
    throw failedCall(`cannot write ${file}`, cause, dirname(file))
  }
  try {
    const packed = await packLayout(directory, join(made, 'layout'), options)
    // Times and modes are not those of this moment and this umask.
    for (const path of ['', 'blobs', 'blobs/sha256']) chmodSync(join(made, 'layout', path), 0o755)
    for (const path of ['index.json', 'oci-layout', ...readdirSync(join(made, 'layout/blobs/sha256')).map(name => `blobs/sha256/${name}`)]) chmodSync(join(made, 'layout', path), 0o644)
    await pack(join(made, 'layout'), file, { compression: 'none', latest: 0, signal: options.signal })
    return { ...packed, source: `oci-archive:${file}:${options.tag ?? 'latest'}` }
  } finally {
    rmSync(made, { recursive: true, force: true })
  }
}

/** In a layer, a name that begins with `.wh.` takes another one away. Throws a ToolError `E_UNSUPPORTED`. */
function refuseWhiteouts(folder: Buffer): void {
  let entries
  try {
    entries = readdirSync(folder, { withFileTypes: true, encoding: 'buffer' })
  } catch (cause) {
    throw failedCall(`cannot pack ${folder.toString()}`, cause, folder.toString())
  }
  for (const entry of entries) {
    const path = Buffer.concat([folder, Buffer.from('/'), entry.name])
    if (entry.name.subarray(0, 4).equals(Buffer.from('.wh.'))) {
      throw new ToolError(tool, `${escapeControl(path.toString())} cannot be in an image`, { code: 'E_UNSUPPORTED', why: 'names that begin with .wh. are whiteouts there', hint: 'rename it, or pack a tar archive: -o FILE.tar.gz' })
    }
    if (entry.isDirectory()) refuseWhiteouts(path)
  }
}

/** As OCI writes it; what is not said is left out. */
function runOf({ env, entrypoint, cmd, user, workdir }: ImageConfig): object {
  return { ...(user === undefined ? {} : { User: user }), ...(env ? { Env: env } : {}), ...(entrypoint ? { Entrypoint: entrypoint } : {}), ...(cmd ? { Cmd: cmd } : {}), ...(workdir === undefined ? {} : { WorkingDir: workdir }) }
}

/** What a layout has already; an empty or missing directory becomes one. Throws a ToolError for a directory of something else. */
function openLayout(layout: string): readonly Descriptor[] {
  try {
    const index = join(layout, 'index.json')
    if (existsSync(join(layout, 'oci-layout')) && existsSync(index)) {
      mkdirSync(join(layout, 'blobs/sha256'), { recursive: true })
      const document = readIndexOrManifest(readFileSync(index), ociIndex, index)
      return document.kind === 'index' ? document.manifests : []
    }
    mkdirSync(layout, { recursive: true })
    if (readdirSync(layout).length > 0) throw new ToolError(tool, `${layout} is no OCI layout, and not empty`, { code: 'E_REFUSED', path: layout, hint: `name a new directory: oci:${layout}/${basename(layout)}` })
    mkdirSync(join(layout, 'blobs/sha256'), { recursive: true })
    writeFileSync(join(layout, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}\n', { flag: 'wx' })
    return []
  } catch (cause) {
    throw cause instanceof ToolError ? cause : failedCall(`cannot write the layout ${layout}`, cause, layout)
  }
}

function writeBlob(blobs: string, mediaType: string, value: object): Descriptor {
  const bytes = Buffer.from(JSON.stringify(value))
  const digest = digestOfBytes(bytes)
  writeAside(join(blobs, splitDigest(digest).hex), bytes)
  return { mediaType, digest, size: bytes.length }
}

function writeAside(path: string, bytes: string | Uint8Array): void {
  const aside = join(dirname(path), `.${basename(path)}.${process.pid}.part`)
  try {
    writeFileSync(aside, bytes, { flag: 'wx', mode: 0o644 })
    renameSync(aside, path)
  } catch (cause) {
    rmSync(aside, { force: true })
    throw cause
  }
}
