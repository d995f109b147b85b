// What is to be made, the same for both programs.
import type { Mirror } from '../../mirror.ts'
import type { DebianWish } from './wish.ts'
import type { Program } from './programs.ts'

export interface Job {
  readonly program: Program
  readonly suite: string
  readonly arch: string
  readonly wish: DebianWish
  readonly mirror: Mirror
  /** The keys that count, as gpgv reads them; undefined: nobody vouches for it, and the caller knows. */
  readonly keyring: string | undefined
  /** A key that counts has expired since; the suite's support ended. */
  readonly keyExpired: boolean
  /** Support has ended: what the mirror says of how long it is valid counts no more. */
  readonly ended: boolean
  /** Seconds since 1970, of the Release: no file is younger, and the same Release makes the same archive. */
  readonly epoch: number | undefined
  /** An empty directory that goes afterwards. */
  readonly room: string
  readonly isRoot: boolean
  /** In errors: `cannot make debian:trixie`. */
  readonly what: string
  readonly signal: AbortSignal | undefined
  /** What it is at, and how much of all is done. */
  readonly tell: (note: string, percent: number) => void
}
