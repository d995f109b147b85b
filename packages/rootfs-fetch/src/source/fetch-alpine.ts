// The source `alpine`: what the cache remembers of an exact version, else what the mirror offers.
import { createHash } from 'node:crypto'
import { ToolError } from '@srcon/kit/error'
import type { Cache, Verified } from '../cache.ts'
import type { FetchOptions, Found } from '../fetch.ts'
import { Mirror } from '../mirror.ts'
import { tool } from '../native.ts'
import { verifySum } from '../sums.ts'
import { alpineArch, alpineMirror, findRelease, isExact, newest, type Release } from './alpine.ts'

/** Finds the archive; `pinned` is the sum that the caller gave. */
export async function fromAlpine(cache: Cache, version: string | undefined, pinned: string | undefined, options: FetchOptions): Promise<Found> {
  const arch = options.arch ?? alpineArch()
  if (!/^\w{1,20}$/.test(arch)) throw new ToolError(tool, `'${arch}' is no architecture`, { code: 'E_USAGE', hint: 'for example x86_64, aarch64' })
  // Offline, the newest that was ever fetched is the newest there is.
  const exact = options.offline && version !== 'edge' ? newest(cache.refs(`alpine/${arch}`), version) : version
  const known = remembered(cache, exact, arch, pinned, options)
  if (known) return known
  if (options.offline) throw new ToolError(tool, `alpine${version === undefined ? '' : `:${version}`} for ${arch} is not in the cache`, { code: 'E_NOT_FOUND', path: cache.root, hint: 'leave --offline out once' })
  const mirror = new Mirror(options.mirror ?? (process.env['SRCON_ALPINE_MIRROR'] || alpineMirror))
  const release = await findRelease(mirror, version, arch, options.signal)
  return judge(mirror, release, pinned, options)
}

const refOf = (arch: string, version: string): string => `alpine/${arch}/${version}.json`

/** An exact version is one archive for ever, so the sum that it had once will do. */
function remembered(cache: Cache, version: string | undefined, arch: string, pinned: string | undefined, options: FetchOptions): Found | undefined {
  if (!isExact(version)) return undefined
  const ref = cache.ref(refOf(arch, version))
  if (!ref || (ref.verified === 'none' && pinned === undefined && !options.insecure)) return undefined
  if (pinned !== undefined) verifySum(`alpine:${version} of the cache`, ref.sha512, pinned, 'the given sum')
  // Only whole: what is missing is better had from the mirror.
  if (!options.offline && !cache.holds(ref.sha512)) return undefined
  return { source: `alpine:${version}`, version, arch, verified: pinned === undefined ? ref.verified : 'pinned', key: ref.sha512, sha512: ref.sha512, notes: [] }
}

/** Nothing is taken that nobody vouches for, unless the caller says so. */
function judge(mirror: Mirror, { version, arch, path, sha512 }: Release, pinned: string | undefined, { insecure }: FetchOptions): Found {
  const source = `alpine:${version}`
  const url = mirror.url(path).href
  if (pinned !== undefined && sha512 !== undefined) verifySum(`${source} on ${mirror.base.href}`, sha512, pinned, 'the given sum')
  const sum = pinned ?? sha512
  if (sum === undefined && !insecure) {
    throw new ToolError(tool, `there is no sum for ${url}`, {
      code: 'E_CHECKSUM', why: 'neither an index, SHA512SUMS nor a .sha512 file of the mirror names it', hint: 'give the sum with --sha512, or take it on trust with --insecure',
    })
  }
  const verified: Verified = pinned === undefined ? (sum === undefined ? 'none' : 'mirror') : 'pinned'
  const open = mirror.base.protocol === 'http:' && pinned === undefined
  const notes = [
    ...(sum === undefined ? [`nobody vouches for ${url}`] : []),
    ...(open && sum !== undefined ? ['archive and sum came over plain http: that shows damage, not forgery (--sha512 does)'] : []),
  ]
  const key = sum ?? createHash('sha512').update(url).digest('hex')
  return { source, version, arch, verified, key, sha512: sum, ref: refOf(arch, version), notes, archive: { mirror, path } }
}
