// An index (one name, several platforms) and a manifest (one image: its config and its layers), read and held against what the
// image-spec asks of them. A document that can be read as both is refused: whoever checked it may have read the other one
// (CVE-2021-41190).
import { isIndex, isManifest, ociIndex, ociManifest, schema1 } from './media-type.ts'
import { isObject, malformed, quoted, readDescriptor, textsOf, type Descriptor } from './descriptor.ts'

/** Most layers of an image: as many as overlayfs and Docker know. */
export const maxLayers = 127
/** Most entries of an index. */
export const maxManifests = 1000
/** Most bytes of an index or a manifest: as many as registries take. */
export const maxDocument = 4 << 20

export interface Index {
  readonly kind: 'index'
  readonly manifests: readonly Descriptor[]
  readonly annotations?: Readonly<Record<string, string>> | undefined
}
export interface Manifest {
  readonly kind: 'manifest'
  readonly config: Descriptor
  /** The lowest first. */
  readonly layers: readonly Descriptor[]
  readonly annotations?: Readonly<Record<string, string>> | undefined
}

/** `mediaType` is what pointed to the document; undefined where nothing did. `where` names it in errors. Pure; throws a ToolError `E_IMAGE`, `E_UNSUPPORTED`. */
export function readIndexOrManifest(bytes: Uint8Array, mediaType: string | undefined, where: string): Index | Manifest {
  const document = readJsonObject(bytes, where)
  const { schemaVersion, mediaType: own, manifests, layers, config, annotations, fsLayers } = document
  if (schemaVersion === 1 || fsLayers !== undefined || /docker\.distribution\.manifest\.v1\+/.test(mediaType ?? '')) throw schema1(where)
  if (schemaVersion !== 2) throw malformed(where, `schemaVersion is ${quoted(schemaVersion)}`, 'it must be 2')
  if (own !== undefined && typeof own !== 'string') throw malformed(where, 'mediaType is no text')
  if (own !== undefined && mediaType !== undefined && own !== mediaType) throw malformed(where, `its media type is ${quoted(own)}, and what points to it says ${quoted(mediaType)}`)
  if (manifests !== undefined && (layers !== undefined || config !== undefined)) throw malformed(where, 'it is an index and a manifest at once')
  const type = mediaType ?? own ?? (manifests === undefined ? ociManifest : ociIndex)
  if (isIndex(type)) {
    const list = listOf(manifests, maxManifests, `${where}: manifests`)
    return { kind: 'index', manifests: list.map((each, i) => readDescriptor(each, `${where}: entry ${i + 1}`)), annotations: textsOf(annotations) }
  }
  if (!isManifest(type)) throw malformed(where, `${quoted(type)} is neither an index nor a manifest`)
  const list = listOf(layers, maxLayers, `${where}: layers`)
  return {
    kind: 'manifest', config: readDescriptor(config, `${where}: config`), layers: list.map((each, i) => readDescriptor(each, `${where}: layer ${i + 1}`)), annotations: textsOf(annotations),
  }
}

function listOf(value: unknown, most: number, where: string): readonly unknown[] {
  if (!Array.isArray(value)) throw malformed(where, 'not a list')
  if (value.length > most) throw malformed(where, `${value.length} entries`, `at most ${most} are taken`)
  return value
}

/** Throws a ToolError `E_IMAGE`. */
export function readJsonObject(bytes: Uint8Array, where: string): Readonly<Record<string, unknown>> {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw malformed(where, 'not JSON', (cause as Error).message)
  }
  if (!isObject(value)) throw malformed(where, 'not a JSON object')
  return value
}
