// A small file of a mirror (sums, an index) with a detached signature beside it. The key is the user's, or one that the
// distribution installs: of that file only the pinned key counts. Without either there is no signature, and it is said.
import { existsSync } from 'node:fs'
import type { Publisher } from '../openpgp.ts'
import type { Ask } from './kind.ts'

export interface SignedFile {
  readonly url: URL
  readonly signature: URL
  readonly publisher: Publisher
  /** Where distributions keep the publisher's key. */
  readonly keyrings: readonly string[]
  readonly pastEol?: boolean | undefined
  /** Largest, bytes. */
  readonly limit?: number | undefined
}

export interface SignedText {
  readonly text: string
  readonly signedBy: string | undefined
  readonly warnings: readonly string[]
  readonly facts: Readonly<Record<string, unknown>>
}

/** The file that `--key` names, or a keyring of the distribution that is there. */
export function keyFileOf({ options }: Ask, keyrings: readonly string[]): { readonly keyFile: string; readonly pinnedOnly: boolean } | undefined {
  if (options.key !== undefined) return { keyFile: options.key, pinnedOnly: false }
  const keyFile = keyrings.find(existsSync)
  return keyFile === undefined ? undefined : { keyFile, pinnedOnly: true }
}

/** Undefined where the mirror has no such file. Throws a ToolError `E_SIGNATURE`. */
export async function readSigned(ask: Ask, { url, signature, publisher, keyrings, pastEol, limit }: SignedFile): Promise<SignedText | undefined> {
  const { client, signal } = ask
  const bytes = await client.bytes(url, { signal, limit })
  if (!bytes) return undefined
  const text = bytes.toString()
  const key = keyFileOf(ask, keyrings)
  if (!key) return { text, signedBy: undefined, warnings: [`only the mirror's own sum was checked; with --key FILE the signature of ${publisher.fingerprint} is too`], facts: {} }
  const { signatureOf } = await import('../openpgp.ts')
  const signed = await signatureOf({ url, signature, client, signal, publisher, pastEol, ...key }, bytes)
  return { text, signedBy: signed.signedBy, warnings: signed.warnings, facts: signed.keyExpired ? { keyExpired: true } : {} }
}
