// A descriptor: what points to a part of an image, with its kind, size and digest. Its text comes from others: a digest that is
// not exactly one of the two known forms never gets as far as the name of a file or an address.
import { ToolError } from '@srcon/kit/error'
import { isDigest, type Digest } from '../../digest.ts'
import { escapeControl } from '../../escape.ts'
import { tool } from '../../native.ts'

/** What a part is made for. */
export interface Platform {
  /** As OCI writes it: `amd64`, `arm64`. */
  readonly architecture: string
  readonly os: string
  readonly variant?: string | undefined
}

export interface Descriptor {
  readonly mediaType: string
  readonly digest: Digest
  /** Bytes. */
  readonly size: number
  readonly platform?: Platform | undefined
  readonly annotations?: Readonly<Record<string, string>> | undefined
}

/** The annotation by which an index names an image. */
export const refName = 'org.opencontainers.image.ref.name'

/** Text of an image in a message: short, without control characters. */
export const quoted = (value: unknown): string => {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing')
  return `'${escapeControl(text.length > 100 ? `${text.slice(0, 100)}…` : text)}'`
}

/** A document that is not what it must be. */
export function malformed(where: string, what: string, why?: string): ToolError {
  return new ToolError(tool, `${where}: ${what}`, { code: 'E_IMAGE', why, hint: 'the image is damaged, or was made by a tool that does not keep to OCI\'s image-spec' })
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Only strings: what else is there is passed over. */
export function textsOf(value: unknown): Readonly<Record<string, string>> | undefined {
  if (!isObject(value)) return undefined
  return Object.fromEntries(Object.entries(value).filter((pair): pair is [string, string] => typeof pair[1] === 'string'))
}

/** `where` names the document and the place in it. Throws a ToolError `E_IMAGE`. */
export function readDescriptor(value: unknown, where: string): Descriptor {
  if (!isObject(value)) throw malformed(where, 'not a descriptor')
  const { mediaType, digest, size, platform, annotations } = value
  if (typeof mediaType !== 'string' || mediaType === '') throw malformed(where, 'a descriptor without a media type')
  if (!isDigest(digest)) throw malformed(where, `${quoted(digest)} is no digest`, 'only sha256 and sha512 are known, in lower case')
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) throw malformed(where, `${quoted(size)} is no size`)
  return { mediaType, digest, size, platform: readPlatform(platform, where), annotations: textsOf(annotations) }
}

function readPlatform(value: unknown, where: string): Platform | undefined {
  if (value === undefined || value === null) return undefined
  const { architecture, os, variant } = isObject(value) ? value : {}
  if (typeof architecture !== 'string' || typeof os !== 'string' || !(variant === undefined || typeof variant === 'string')) throw malformed(where, `${quoted(value)} is no platform`)
  return { architecture, os, variant: variant === '' ? undefined : variant }
}
