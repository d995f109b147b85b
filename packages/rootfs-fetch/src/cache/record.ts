// What the cache keeps in words: of a tree, what it was made from; of a name, what it stood for. Also as older versions wrote them.
import { createHash } from 'node:crypto'
import { digestOf, isDigest, splitDigest, type Digest } from '../digest.ts'
import type { IdMaps } from '../owners.ts'
import type { ImageConfig, Verified } from '../source/kind.ts'

/** What a tree was made from; kept beside it. */
export interface TreeRecord {
  readonly source: string
  readonly version?: string | undefined
  readonly arch?: string | undefined
  /** Of its archives, the lowest first. */
  readonly digests: readonly Digest[]
  /** Who vouched for the archives when the tree was made. */
  readonly verified: readonly Verified[]
  readonly signedBy?: string | undefined
  readonly report: TreeReport
  /** Of the layers of an image: the sums of their tars. */
  readonly diffIds?: readonly Digest[] | undefined
  /** Of a tree whose owners are subordinate ids of the user. */
  readonly ids?: IdMaps | undefined
  readonly config?: ImageConfig | undefined
}

/** What a name stood for when it was last fetched. */
export interface Ref {
  readonly digests: readonly Digest[]
  readonly verified: readonly Verified[]
  readonly signedBy?: string | undefined
  readonly version?: string | undefined
  readonly arch?: string | undefined
  /** Of the layers of an image: the sums of their tars. */
  readonly diffIds?: readonly Digest[] | undefined
  readonly config?: ImageConfig | undefined
}

/** Every way in which the tree is not what the archive says; see the core's Report. */
export interface TreeReport {
  readonly entries: number
  readonly bytes: number
  readonly devices: number
  readonly owners: number
  readonly setIds: number
  readonly attributes: number
  readonly replaced: number
  readonly records: number
  /** Names of lower layers that whiteouts took away. */
  readonly whiteouts?: number
}

/** The name of the tree that these archives make: the sum itself, or one over the sums of all layers. */
export function treeName(digests: readonly Digest[]): string {
  const [first] = digests
  if (digests.length === 1 && first !== undefined) return splitDigest(first).hex
  return createHash('sha256').update(digests.join(' ')).digest('hex')
}

/** Of the name of a tree, the part that its archives make, under whose lock it is worked on; behind it stands how it was made. */
export function archivesOf(tree: string): string {
  const at = tree.indexOf('-')
  return at < 0 ? tree : tree.slice(0, at)
}

/** A tree's record; one of an older version in today's words. */
export function recordOf(value: unknown): TreeRecord | undefined {
  const record = value as (TreeRecord & { sha512?: unknown }) | undefined
  const digests = record ? digestsOf(record) : undefined
  return digests && { ...(record as TreeRecord), digests, verified: verifiedOf(record?.verified) }
}

/** What an older version wrote as one word. */
function verifiedOf(value: unknown): readonly Verified[] {
  if (Array.isArray(value)) return value as Verified[]
  return value === 'pinned' || value === 'mirror' ? [value] : []
}

/** A ref; one of the first version in today's words. */
export function refOf(value: unknown): Ref | undefined {
  const ref = value as (Partial<Ref> & { sha512?: unknown }) | undefined
  const digests = ref ? digestsOf(ref) : undefined
  return digests && digests.length > 0 ? { ...ref, digests, verified: verifiedOf(ref?.verified) } : undefined
}

function digestsOf({ sha512, digests }: { readonly sha512?: unknown; readonly digests?: unknown }): readonly Digest[] | undefined {
  const old = digestOf('sha512', sha512)
  const all: unknown = old === undefined ? digests : [old]
  return Array.isArray(all) && all.every(isDigest) ? all : undefined
}
