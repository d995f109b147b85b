// Digests as OCI writes them, `sha256:HEX` or `sha512:HEX`: of archives, in lists of sums, and given by users.
import { createHash } from 'node:crypto'
import { ToolError, usage } from '@srcon/kit/error'
import { tool } from './native.ts'

export type Algorithm = 'sha256' | 'sha512'
export type Digest = `${Algorithm}:${string}`

const digits = { sha256: 64, sha512: 128 } as const

/** Whether it is a digest of a known algorithm, lower case. */
export function isDigest(word: unknown): word is Digest {
  return typeof word === 'string' && /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/.test(word)
}

/** A digest from hexadecimal digits; undefined where they are none of this algorithm. */
export function digestOf(algorithm: Algorithm, hex: unknown): Digest | undefined {
  const digest = typeof hex === 'string' ? `${algorithm}:${hex.toLowerCase()}` : undefined
  return isDigest(digest) ? digest : undefined
}

/** Of bytes that are here whole. */
export function digestOfBytes(bytes: Uint8Array, algorithm: Algorithm = 'sha256'): Digest {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`
}

/** Throws where it is no digest of a known algorithm: another one proves nothing here. */
export function splitDigest(digest: Digest): { algorithm: Algorithm; hex: string } {
  if (!isDigest(digest)) throw new ToolError(tool, `'${String(digest)}' is no digest`, { code: 'E_CHECKSUM', why: 'only sha256 and sha512 are known' })
  const at = digest.indexOf(':')
  return { algorithm: digest.slice(0, at) as Algorithm, hex: digest.slice(at + 1) }
}

/** The digests of a SHA256SUMS, SHA512SUMS or .sha512 file, by file name; lines of another form are passed over. */
export function parseSums(algorithm: Algorithm, text: string): Map<string, Digest> {
  const sums = new Map<string, Digest>()
  for (const line of text.split('\n')) {
    const [, hex, name] = /^([0-9a-fA-F]{64,128})(?: [ *](?:\.\/)?(\S.*))?$/.exec(line.trimEnd()) ?? []
    const digest = digestOf(algorithm, hex)
    if (digest !== undefined) sums.set(name ?? '', digest)
  }
  return sums
}

/** A sum that a user gives. `option`: `--sha512`. */
export function readSum(option: string, algorithm: Algorithm, word: string): Digest {
  const digest = digestOf(algorithm, word)
  if (digest !== undefined) return digest
  throw usage(tool, `${option}: '${word}' is no ${nameOf(algorithm)} sum`, `${digits[algorithm]} hexadecimal digits, as ${algorithm}sum prints them`)
}

/** Throws a ToolError `E_CHECKSUM` unless both are equal. `from`: who expects `wanted`. */
export function verifyDigest(what: string, found: Digest, wanted: Digest, from: string): void {
  if (found === wanted) return
  const { algorithm } = splitDigest(wanted)
  throw new ToolError(tool, `${what} is not what ${from} says`, {
    code: 'E_CHECKSUM',
    why: `its ${nameOf(algorithm)} is ${short(found)}, expected ${short(wanted)}`,
    hint: 'it is damaged, has changed or was forged: do not use it; fetch it again or from elsewhere',
  })
}

const nameOf = (algorithm: Algorithm): string => ({ sha256: 'SHA-256', sha512: 'SHA-512' })[algorithm]

function short(digest: Digest): string {
  const { hex } = splitDigest(digest)
  return `${hex.slice(0, 16)}…${hex.slice(-8)}`
}
