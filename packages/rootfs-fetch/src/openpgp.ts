// OpenPGP signatures, by the library `openpgp`, loaded when one is checked. The key is a file of the user's or of the
// distribution; the publisher's fingerprint is pinned here. What the library leaves to its users is done here: it judges a
// key's expiry by the time of the signature, and that time is the signer's own word. See RFC 9580.
import { readFileSync, statSync } from 'node:fs'
import type * as Pgp from 'openpgp'
import { ToolError } from '@srcon/kit/error'
import { dayOf } from './day.ts'
import type { Client } from './download/client.ts'
import { shown } from './download/failure.ts'
import { failedCall, tool } from './native.ts'

export interface Publisher {
  readonly name: string
  /** Of its primary key, upper case. */
  readonly fingerprint: string
  /** Of its other primary keys: one for each release, one that signs by hand. */
  readonly others?: readonly string[] | undefined
}

export interface Trust {
  /** Armored or binary, one key or many; also several files. */
  readonly keyFile: string | readonly string[]
  readonly publisher: Publisher
  /** Of the file's keys only the publisher's counts: it is no file of the user's choice. */
  readonly pinnedOnly?: boolean | undefined
  /** The release has reached its end of life: a key that expired since passes, with a warning, if it was valid when it signed. */
  readonly pastEol?: boolean | undefined
}

/** Who signed. */
export interface Signed {
  /** Fingerprint of the primary key, upper case. */
  readonly signedBy: string
  /** The key expired since. */
  readonly keyExpired: boolean
  readonly warnings: readonly string[]
}

type Result = Awaited<ReturnType<typeof Pgp.verify>>['signatures'][number]

/** Largest archive whose own signature is checked, bytes. */
const LARGEST_SIGNED = 1 << 30

interface Detached extends Trust {
  readonly url: URL
  readonly signature: URL
  readonly client: Client
  readonly signal?: AbortSignal | undefined
}

/** Fetches a detached signature and returns what checks a file against it. Throws a ToolError `E_SIGNATURE` where there is none. */
export async function detachedSignature({ url, signature, client, signal, ...trust }: Detached): Promise<{ readonly check: (path: string) => Promise<Signed>; readonly warnings: readonly string[] }> {
  const bytes = await signatureAt({ url, signature, client, signal, ...trust })
  const keys = await keysOf(trust)
  return { warnings: foreign(keys, trust.publisher), check: async path => await verifyWith(keys, shown(url), { path }, bytes, trust) }
}

/** Fetches a detached signature and checks bytes at hand against it. Throws a ToolError `E_SIGNATURE`. */
export async function signatureOf(detached: Detached, bytes: Uint8Array): Promise<Signed> {
  return await verifyDetached(shown(detached.url), bytes, await signatureAt(detached), detached)
}

async function signatureAt({ url, signature, client, signal }: Detached): Promise<Uint8Array> {
  const bytes = await client.bytes(signature, { signal, limit: 64 << 10 })
  if (!bytes) throw refused(shown(url), `there is no ${shown(signature)}`, 'leave --key out, or use a mirror that has signatures')
  return bytes
}

/** Checks bytes at hand against a detached signature; throws a ToolError `E_SIGNATURE`. `what` names them in errors. */
export async function verifyDetached(what: string, data: Uint8Array | { readonly path: string }, signature: Uint8Array, trust: Trust): Promise<Signed> {
  return await verifyWith(await keysOf(trust), what, data, signature, trust)
}

async function verifyWith(keys: readonly Pgp.Key[], what: string, data: Uint8Array | { readonly path: string }, signature: Uint8Array, trust: Trust): Promise<Signed> {
  const pgp = await import('openpgp')
  let signatures: Result[]
  try {
    const parsed = isArmored(signature) ? await pgp.readSignature({ armoredSignature: Buffer.from(signature).toString() }) : await pgp.readSignature({ binarySignature: signature })
    const message = await pgp.createMessage({ binary: data instanceof Uint8Array ? data : readWhole(data.path, what) })
    ;({ signatures } = await pgp.verify({ message, signature: parsed, verificationKeys: [...keys], format: 'binary' }))
  } catch (cause) {
    if (cause instanceof ToolError) throw cause
    throw refused(what, `the signature cannot be read: ${(cause as Error).message}`, 'fetch it again or from elsewhere', cause)
  }
  return await judge(what, signatures, keys, trust)
}

/** Checks a text that is signed in the clear (InRelease) and returns what was signed: only that counts, never what stands around it. */
export async function verifyCleartext(what: string, text: string, trust: Trust): Promise<Signed & { readonly text: string }> {
  const pgp = await import('openpgp')
  const keys = await keysOf(trust)
  let data: string
  let signatures: Result[]
  try {
    const message = await pgp.readCleartextMessage({ cleartextMessage: text })
    const verified = await pgp.verify({ message, verificationKeys: [...keys] })
    ;({ signatures } = verified)
    data = verified.data
  } catch (cause) {
    throw refused(what, `it is no text with a signature: ${(cause as Error).message}`, 'fetch it again or from elsewhere', cause)
  }
  return { ...(await judge(what, signatures, keys, trust)), text: data }
}

/** The library checks a detached signature of bytes in memory (with a stream it waits for ever: 6.3). */
function readWhole(path: string, what: string): Uint8Array {
  const { size } = statSync(path)
  if (size > LARGEST_SIGNED) throw new ToolError(tool, `${what} is too large for its signature to be checked: ${size} bytes`, { code: 'E_SIGNATURE', hint: 'give its sum with --sha256 in place of --key' })
  return readFileSync(path)
}

/** One good signature of a trusted key is enough: a release is often signed by several keys. */
async function judge(what: string, signatures: readonly Result[], keys: readonly Pgp.Key[], { publisher, pastEol }: Trust): Promise<Signed> {
  const reasons: string[] = []
  for (const { keyID, verified, signature } of signatures) {
    const id = keyID.toHex().toUpperCase()
    const key = keys.find(each => each.getKeys(keyID).length > 0)
    if (!key) {
      reasons.push(`it is signed by the unknown key ${id}, expected ${publisher.fingerprint}`)
      continue
    }
    const signedBy = key.getFingerprint().toUpperCase()
    if (await key.isRevoked()) {
      reasons.push(`the key ${signedBy} was revoked`)
      continue
    }
    const expires = await key.getExpirationTime()
    const keyExpired = expires instanceof Date && expires.getTime() <= Date.now()
    if (keyExpired && !pastEol) {
      reasons.push(`the key ${signedBy} expired on ${dayOf(expires)}`)
      continue
    }
    try {
      await verified
      const made = (await signature).packets[0]?.created
      const expired = keyExpired ? [`the key ${signedBy} expired on ${dayOf(expires)}, after it signed on ${made ? dayOf(made) : 'an unknown day'}`] : []
      return { signedBy, keyExpired, warnings: [...expired, ...foreign([key], publisher)] }
    } catch (cause) {
      const { message } = cause as Error
      reasons.push(/expired/i.test(message) && keyExpired ? `the key ${signedBy} had expired when it signed` : `the signature of ${signedBy} does not fit: ${message}`)
    }
  }
  throw refused(what, reasons[0] ?? 'it carries no signature', 'it was changed or forged, or --key is not the key of its publisher: do not use it')
}

/** A key of the user's choice is trusted, and it is said that it is not the publisher's. */
function foreign(keys: readonly Pgp.Key[], publisher: Publisher): string[] {
  if (keys.length === 0 || keys.some(key => isOf(key, publisher))) return []
  const { name, fingerprint } = publisher
  return [`the key ${keys[0]?.getFingerprint().toUpperCase()} of --key is not ${name}'s own, ${fingerprint}`]
}

function isOf(key: Pgp.Key, { fingerprint, others = [] }: Publisher): boolean {
  return [fingerprint, ...others].includes(key.getFingerprint().toUpperCase())
}

async function keysOf({ keyFile, pinnedOnly, publisher }: Trust): Promise<readonly Pgp.Key[]> {
  const keys = (await Promise.all((typeof keyFile === 'string' ? [keyFile] : keyFile).map(readKeys))).flat()
  return pinnedOnly ? keys.filter(key => isOf(key, publisher)) : keys
}

/** The keys that count, as gpgv and apt read them: for programs that check a signature once more. */
export async function keyring(trust: Trust): Promise<Uint8Array> {
  return Buffer.concat((await keysOf(trust)).map(key => key.toPublic().write()))
}

/** The keys of a file, armored or binary. Throws a ToolError `E_INPUT`. */
async function readKeys(file: string): Promise<readonly Pgp.Key[]> {
  const pgp = await import('openpgp')
  let bytes: Buffer
  try {
    bytes = readFileSync(file)
  } catch (cause) {
    throw failedCall(`cannot read the key ${file}`, cause, file)
  }
  try {
    const keys = isArmored(bytes) ? await pgp.readKeys({ armoredKeys: bytes.toString() }) : await pgp.readKeys({ binaryKeys: bytes })
    if (keys.length > 0) return keys
    throw new Error('no key')
  } catch (cause) {
    throw new ToolError(tool, `${file} holds no OpenPGP key`, { code: 'E_INPUT', path: file, cause, hint: 'a public key as gpg --export writes it, armored or not' })
  }
}

const isArmored = (bytes: Uint8Array): boolean => Buffer.from(bytes.subarray(0, 256)).toString('latin1').includes('-----BEGIN PGP')

function refused(what: string, why: string, hint: string, cause?: unknown): ToolError {
  return new ToolError(tool, `${what} is not signed as it must be`, { code: 'E_SIGNATURE', why, hint, cause })
}
