// The source `ubuntu[:VERSION]`: the base archives, by their signed list of sums:
// releases/24.04/release/SHA256SUMS, SHA256SUMS.gpg, ubuntu-base-24.04.3-base-amd64.tar.gz.
import { ToolError, usage } from '@srcon/kit/error'
import { dayOf } from '../day.ts'
import { parseSums, verifyDigest, type Digest } from '../digest.ts'
import { Mirror } from '../mirror.ts'
import { tool } from '../native.ts'
import { pinnedDigests } from '../pinned.ts'
import { debianArch } from './debian/architecture.ts'
import type { Ask, Found, Listed, SourceKind, Verified, Wanted } from './kind.ts'
import { readSigned, type SignedText } from './signed-file.ts'
import { releases } from './ubuntu/dates.ts'

/** Ubuntu CD Image Automatic Signing Key (2012). */
const publisher = { name: 'Ubuntu', fingerprint: '843938DF228D22F7B3742BC0D94AA3F0EFE21092' }
const keyrings = ['/usr/share/keyrings/ubuntu-archive-keyring.gpg']
const ubuntuMirror = 'https://cdimage.ubuntu.com/ubuntu-base/'

const longTerm = releases.filter(([, , , lasting]) => lasting)

export const kind: SourceKind = {
  read({ rest, file }, { arch = debianArch() }): Wanted {
    if (file !== undefined) throw usage(tool, `unexpected argument '${file}'`, 'ubuntu takes its version behind a colon: ubuntu:24.04')
    const named = rest === 'latest' ? undefined : (releases.find(([, name]) => name === rest)?.[0] ?? rest)
    if (named !== undefined && !/^\d{2}\.\d{2}(?:\.\d{1,2})?$/.test(named)) throw usage(tool, `'${named}' is no version of Ubuntu`, 'for example ubuntu:24.04, ubuntu:24.04.3, ubuntu:noble')
    if (!/^[a-z0-9]{1,20}$/.test(arch)) throw usage(tool, `'${arch}' is no architecture`, 'for example amd64, arm64')
    return { source: rest === undefined ? 'ubuntu' : `ubuntu:${rest}`, find: async ask => await find(ask, named, arch), list: async ask => await list(ask, arch) }
  },
}

const seriesOf = (version: string): string => version.slice(0, 5)

async function find(ask: Ask, wanted: string | undefined, arch: string): Promise<Found> {
  const { options } = ask
  const pinned = pinnedDigests(options)
  if (options.offline) return remembered(ask, wanted, arch)
  const mirror = mirrorOf(ask)
  for (const series of wanted === undefined ? longTerm.map(([version]) => version) : [seriesOf(wanted)]) {
    const sums = await sumsOf(ask, mirror, series)
    if (!sums) continue
    const found = newest(parseSums('sha256', sums.text), wanted, arch)
    if (!found) continue
    return judge(mirror, sums, series, { ...found, arch, pinned, ref: refOf(arch, found.version) })
  }
  throw new ToolError(tool, `no Ubuntu ${wanted ?? ''} for ${arch} on ${mirror.base.href}`.replace('  ', ' '), { code: 'E_NOT_FOUND', hint: 'try another version, --arch or --mirror' })
}

const refOf = (arch: string, version: string): string => `ubuntu/${arch}/${version}.json`

function mirrorOf({ options }: Ask): Mirror {
  return new Mirror(options.mirror ?? (process.env['SRCON_UBUNTU_MIRROR'] || ubuntuMirror))
}

async function sumsOf(ask: Ask, mirror: Mirror, series: string): Promise<SignedText | undefined> {
  const folder = `releases/${series}/release/`
  return await readSigned(ask, { url: mirror.url(`${folder}SHA256SUMS`), signature: mirror.url(`${folder}SHA256SUMS.gpg`), publisher, keyrings, pastEol: endOf(series) !== undefined })
}

/** The newest archive of a list of sums: of the series, or exactly what is wanted. */
function newest(sums: ReadonlyMap<string, Digest>, wanted: string | undefined, arch: string): { name: string; version: string; digest: Digest } | undefined {
  const point = (version: string): number => Number(version.split('.')[2] ?? 0)
  const all = [...sums].flatMap(([name, digest]) => {
    const [, version, of] = /^ubuntu-base-(\d{2}\.\d{2}(?:\.\d{1,2})?)-base-([a-z0-9]+)\.tar\.gz$/.exec(name) ?? []
    return version !== undefined && of === arch ? [{ name, version, digest }] : []
  })
  return all.filter(({ version }) => wanted === undefined || version === wanted || version.startsWith(`${wanted}.`)).sort((a, b) => point(b.version) - point(a.version))[0]
}

interface Candidate {
  readonly name: string
  readonly version: string
  readonly digest: Digest
  readonly arch: string
  readonly pinned: readonly Digest[]
  readonly ref: string
}

function judge(mirror: Mirror, sums: SignedText, series: string, { name, version, digest, arch, pinned, ref }: Candidate): Found {
  const same = pinned.find(each => each.startsWith('sha256'))
  if (same !== undefined) verifyDigest(`ubuntu:${version} on ${mirror.base.href}`, digest, same, 'the given sum')
  const ended = endOf(series)
  const verified: readonly Verified[] = [...(pinned.length > 0 ? (['pinned'] as const) : []), ...(sums.signedBy === undefined ? [] : (['signature'] as const)), 'mirror']
  return {
    source: `ubuntu:${version}`, version, arch, verified, signedBy: sums.signedBy, ref, facts: sums.facts,
    archives: [{ label: name, digests: [digest, ...pinned.filter(each => each !== digest)], says: 'SHA256SUMS', from: { url: mirror.url(`releases/${series}/release/${name}`) } }],
    warnings: [...(ended === undefined ? [] : [`Ubuntu ${series} has had no free security updates since ${ended}`]), ...(pinned.length > 0 || (mirror.local && sums.signedBy === undefined) ? [] : sums.warnings)],
  }
}

function endOf(series: string): string | undefined {
  const eol = releases.find(([version]) => version === series)?.[2]
  return eol !== undefined && eol <= dayOf() ? eol : undefined
}

/** What was fetched before, without a mirror. */
function remembered({ cache }: Ask, wanted: string | undefined, arch: string): Found {
  const versions = cache.refs(`ubuntu/${arch}`).filter(version => wanted === undefined || version === wanted || version.startsWith(`${wanted}.`)).sort()
  const version = versions.at(-1)
  const ref = version === undefined ? undefined : cache.ref(refOf(arch, version))
  const [digest] = ref?.digests ?? []
  if (version === undefined || !ref || digest === undefined) throw new ToolError(tool, `ubuntu${wanted === undefined ? '' : `:${wanted}`} for ${arch} is not in the cache`, { code: 'E_NOT_FOUND', path: cache.root, hint: 'leave --offline out once' })
  return { source: `ubuntu:${version}`, version, arch, verified: ref.verified, signedBy: ref.signedBy, archives: [{ label: `ubuntu:${version}`, digests: [digest], says: 'the cache' }], warnings: [] }
}

async function list(ask: Ask, arch: string): Promise<readonly Listed[]> {
  const mirror = mirrorOf(ask)
  const rows: Listed[] = []
  // Of the others there are many, and most are gone.
  for (const [series, name, eol] of releases.filter(row => row[3] || row[2] > dayOf())) {
    const sums = await ask.client.text(mirror.url(`releases/${series}/release/SHA256SUMS`), { signal: ask.signal })
    const found = sums === undefined ? undefined : newest(parseSums('sha256', sums), undefined, arch)
    if (found) rows.push({ source: `ubuntu:${series}`, version: found.version, arch, eol, note: eol <= dayOf() ? `${name}, ended` : name })
  }
  return rows
}
