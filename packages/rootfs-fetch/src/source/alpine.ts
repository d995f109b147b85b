// The source `alpine[:VERSION|latest|edge]`: what the cache remembers of an exact version, else what the mirror offers.
import { ToolError, usage } from '@srcon/kit/error'
import { dayOf } from '../day.ts'
import { verifyDigest, type Digest } from '../digest.ts'
import { Mirror } from '../mirror.ts'
import { tool } from '../native.ts'
import { pinnedDigests } from '../pinned.ts'
import { endOfLife } from './alpine/life.ts'
import { alpineArch, alpineMirror, architectures, findRelease, isExact, newest, type Release } from './alpine/releases.ts'
import type { Ask, Found, SourceKind, Verified, Wanted } from './kind.ts'

/** Natanael Copa, who signs all releases. */
export const fingerprint = '0482D84022F52DF1C4E7CD43293ACD0907D9495A'

/** `3.20`, `3.20.3`, `3.21.0_rc1`, `edge`, `latest`. */
const versions = /^(?:\d{1,3}\.\d{1,3}(?:\.\d{1,3}(?:_rc\d{1,2})?)?|edge|latest|latest-stable)$/

export const kind: SourceKind = {
  read({ rest, file }, { arch: given }): Wanted {
    if (file !== undefined) throw usage(tool, `unexpected argument '${file}'`, 'alpine takes its version behind a colon: alpine:3.20')
    if (rest !== undefined && !versions.test(rest)) throw usage(tool, `'${rest}' is no version of Alpine`, 'for example alpine:3.20, alpine:3.20.3, alpine:latest, alpine:edge')
    const arch = given ?? alpineArch()
    if (!/^\w{1,20}$/.test(arch)) throw usage(tool, `'${arch}' is no architecture`, `one of ${architectures.join(', ')}`)
    const version = rest === 'latest' || rest === 'latest-stable' ? undefined : rest
    const source = rest === undefined ? 'alpine' : `alpine:${rest}`
    return {
      source,
      find: async ask => await find(ask, source, version, arch),
      list: async ask => await (await import('./alpine/list.ts')).list(ask, mirrorOf, arch),
    }
  },
}

function mirrorOf({ options }: Ask): Mirror {
  return new Mirror(options.mirror ?? (process.env['SRCON_ALPINE_MIRROR'] || alpineMirror))
}

async function find(ask: Ask, source: string, version: string | undefined, arch: string): Promise<Found> {
  const { cache, options, client, signal } = ask
  const pinned = pinnedDigests(options)
  // Offline, the newest that was ever fetched is the newest there is.
  const exact = options.offline && version !== 'edge' ? newest(cache.refs(`alpine/${arch}`), version) : version
  const known = remembered(ask, exact, arch, pinned)
  if (known) return known
  if (options.offline) throw new ToolError(tool, `${source} for ${arch} is not in the cache`, { code: 'E_NOT_FOUND', path: cache.root, hint: 'leave --offline out once' })
  const mirror = mirrorOf(ask)
  const release = await findRelease(mirror, async path => await client.text(mirror.url(path), { signal }), version, arch)
  return await judge(ask, mirror, release, pinned)
}

const refOf = (arch: string, version: string): string => `alpine/${arch}/${version}.json`
const sameKind = (a: Digest, b: Digest): boolean => a.slice(0, 6) === b.slice(0, 6)

/** An exact version is one archive for ever, so the sum that it had once will do. */
function remembered({ cache, options }: Ask, version: string | undefined, arch: string, pinned: readonly Digest[]): Found | undefined {
  if (!isExact(version)) return undefined
  const ref = cache.ref(refOf(arch, version))
  const [digest] = ref?.digests ?? []
  if (!ref || digest === undefined || (ref.verified.length === 0 && pinned.length === 0 && !options.insecure)) return undefined
  // A signature that is asked for and was never checked.
  if (options.key !== undefined && ref.signedBy === undefined) return undefined
  const source = `alpine:${version}`
  const same = pinned.find(each => sameKind(each, digest))
  if (same !== undefined) verifyDigest(`${source} of the cache`, digest, same, 'the given sum')
  // A sum of another kind is held against the archive itself.
  else if (pinned.length > 0) return undefined
  // Only whole: what is missing is better had from the mirror.
  if (!options.offline && !cache.holds([digest])) return undefined
  const ended = endOfLife(version, dayOf())
  return {
    source, version, arch, verified: pinned.length === 0 ? ref.verified : ['pinned', ...ref.verified.filter(each => each === 'signature')], signedBy: ref.signedBy,
    archives: [{ label: source, digests: [digest], says: 'the cache' }], warnings: ended === undefined ? [] : [ended],
  }
}

/** Nothing is taken that nobody vouches for, unless the caller says so. */
async function judge(ask: Ask, mirror: Mirror, { version, arch, path, digests, size }: Release, pinned: readonly Digest[]): Promise<Found> {
  const { options: { insecure, key }, client, signal } = ask
  const source = `alpine:${version}`
  const url = mirror.url(path)
  for (const wanted of pinned) {
    const same = digests.find(each => sameKind(each, wanted))
    if (same !== undefined) verifyDigest(`${source} on ${mirror.base.href}`, same, wanted, 'the given sum')
  }
  const all = [...new Set([...pinned, ...digests])].sort((a, b) => Number(b.startsWith('sha512')) - Number(a.startsWith('sha512')))
  const ended = endOfLife(version, dayOf())
  const signature = key === undefined ? undefined : await (await import('../openpgp.ts')).detachedSignature({
    url, signature: new URL(`${url.href}.asc`), keyFile: key, publisher: { name: 'Alpine', fingerprint }, pastEol: ended !== undefined, client, signal,
  })
  if (all.length === 0 && signature === undefined && !insecure) {
    throw new ToolError(tool, `there is no sum for ${url.href}`, {
      code: 'E_CHECKSUM', why: 'neither an index, SHA512SUMS nor a .sha512 file of the mirror names it', hint: 'give the sum with --sha512 or the key with --key, or take it on trust with --insecure',
    })
  }
  const verified: readonly Verified[] = pinned.length > 0 ? ['pinned'] : digests.length > 0 ? ['mirror'] : []
  const says = pinned.length > 0 ? 'the given sum' : 'the mirror\'s own list'
  return {
    source, version, arch, verified, ref: refOf(arch, version),
    archives: [{ label: path.slice(path.lastIndexOf('/') + 1), digests: all, says, size, from: { url }, ...(signature ? { check: signature.check } : {}) }],
    warnings: [...(ended === undefined ? [] : [ended]), ...(signature?.warnings ?? trustOf(mirror, url, all.length > 0, pinned.length > 0))],
  }
}

/** What was not checked where there is no signature. */
function trustOf(mirror: Mirror, url: URL, summed: boolean, pinned: boolean): string[] {
  if (!summed) return [`nobody vouches for ${url.href}`]
  if (pinned || mirror.local) return []
  if (mirror.base.protocol === 'http:') return ['archive and sum came over plain http: that shows damage, not forgery (--sha512 or --key does)']
  return [`only the mirror's own sum was checked; with --key FILE the signature of ${fingerprint} is too`]
}
