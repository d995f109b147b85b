// The source `docker://NAME[:TAG][@DIGEST]`: an image in a registry, named as Docker names it. Whoever has the digest of an image
// knows all of it; behind a tag stands what the registry says today.
import { ToolError, usage } from '@srcon/kit/error'
import { Mirror } from '../mirror.ts'
import { tool } from '../native.ts'
import { nameOf, readReference, refOf, type Reference } from './docker/reference.ts'
import type { Registry } from './docker/registry.ts'
import type { Ask, Found, SourceKind, Verified, Wanted } from './kind.ts'

export const kind: SourceKind = {
  read({ rest, file }, { sha256, sha512 }): Wanted {
    if (!rest?.startsWith('//') || rest.length < 3 || file !== undefined) throw usage(tool, 'docker needs an image', 'docker://NAME[:TAG], for example docker://alpine:3.20')
    const reference = readReference(rest.slice(2))
    const source = nameOf(reference)
    if (sha256 !== undefined || sha512 !== undefined) throw usage(tool, 'an image is no single archive: a sum of it is its digest', `docker://NAME@sha256:…; rootfs-fetch inspect ${source} shows it`)
    return {
      source,
      find: async ask => await find(reference, ask),
      list: async ask => (await (await registryOf(reference, ask)).tags()).map(tag => ({ source: nameOf({ ...reference, tag, digest: undefined }) })),
      inspect: async ask => (ask.options.offline ? {} : await inspect(reference, ask)),
    }
  },
}

async function find(reference: Reference, ask: Ask): Promise<Found> {
  const { options: { arch, offline }, cache } = ask
  const { wantedName, wantedPlatform } = await import('./oci/platform.ts')
  const ref = refOf(reference, wantedName(wantedPlatform(arch)))
  const source = nameOf(reference)
  // What a digest names does not change.
  const known = offline || reference.digest !== undefined ? remembered(reference, ref, ask) : undefined
  if (known) return known
  if (offline) throw new ToolError(tool, `${source} is not in the cache`, { code: 'E_NOT_FOUND', path: cache.root, hint: 'leave --offline out once' })
  const { imageFound } = await import('./oci/image.ts')
  const registry = await registryOf(reference, ask)
  const { descriptor, bytes } = await registry.root()
  const digest = descriptor.digest
  const found = await imageFound(registry, descriptor, { source, arch, verified: verifiedOf(reference), ref, bytes, version: reference.tag, facts: { digest } }, ask)
  return { ...found, exact: nameOf({ ...reference, digest }) }
}

/** The documents themselves. */
async function inspect(reference: Reference, ask: Ask): Promise<Readonly<Record<string, unknown>>> {
  const { chooseImage } = await import('./oci/image.ts')
  const { readJsonObject } = await import('./oci/manifest.ts')
  const registry = await registryOf(reference, ask)
  const { descriptor, bytes } = await registry.root()
  const chosen = await chooseImage(registry, descriptor, { source: nameOf(reference), arch: ask.options.arch, verified: [], bytes }, ask.signal)
  return { manifest: readJsonObject(chosen.bytes, 'manifest'), imageConfig: readJsonObject(chosen.configBytes, 'config') }
}

const verifiedOf = ({ digest }: Reference): readonly Verified[] => [digest === undefined ? 'mirror' : 'digest']

/** What it was when it was last fetched. */
function remembered(reference: Reference, ref: string, { cache, options }: Ask): Found | undefined {
  const known = cache.ref(ref)
  // Where the network may be asked, all archives must be here: a tree of another kind does not do.
  if (!known || !(options.offline ? cache.holds(known.digests) : known.digests.every(digest => cache.hasBlob(digest)))) return undefined
  const [first, ...rest] = known.digests.map((digest, i) => ({ label: `layer ${i + 1}/${known.digests.length}`, digests: [digest], says: 'the cache', diffId: known.diffIds?.[i] }))
  return first && { source: nameOf(reference), version: known.version, arch: known.arch, ref, verified: known.verified, archives: [first, ...rest], config: known.config, warnings: [] }
}

/** `--mirror` stands for any registry, `SRCON_DOCKER_MIRROR` for docker.io. */
async function registryOf(reference: Reference, ask: Ask): Promise<Registry> {
  if (ask.options.offline) throw usage(tool, `the registry of ${nameOf(reference)} is not asked with --offline`, 'leave --offline out')
  const word = ask.options.mirror ?? (reference.domain === 'docker.io' ? process.env['SRCON_DOCKER_MIRROR'] : undefined)
  const mirror = word ? new Mirror(word) : undefined
  if (mirror?.local) throw usage(tool, 'the mirror of a registry is an address, not a directory', 'oci:DIR takes an image from a directory')
  const { Registry: Opened } = await import('./docker/registry.ts')
  return new Opened(reference, ask, mirror?.base)
}
