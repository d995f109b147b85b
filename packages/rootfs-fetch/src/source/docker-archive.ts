// The source `docker-archive:FILE[:NAME]`: a tar as `docker save` and `skopeo copy … docker-archive:` write it. manifest.json names a
// config and layers by their paths; there are no digests of layers but the config's diff_ids, which are held against each. The form of
// today's Docker, which is an OCI layout too, has the same manifest.json.
import { resolve } from 'node:path'
import { ToolError } from '@srcon/kit/error'
import { nearest } from '@srcon/kit/suggest'
import { compressionOfBytes } from '../compression.ts'
import { digestOfBytes, verifyDigest, type Digest } from '../digest.ts'
import { tool } from '../native.ts'
import { pinnedDigests } from '../pinned.ts'
import type { Archive, Ask, Found, SourceKind } from './kind.ts'
import { isObject, malformed, quoted } from './oci/descriptor.ts'
import { maxConfig, readImageConfig, type ImageDocument } from './oci/image-config.ts'
import { andClose, orClose } from './oci/layout.ts'
import { maxDocument, maxLayers, readJsonObject } from './oci/manifest.ts'
import { fit, platformName, wantedName, wantedPlatform } from './oci/platform.ts'
import { isFile, placeOf, splitPlace } from './oci/store.ts'
import { openTar, type TarStore } from './oci/tar-store.ts'

/** An entry of manifest.json. */
interface Saved {
  readonly config: string
  readonly names: readonly string[]
  readonly layers: readonly string[]
}

export const kind: SourceKind = {
  read(source, options) {
    const word = placeOf(source, 'docker-archive:FILE, docker-archive:FILE:NAME:TAG')
    wantedPlatform(options.arch)
    const open = async (ask: Ask): Promise<{ store: TarStore; name: string | undefined }> => {
      const { path, tag, digest } = splitPlace(word, isFile)
      if (digest !== undefined) throw new ToolError(tool, 'docker-archive knows no digests', { code: 'E_USAGE', hint: 'give the sum of the file: --sha256' })
      return { store: await openTar(resolve(path), ask), name: tag }
    }
    return {
      source: `docker-archive:${word}`,
      find: async ask => {
        const { store, name } = await open(ask)
        return await orClose(store, async () => await find(store, name, ask))
      },
      list: async ask => {
        const { store } = await open(ask)
        return await andClose(store, async () => (await readSaved(store)).flatMap(({ names, config }, i) => (names.length > 0 ? names : [`@${i}`]).map(name => ({ source: `docker-archive:${store.path}:${name}`, version: name, note: config.slice(0, 30) }))))
      },
      inspect: async ask => {
        const { store, name } = await open(ask)
        return await andClose(store, async () => {
          const saved = choose(store, await readSaved(store), name)
          return { manifest: saved, imageConfig: readJsonObject(await readConfig(store, saved), saved.config) }
        })
      },
    }
  },
}

async function readSaved(store: TarStore): Promise<readonly Saved[]> {
  const bytes = await store.read('manifest.json', maxDocument)
  if (!bytes && store.has('index.json')) throw new ToolError(tool, `${store.path}: manifest.json is missing`, { code: 'E_IMAGE', path: store.path, why: 'it is an OCI layout', hint: `oci-archive:${store.path}` })
  if (!bytes) throw malformed(store.path, 'manifest.json is missing', 'it is no archive of docker save')
  const { list } = readJsonObject(Buffer.concat([Buffer.from('{"list":'), bytes, Buffer.from('}')]), `${store.path}: manifest.json`)
  if (!Array.isArray(list) || list.length === 0 || list.length > 1000) throw malformed(store.path, 'manifest.json is no list of images')
  return (list as unknown[]).map((each, i) => {
    const { Config: config, RepoTags: names, Layers: layers } = isObject(each) ? each : {}
    const texts = (value: unknown): value is string[] => Array.isArray(value) && value.every(word => typeof word === 'string')
    if (typeof config !== 'string' || !texts(layers) || layers.length > maxLayers || !(names === undefined || names === null || texts(names))) throw malformed(store.path, `entry ${i + 1} of manifest.json is no image`)
    return { config, names: names ?? [], layers }
  })
}

/** `alpine` is `docker.io/library/alpine:latest`. */
function fullName(name: string): string {
  const short = name.replace(/^docker\.io\//, '').replace(/^library\//, '')
  return /:[^/]*$/.test(short) ? short : `${short}:latest`
}

function choose(store: TarStore, all: readonly Saved[], name: string | undefined): Saved {
  const names = all.flatMap(({ names: its }, i) => [...its, ...(its.length > 0 ? [] : [`@${i}`])])
  const place = /^@(\d{1,4})$/.exec(name ?? '')?.[1]
  const found = name === undefined ? (all.length === 1 ? all[0] : undefined) : place === undefined ? all.find(each => each.names.some(its => fullName(its) === fullName(name))) : all[Number(place)]
  if (found) return found
  const near = name === undefined ? undefined : nearest(name, names)
  throw new ToolError(tool, name === undefined ? `${store.path} has ${all.length} images` : `${store.path} has no image ${quoted(name)}`, {
    code: 'E_NOT_FOUND', path: store.path, why: `it has ${names.slice(0, 20).map(quoted).join(', ')}`, hint: near === undefined ? `name one: docker-archive:${store.path}:NAME` : `did you mean ${near}?`,
  })
}

/** The name of the config is its digest, in every form that Docker has written. */
async function readConfig(store: TarStore, { config }: Saved): Promise<Buffer> {
  const bytes = await store.read(config, maxConfig)
  if (!bytes) throw malformed(store.path, `the config ${quoted(config)} is missing`)
  const [, hex] = /(?:^|\/)([0-9a-f]{64})(?:\.json)?$/.exec(config) ?? []
  if (hex !== undefined) verifyDigest(`${store.path}: the config`, digestOfBytes(bytes), `sha256:${hex}`, 'its name')
  return bytes
}

async function find(store: TarStore, name: string | undefined, ask: Ask): Promise<Found> {
  const saved = choose(store, await readSaved(store), name)
  const bytes = await readConfig(store, saved)
  const image = readImageConfig(bytes, `${store.path}: ${quoted(saved.config)}`)
  if (image.diffIds.length !== saved.layers.length || saved.layers.length === 0) throw malformed(store.path, `${saved.layers.length} layers, and the config has ${image.diffIds.length} diff_ids`)
  const wanted = wantedPlatform(ask.options.arch)
  if (image.platform && fit(image.platform, wanted) === undefined) {
    throw new ToolError(tool, `${store.path} is not for ${wantedName(wanted)}`, { code: 'E_NOT_FOUND', path: store.path, why: `it is for ${platformName(image.platform)}`, hint: `--arch ${platformName(image.platform).replace(/^linux\//, '')}` })
  }
  return {
    source: `docker-archive:${store.path}${name === undefined ? '' : `:${name}`}`, version: name ?? saved.names[0], arch: image.platform?.architecture,
    archives: await Promise.all(saved.layers.map(async (layer, i) => await archiveOf(store, layer, image, i))),
    verified: pinnedDigests(ask.options).length > 0 ? ['pinned'] : [], warnings: [], config: image.config,
    facts: { image: digestOfBytes(bytes), ...(image.platform ? { platform: platformName(image.platform) } : {}), ...(image.created === undefined ? {} : { created: image.created }) },
    close: async () => await store.close(),
  }
}

/** A layer that is not compressed has its diff_id as its sum; of another one the sum is made. */
async function archiveOf(store: TarStore, layer: string, { diffIds }: ImageDocument, i: number): Promise<Archive> {
  const diffId = diffIds[i]
  if (!store.has(layer) || diffId === undefined) throw malformed(store.path, `the layer ${quoted(layer)} is missing`)
  const compressed = compressionOfBytes(await store.head(layer)) !== 'none'
  const digest: Digest = compressed ? await store.sum(layer) : diffId
  const { origin, size } = store.origin(layer, digest) ?? {}
  return { label: `layer ${i + 1}/${diffIds.length}`, digests: [digest], says: 'the image\'s config', size, diffId, from: origin }
}
