// From an index or a manifest to what a tree is made of: the layers for this machine, and the config. Where the parts come from,
// a layout, an archive or a registry, is the same to this: each part is held against the size and the digest that pointed to it.
import { ToolError } from '@srcon/kit/error'
import { digestOfBytes, splitDigest, verifyDigest } from '../../digest.ts'
import { tool } from '../../native.ts'
import type { Archive, Ask, Found, Origin, Verified } from '../kind.ts'
import { malformed, quoted, type Descriptor, type Platform } from './descriptor.ts'
import { maxConfig, readImageConfig, type ImageDocument } from './image-config.ts'
import { maxDocument, readIndexOrManifest, type Manifest } from './manifest.ts'
import { compressionOfLayer, isConfig, isIndex, isManifest } from './media-type.ts'
import { candidates, fit, isAttestation, platformName, wantedName, wantedPlatform, type WantedPlatform } from './platform.ts'

export type { Descriptor } from './descriptor.ts'

/** Where an image's parts come from: a layout, an archive, a registry. */
export interface Content {
  /** A small part (index, manifest, config), whole; at most `limit` bytes. imageFound checks size and digest. */
  read(descriptor: Descriptor, limit: number, signal: AbortSignal | undefined): Promise<Buffer>
  /** Where a layer is. */
  layer(descriptor: Descriptor): Promise<Origin>
  /** Called in any case, at the end. */
  close?(): Promise<void>
}

/** What is known of the image beside its parts. */
export interface About {
  /** As a user would write it again. */
  readonly source: string
  /** The word of `--arch`; default: of this machine. */
  readonly arch?: string | undefined
  readonly verified: readonly Verified[]
  /** See Found. */
  readonly ref?: string | undefined
  /** A tag. */
  readonly version?: string | undefined
  readonly warnings?: readonly string[] | undefined
  readonly facts?: Readonly<Record<string, unknown>> | undefined
  /** The root's own bytes, where they are here already; checked like all others. */
  readonly bytes?: Buffer | undefined
  /** Who says what a layer must be; default: the manifest. */
  readonly says?: string | undefined
}

/** Indexes inside one another. */
const maxDepth = 4
/** Indexes and manifests that are read to find one image. */
const maxReads = 32

/** A manifest that was chosen, and what chose it. */
export interface Chosen {
  readonly descriptor: Descriptor
  readonly bytes: Buffer
  readonly manifest: Manifest
  readonly configBytes: Buffer
  readonly image: ImageDocument
  readonly platform: Platform | undefined
}

/** From an index or a manifest to layers and config. Closes `content` where it fails; else Found does. Throws a ToolError. */
export async function imageFound(content: Content, root: Descriptor, about: About, ask: Ask): Promise<Found> {
  try {
    const { descriptor, manifest, image, platform } = await chooseImage(content, root, about, ask.signal)
    const { source, verified, ref, version, warnings = [], says = 'its manifest' } = about
    const digests = manifest.layers.map(({ digest }) => digest)
    const archives: Archive[] = []
    // One after another: when one fails, none is still being opened.
    for (const [i, layer] of manifest.layers.entries()) {
      const label = `layer ${i + 1}/${digests.length}`
      const compression = compressionOfLayer(layer.mediaType, `${source}: ${label}`)
      archives.push({ label, digests: [layer.digest], says, size: layer.size, diffId: image.diffIds[i], compression, from: await content.layer(layer) })
    }
    return {
      source, version, ref, verified, warnings, archives, config: image.config, arch: platform?.architecture,
      facts: { manifest: descriptor.digest, image: manifest.config.digest, ...(platform ? { platform: platformName(platform) } : {}), ...(image.created === undefined ? {} : { created: image.created }), ...about.facts },
      close: async () => await content.close?.(),
    }
  } catch (error) {
    await content.close?.()
    throw error
  }
}

/** The image for the platform that is wanted. Leaves `content` open. */
export async function chooseImage(content: Content, root: Descriptor, { source, arch, bytes }: About, signal: AbortSignal | undefined): Promise<Chosen> {
  const wanted = wantedPlatform(arch)
  const search = new Search(content, wanted, source, signal)
  const chosen = await search.within(root, bytes, 0)
  if (chosen) return chosen
  const there = [...new Set(search.others)]
  throw new ToolError(tool, `${source} is not there for ${wantedName(wanted)}`, {
    code: 'E_NOT_FOUND', why: there.length === 0 ? 'its index names no image' : `it is there for ${there.join(', ')}`, hint: there.length === 0 ? undefined : `--arch ${there[0]?.replace(/^linux\//, '')}`,
  })
}

class Search {
  readonly #content: Content
  readonly #wanted: WantedPlatform
  readonly #source: string
  readonly #signal: AbortSignal | undefined
  /** Platforms that were seen and are not wanted. */
  readonly others: string[] = []
  #reads = 0

  constructor(content: Content, wanted: WantedPlatform, source: string, signal: AbortSignal | undefined) {
    this.#content = content
    this.#wanted = wanted
    this.#source = source
    this.#signal = signal
  }

  /** The image behind a descriptor; undefined where it is for other platforms. */
  async within(descriptor: Descriptor, known: Buffer | undefined, depth: number): Promise<Chosen | undefined> {
    const where = `${this.#source}: ${splitDigest(descriptor.digest).hex.slice(0, 12)}`
    if (depth > maxDepth) throw malformed(where, `indexes inside one another, more than ${maxDepth} deep`)
    if (++this.#reads > maxReads) throw malformed(where, `more than ${maxReads} indexes and manifests lie before the image`)
    const bytes = await readPart(this.#content, descriptor, maxDocument, where, this.#signal, known)
    const document = readIndexOrManifest(bytes, descriptor.mediaType, where)
    if (document.kind === 'manifest') return await this.#image(descriptor, bytes, document, where)
    for (const each of candidates(document.manifests, this.#wanted)) {
      // Something else than an image may stand in an index.
      if (!isIndex(each.mediaType) && !isManifest(each.mediaType)) continue
      const found = await this.within(each, undefined, depth + 1)
      if (found) return { ...found, platform: each.platform ?? found.platform }
    }
    for (const each of document.manifests) if (each.platform && !isAttestation(each) && fit(each.platform, this.#wanted) === undefined) this.others.push(platformName(each.platform))
    return undefined
  }

  async #image(descriptor: Descriptor, bytes: Buffer, manifest: Manifest, where: string): Promise<Chosen | undefined> {
    if (!isConfig(manifest.config.mediaType)) {
      throw new ToolError(tool, `${where}: no image`, { code: 'E_UNSUPPORTED', why: `its config is ${quoted(manifest.config.mediaType)}: an artifact of another kind` })
    }
    const text = await readPart(this.#content, manifest.config, maxConfig, `${where}: config`, this.#signal)
    const image = readImageConfig(text, `${where}: config`)
    if (image.diffIds.length !== manifest.layers.length) throw malformed(where, `${manifest.layers.length} layers, and the config has ${image.diffIds.length} diff_ids`)
    if (manifest.layers.length === 0) throw malformed(where, 'no layers', 'an image without a file is no root')
    // What an index says of an image counts; without one, what it says of itself.
    if (descriptor.platform === undefined && image.platform && fit(image.platform, this.#wanted) === undefined) {
      this.others.push(platformName(image.platform))
      return undefined
    }
    return { descriptor, bytes, manifest, configBytes: text, image, platform: image.platform }
  }
}

/** A small part whose size and digest are right. Throws a ToolError `E_CHECKSUM`, `E_IMAGE`. */
export async function readPart(content: Content, descriptor: Descriptor, limit: number, where: string, signal: AbortSignal | undefined, known?: Buffer): Promise<Buffer> {
  const { size, digest } = descriptor
  if (size > limit) throw malformed(where, `${size} bytes`, `at most ${limit} are taken`)
  const bytes = known ?? (await content.read(descriptor, limit, signal))
  if (bytes.length !== size) throw new ToolError(tool, `${where}: ${bytes.length} bytes`, { code: 'E_CHECKSUM', why: `what points to it says ${size}`, hint: 'it is damaged, has changed or was forged: do not use it' })
  verifyDigest(where, digestOfBytes(bytes, splitDigest(digest).algorithm), digest, 'what points to it')
  return bytes
}
