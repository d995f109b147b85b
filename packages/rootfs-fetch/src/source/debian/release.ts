// The Release file of a suite: signed in the clear (InRelease), or beside its signature (Release, Release.gpg). It holds the sums of all
// indexes, and they those of all packages; so its own sum says which Debian this is, and who signed it vouches for all of it.
import { ToolError } from '@srcon/kit/error'
import { digestOfBytes, splitDigest } from '../../digest.ts'
import { escapeControl } from '../../escape.ts'
import type { Mirror } from '../../mirror.ts'
import { tool } from '../../native.ts'
import type { Signed, Trust } from '../../openpgp.ts'
import type { Ask } from '../kind.ts'

/** Largest, bytes: those of sid have 200 KB. */
const LIMIT = 8 << 20

/** As the mirror has it, not checked yet. */
export interface RawRelease {
  readonly mirror: Mirror
  readonly url: URL
  readonly bytes: Buffer
  /** Detached; absent: signed in the clear, or not at all. */
  readonly signature?: Buffer | undefined
  /** SHA-256 of the file as it is, hexadecimal. */
  readonly sum: string
}

export interface Release {
  readonly codename: string | undefined
  readonly suite: string | undefined
  /** `12.12`; suites that are not released have none. */
  readonly version: string | undefined
  /** Seconds since 1970. */
  readonly date: number | undefined
  /** Seconds since 1970; for most suites it has no end. */
  readonly validUntil: number | undefined
  readonly architectures: readonly string[]
  readonly components: readonly string[]
}

/** From the first mirror that has it; undefined where none does. */
export async function fetchRelease({ client, signal }: Ask, mirrors: readonly Mirror[], suite: string): Promise<RawRelease | undefined> {
  for (const mirror of mirrors) {
    const at = (name: string): URL => mirror.url(`dists/${suite}/${name}`)
    const get = async (name: string): Promise<Buffer | undefined> => await client.bytes(at(name), { signal, limit: LIMIT })
    const clear = await get('InRelease')
    const bytes = clear ?? (await get('Release'))
    if (bytes) return { mirror, url: at(clear ? 'InRelease' : 'Release'), bytes, signature: clear ? undefined : await get('Release.gpg'), sum: splitDigest(digestOfBytes(bytes)).hex }
  }
  return undefined
}

/** Checks it; of what is signed in the clear only that counts. Without `trust` nobody vouches for it. Throws a ToolError `E_SIGNATURE`. */
export async function verifyRelease({ bytes, signature, url }: RawRelease, trust: Trust | undefined, insecure: boolean): Promise<{ readonly release: Release; readonly signed: Signed | undefined }> {
  const text = bytes.toString()
  const clear = text.includes('-----BEGIN PGP SIGNED MESSAGE-----')
  const unsigned = signature === undefined && !clear
  if (!trust || (unsigned && insecure)) return { release: parseRelease(clear ? withoutArmor(text) : text), signed: undefined }
  if (unsigned) throw new ToolError(tool, `${url.href} is not signed`, { code: 'E_SIGNATURE', why: 'there is neither InRelease nor Release.gpg', hint: 'use another --mirror, or take it on trust with --insecure' })
  const pgp = await import('../../openpgp.ts')
  if (signature !== undefined) return { signed: await pgp.verifyDetached(url.href, bytes, signature, trust), release: parseRelease(text) }
  const { text: inner, ...signed } = await pgp.verifyCleartext(url.href, text, trust)
  return { signed, release: parseRelease(inner) }
}

function withoutArmor(text: string): string {
  return text.replace(/^[^]*?-----BEGIN PGP SIGNED MESSAGE-----\r?\n(?:.+\n)*\r?\n/, '').replace(/\n-----BEGIN PGP SIGNATURE-----[^]*$/, '')
}

/** What is not of the form that it must have is passed over. */
export function parseRelease(text: string): Release {
  const fields = new Map([...text.matchAll(/^([A-Za-z-]+):[ \t]*(.*?)\r?$/gm)].map(([, key = '', value = '']) => [key.toLowerCase(), value]))
  const word = (key: string): string | undefined => {
    const value = escapeControl(fields.get(key) ?? '')
    return /^[\w.+~-]{1,60}$/.test(value) ? value : undefined
  }
  const words = (key: string): string[] => (fields.get(key) ?? '').split(/\s+/).filter(each => /^[\w./-]{1,60}$/.test(each))
  const time = (key: string): number | undefined => {
    const ms = Date.parse(fields.get(key) ?? '')
    return Number.isFinite(ms) && ms > 0 ? Math.trunc(ms / 1000) : undefined
  }
  return { codename: word('codename'), suite: word('suite'), version: word('version'), date: time('date'), validUntil: time('valid-until'), architectures: words('architectures'), components: words('components') }
}
