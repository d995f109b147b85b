// The media types of images, OCI's and those of Docker's schema 2, which are the same documents under other names. What is not
// known here is refused by its name: a layer of an unknown kind is not passed over, and nothing is guessed.
import { ToolError } from '@srcon/kit/error'
import type { Compression } from '../../compression.ts'
import { escapeControl } from '../../escape.ts'
import { tool } from '../../native.ts'

export const ociIndex = 'application/vnd.oci.image.index.v1+json'
export const ociManifest = 'application/vnd.oci.image.manifest.v1+json'
export const ociConfig = 'application/vnd.oci.image.config.v1+json'
export const ociLayer = 'application/vnd.oci.image.layer.v1.tar'
export const dockerList = 'application/vnd.docker.distribution.manifest.list.v2+json'
export const dockerManifest = 'application/vnd.docker.distribution.manifest.v2+json'
export const dockerConfig = 'application/vnd.docker.container.image.v1+json'

const layers: Readonly<Record<string, Compression>> = {
  [ociLayer]: 'none', [`${ociLayer}+gzip`]: 'gzip', [`${ociLayer}+zstd`]: 'zstd',
  'application/vnd.docker.image.rootfs.diff.tar': 'none', 'application/vnd.docker.image.rootfs.diff.tar.gzip': 'gzip', 'application/vnd.docker.image.rootfs.diff.tar.zstd': 'zstd',
}

/** What a registry is asked for: each kind of index and manifest. */
export const accepted: readonly string[] = [ociIndex, dockerList, ociManifest, dockerManifest]

export const isIndex = (mediaType: string): boolean => mediaType === ociIndex || mediaType === dockerList
export const isManifest = (mediaType: string): boolean => mediaType === ociManifest || mediaType === dockerManifest
export const isConfig = (mediaType: string): boolean => mediaType === ociConfig || mediaType === dockerConfig

/** How a layer is compressed. Throws a ToolError `E_UNSUPPORTED` for what is no layer that can be unpacked. */
export function compressionOfLayer(mediaType: string, where: string): Compression {
  const known = layers[mediaType]
  if (known !== undefined) return known
  const refuse = (message: string, why: string): ToolError => new ToolError(tool, `${where}: ${message}`, { code: 'E_UNSUPPORTED', why: `its media type is ${escapeControl(mediaType)}: ${why}` })
  if (mediaType.endsWith('+encrypted')) throw refuse('an encrypted layer', 'it needs a key, and nothing here decrypts')
  if (/nondistributable|foreign/.test(mediaType)) throw refuse('a layer that is not part of the image', 'it lies at an address of its publisher\'s, which is not followed')
  throw refuse('a layer of a kind that is not known', `known are ${Object.keys(layers).join(', ')}`)
}

/** Why a manifest of Docker's schema 1 is no use. */
export function schema1(where: string): ToolError {
  return new ToolError(tool, `${where}: a manifest of Docker's schema 1`, {
    code: 'E_UNSUPPORTED', why: 'it holds no digests of what its layers unpack to, and its own digest is made over a rewritten text', hint: 'push the image again with a tool of today: skopeo copy --format=oci',
  })
}
