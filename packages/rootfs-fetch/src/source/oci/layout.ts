// An OCI layout, wherever it lies: `oci-layout` says what it is, `index.json` which images it has and what they are called. An
// image is asked for by tag or digest, or is the only one there. See the image-spec, image-layout.md.
import { ToolError } from '@srcon/kit/error'
import { nearest } from '@srcon/kit/suggest'
import { digestOfBytes, isDigest, type Digest } from '../../digest.ts'
import { tool } from '../../native.ts'
import type { Ask, Listed, Verified, Wanted } from '../kind.ts'
import { malformed, quoted, refName, type Descriptor } from './descriptor.ts'
import { chooseImage, imageFound, type About, type Content } from './image.ts'
import { maxDocument, readIndexOrManifest, readJsonObject } from './manifest.ts'
import { ociIndex, ociManifest } from './media-type.ts'
import { isAttestation, platformName } from './platform.ts'
import { blobName, type Store } from './store.ts'

/** Which image of a layout. */
export interface Which {
  readonly tag?: string | undefined
  readonly digest?: string | undefined
}

/** Of an entry of index.json. */
export const tagOf = ({ annotations }: Descriptor): string | undefined => annotations?.[refName]

/** What index.json names, without what is no image. Throws a ToolError `E_IMAGE`. */
export async function readLayout(store: Store): Promise<readonly Descriptor[]> {
  const mark = await store.read('oci-layout', 4096)
  const index = mark && (await store.read('index.json', maxDocument))
  if (!mark || !index) throw malformed(store.path, 'no OCI layout', `${mark ? 'index.json' : 'the file oci-layout'} is missing`)
  const { imageLayoutVersion: version } = readJsonObject(mark, `${store.path}: oci-layout`)
  if (typeof version !== 'string' || !version.startsWith('1.')) throw new ToolError(tool, `${store.path}: a layout of version ${quoted(version)}`, { code: 'E_UNSUPPORTED', why: '1.0.0 is known' })
  const document = readIndexOrManifest(index, ociIndex, `${store.path}: index.json`)
  return document.kind === 'index' ? document.manifests.filter(each => !isAttestation(each)) : []
}

/** The parts of images in a layout. */
export function contentOf(store: Store): Content {
  const missing = (digest: Digest): ToolError => malformed(store.path, `${blobName(digest)} is missing`)
  return {
    read: async ({ digest }, limit) => {
      const bytes = await store.read(blobName(digest), limit)
      if (!bytes) throw missing(digest)
      return bytes
    },
    layer: async ({ digest }) => {
      const origin = await store.blob(digest)
      if (!origin) throw missing(digest)
      return origin
    },
    close: async () => await store.close(),
  }
}

interface Root {
  readonly root: Descriptor
  readonly bytes?: Buffer | undefined
  readonly verified: readonly Verified[]
}

/** What the words mean in this layout. Throws a ToolError `E_NOT_FOUND` that names what there is. */
async function rootOf(store: Store, { tag, digest }: Which): Promise<Root> {
  const all = await readLayout(store)
  if (digest !== undefined) return await byDigest(store, all, digest)
  const tags = [...new Set(all.flatMap(each => tagOf(each) ?? []))]
  const there = tags.length === 0 ? 'its images have no tags' : `it has ${tags.slice(0, 20).map(quoted).join(', ')}`
  const wanted = tag === undefined ? all : all.filter(each => tagOf(each) === tag)
  const [first] = wanted
  if (!first) {
    const near = tag === undefined ? undefined : nearest(tag, tags)
    throw new ToolError(tool, tag === undefined ? `${store.path} has no image` : `${store.path} has no image ${quoted(tag)}`, { code: 'E_NOT_FOUND', path: store.path, why: tag === undefined ? undefined : there, hint: near === undefined ? undefined : `did you mean ${near}?` })
  }
  if (wanted.every(each => each.digest === first.digest)) return { root: first, verified: [] }
  if (tag === undefined && tags.length > 0) throw new ToolError(tool, `${store.path} has ${wanted.length} images`, { code: 'E_NOT_FOUND', path: store.path, why: there, hint: `name one: ${store.path}:${tags[0] ?? 'TAG'}` })
  // One name for several platforms: index.json is the index of them.
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: wanted }))
  return { root: { mediaType: ociIndex, digest: digestOfBytes(bytes), size: bytes.length }, bytes, verified: [] }
}

/** A digest may name what is behind an index too, which index.json does not. */
async function byDigest(store: Store, all: readonly Descriptor[], digest: string): Promise<Root> {
  if (!isDigest(digest)) throw new ToolError(tool, `${quoted(digest)} is no digest`, { code: 'E_USAGE', hint: 'sha256: and 64 hexadecimal digits' })
  const named = all.find(each => each.digest === digest)
  if (named) return { root: { ...named, platform: undefined }, verified: ['digest'] }
  const bytes = await store.read(blobName(digest), maxDocument)
  if (!bytes) throw new ToolError(tool, `${store.path} has no ${digest}`, { code: 'E_NOT_FOUND', path: store.path })
  const { mediaType, manifests } = readJsonObject(bytes, `${store.path}: ${digest.slice(0, 19)}`)
  return { root: { mediaType: typeof mediaType === 'string' ? mediaType : manifests === undefined ? ociManifest : ociIndex, digest, size: bytes.length }, bytes, verified: ['digest'] }
}

/** An open layout, and which of its images. */
export interface Opened {
  readonly store: Store
  readonly which: Which
}

/** A source that is a layout. `name` is its word, `word` what stands behind; `open` gives what is closed in any case. */
export function wantedLayout(name: string, word: string, arch: string | undefined, verified: readonly Verified[], open: (ask: Ask) => Promise<Opened>): Wanted {
  const about = ({ store, which: { tag, digest } }: Opened): About => ({
    source: `${name}:${store.path}${digest !== undefined ? `@${digest}` : tag !== undefined ? `:${tag}` : ''}`, arch, verified, version: tag,
  })
  return {
    source: `${name}:${word}`,
    find: async ask => {
      const opened = await open(ask)
      const { root, bytes, verified: named } = await orClose(opened.store, async () => await rootOf(opened.store, opened.which))
      return await imageFound(contentOf(opened.store), root, { ...about(opened), bytes, verified: [...verified, ...named] }, ask)
    },
    list: async ask => {
      const { store } = await open(ask)
      return await andClose(store, async () => (await readLayout(store)).map(each => rowOf(each, `${name}:${store.path}`)))
    },
    // Manifest and config as they stand there.
    inspect: async ask => {
      const opened = await open(ask)
      return await andClose(opened.store, async () => {
        const { root, bytes } = await rootOf(opened.store, opened.which)
        const chosen = await chooseImage(contentOf(opened.store), root, { ...about(opened), bytes }, ask.signal)
        return { manifest: readJsonObject(chosen.bytes, 'manifest'), imageConfig: readJsonObject(chosen.configBytes, 'config') }
      })
    },
  }
}

function rowOf(each: Descriptor, place: string): Listed {
  const tag = tagOf(each)
  return { source: `${place}${tag === undefined ? `@${each.digest}` : `:${tag}`}`, version: tag, arch: each.platform && platformName(each.platform).replace(/^linux\//, ''), note: each.digest.slice(0, 19) }
}

/** Closes it where `act` fails. */
export async function orClose<T>(store: Store, act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    await store.close()
    throw error
  }
}

/** Closes it in any case. */
export async function andClose<T>(store: Store, act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } finally {
    await store.close()
  }
}
