// What is kept of a Debian: one archive for each wish, mirror and Release, found again by the name of its ref.
import { createHash } from 'node:crypto'
import type { Ref } from '../../cache/record.ts'
import { dayOf } from '../../day.ts'
import { pinnedDigests } from '../../pinned.ts'
import type { Ask, Found, Verified } from '../kind.ts'
import type { DebianWish } from './wish.ts'
import type { Program } from './programs.ts'
import { endOfLife, suiteNamed, type Suite } from './suites.ts'

/** To be raised when the same wish is to make another tree. */
const LAYOUT = 1

export interface DebianWanted {
  readonly suite: Suite
  readonly arch: string
  readonly wish: DebianWish
  readonly program: Program
}

/** What the wish is kept under, without the Release: `trixie-1f2e…`. Without a mirror: of any. */
export function nameOf({ suite, arch, wish, program }: DebianWanted, mirror: string | undefined): string {
  const { variant, include, components } = wish
  const hash = (value: unknown): string => createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16)
  const what = hash([LAYOUT, program.name, arch, variant, include, components])
  return `${suite.name}-${what}-${mirror === undefined ? '' : hash(mirror)}`
}

/** The folder of refs, and the name of one: `SUITE-WISH-MIRROR-RELEASE`. */
export const folderOf = (arch: string): string => `debian/${arch}`
export const refOf = (arch: string, name: string, sum: string): string => `${folderOf(arch)}/${name}-${sum.slice(0, 32)}.json`

/** What nobody vouched for is taken only by who says so again; and who gives a sum or a key wants it looked at. */
export function mayUse(ref: Ref, options: Ask['options']): boolean {
  return (ref.verified.includes('signature') || options.insecure === true) && pinnedDigests(options).length === 0 && options.key === undefined
}

/** An archive that is kept. */
export function foundOf(ref: Ref, suite: Suite, arch: string, more: Partial<Found> = {}): Found {
  const known = suiteNamed(suite.name) ?? suite
  const ended = endOfLife(known, dayOf())
  return {
    source: `debian:${suite.name}`, version: ref.version, arch, verified: ref.verified, signedBy: ref.signedBy,
    archives: [{ label: `debian:${suite.name}`, digests: ref.digests, says: 'the cache' }], warnings: ended === undefined ? [] : [ended], ...more,
  }
}

/** Who vouches. */
export function verifiedBy(pinned: boolean, signed: boolean): readonly Verified[] {
  return [...(pinned ? (['pinned'] as const) : []), ...(signed ? (['signature'] as const) : [])]
}
