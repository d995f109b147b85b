// What a source is: a module `src/source/NAME.ts` that exports `kind`, loaded when its word is asked for.
// It reads the words behind its own, finds one or more archives and says who vouches for them; getting,
// unpacking and keeping them is the same for all.
import type { FileHandle } from 'node:fs/promises'
import type { Cache } from '../cache.ts'
import type { Compression } from '../compression.ts'
import type { Digest } from '../digest.ts'
import type { Client } from '../download/client.ts'
import type { Reply } from '../download/request.ts'
import type { FetchOptions } from '../fetch.ts'
import type { Owners } from '../owners.ts'

/** The words as they were written: `alpine:3.20` is `alpine` and `3.20`, `tar FILE` is `tar` and a file, `oci:DIR:TAG` is `oci` and `DIR:TAG`. */
export interface SourceWord {
  readonly name: string
  /** Behind the first colon; undefined without one. */
  readonly rest: string | undefined
  /** The second word. */
  readonly file: string | undefined
}

export interface SourceKind {
  /** What the words ask for. Pure; throws a ToolError `E_USAGE`. */
  read(word: SourceWord, options: FetchOptions): Wanted
}

/** A source with its words read. */
export interface Wanted {
  /** As a user would write it again: `alpine:3.20`. */
  readonly source: string
  /** Finds the archives; throws a ToolError `E_NOT_FOUND`, `E_CHECKSUM`, `E_SIGNATURE`, `E_DOWNLOAD`. */
  find(ask: Ask): Promise<Found>
  /** What there is to fetch; absent: such a source has no list. */
  list?(ask: Ask): Promise<readonly Listed[]>
  /** What is known of it beside what `find` tells: a manifest, an index entry. */
  inspect?(ask: Ask): Promise<Readonly<Record<string, unknown>>>
}

/** What a source works with. */
export interface Ask {
  readonly cache: Cache
  /** Downloads; nothing is loaded before the first one. */
  readonly client: Client
  readonly options: FetchOptions
  /** Whose files of a tree become. */
  readonly owners: Owners
  readonly signal: AbortSignal | undefined
}

/** Who vouches for an archive. `pinned`: a sum that the caller gave; `locked`: the lock file; `signature`: an OpenPGP key
 *  that was pinned; `digest`: the name itself holds the sum; `mirror`: a sum from where the archive comes from, which shows damage
 *  but not forgery. */
export type Verified = 'pinned' | 'locked' | 'signature' | 'digest' | 'mirror'

/** How a tree may be used. `shared`: it is the cache's, others use it too; `own`: a directory of the user's, as it is; `host`: this
 *  host's own tree, which a container may have only as the read-only view that chroot-fs makes of it. */
export type Use = 'shared' | 'own' | 'host'

/** What a source found. */
export interface Found {
  /** With the version that was found: `alpine:3.20.3`. */
  readonly source: string
  /** A name that stands for just this for ever, where `source` may come to mean something else: an image with its digest. */
  readonly exact?: string | undefined
  readonly version?: string | undefined
  readonly arch?: string | undefined
  /** What the tree is made of, the lowest layer first; none where `tree` is. */
  readonly archives: readonly Archive[]
  /** Empty: nobody. */
  readonly verified: readonly Verified[]
  /** Fingerprint of the key, upper case, where a signature was verified. */
  readonly signedBy?: string | undefined
  /** Remembered under this path, so that it is found without a network: `alpine/x86_64/3.20.3.json`. */
  readonly ref?: string | undefined
  /** A line each: what was not verified, what has reached its end of life. */
  readonly warnings: readonly string[]
  /** Facts for `--json`: dates, a key that expired. */
  readonly facts?: Readonly<Record<string, unknown>>
  /** Of an image: what its command would run as. */
  readonly config?: ImageConfig | undefined
  /** A directory that is used as it is, in place of archives: nothing is unpacked. */
  readonly tree?: string | undefined
  /** Default `shared`. */
  readonly use?: Use | undefined
  /** To be called in any case. */
  close?(): Promise<void>
}

/** One archive of a tree. */
export interface Archive {
  /** For people and progress: its file name, or `layer 2/5`. */
  readonly label: string
  /** Sums that it must have; the first names its blob in the cache. Empty: only getting it will tell. */
  readonly digests: readonly Digest[]
  /** Who says so, in an error: `the mirror's own list`. */
  readonly says: string
  /** Bytes, where they must be so many. */
  readonly size?: number | undefined
  /** SHA-256 of the tar within, where it must be checked; an archive that has it is a layer, with whiteouts. */
  readonly diffId?: Digest | undefined
  /** How it must be compressed; absent: as it is. */
  readonly compression?: Compression | undefined
  /** Where it is; absent: only in the cache. */
  readonly from?: Origin | undefined
  /** Checks a signature over the archive itself, before anything of it is used; `path` can be opened. */
  readonly check?: ((path: string) => Promise<{ readonly signedBy: string }>) | undefined
}

/** After a 401 of the address itself, with the headers that it was asked with: makes the next headers right, or throws. */
export type Denied = (reply: Reply, used: Readonly<Record<string, string>>) => Promise<void>

/** Of each request; a function, where a token among them lasts for a short time only. */
export type Headers = Readonly<Record<string, string>> | (() => Promise<Readonly<Record<string, string>>>)

/** A local file that is open (`unread`: nobody has made its sum yet; that is done while it is unpacked); an address (http:, https:, file:); or what is made here: `make` writes the new file
 *  `to`; equal `key`s make equal archives, and many at once make one. */
export type Origin =
  | { readonly file: FileHandle; readonly unread?: boolean }
  | { readonly url: URL; readonly headers?: Headers; readonly denied?: Denied }
  | { readonly make: (to: string, signal: AbortSignal | undefined) => Promise<void>; readonly key: string }

/** A row of `list`. */
export interface Listed {
  /** As the source is written: `alpine:3.20`. */
  readonly source: string
  readonly version?: string | undefined
  readonly arch?: string | undefined
  readonly date?: string | undefined
  /** End of life, `2026-04-01`. */
  readonly eol?: string | undefined
  readonly note?: string | undefined
}

/** What an image says of its command; into `process` of a config. */
export interface ImageConfig {
  readonly env?: readonly string[] | undefined
  readonly entrypoint?: readonly string[] | undefined
  readonly cmd?: readonly string[] | undefined
  readonly user?: string | undefined
  readonly workdir?: string | undefined
}
