// Alpine's minirootfs: which archive is meant, and which sum it must have. On a mirror an index names the
// newest of each branch, `v3.20/releases/x86_64/latest-releases.yaml`; a directory without that order
// holds the archives side by side. The index is not signed: its sum shows damage, a sum of the caller's
// own, or the signature of the archive, shows forgery.
import { ToolError } from '@srcon/kit/error'
import { digestOf, parseSums, type Digest } from '../../digest.ts'
import { escapeControl } from '../../escape.ts'
import type { Mirror } from '../../mirror.ts'
import { tool } from '../../native.ts'

/** Reads a small text file of a mirror; undefined where there is none. */
export type ReadText = (path: string) => Promise<string | undefined>

/** Where Alpine lies unless told. */
export const alpineMirror = 'https://dl-cdn.alpinelinux.org/alpine/'

/** One archive of a mirror. */
export interface Release {
  readonly version: string
  readonly arch: string
  /** Path below the mirror. */
  readonly path: string
  /** What the mirror says of it; undefined where it says nothing. */
  readonly digests: readonly Digest[]
  /** Bytes, where an index says so. */
  readonly size?: number | undefined
  /** `2024-09-06`, where an index says so. */
  readonly date?: string | undefined
}

/** All that Alpine builds for. */
export const architectures = ['aarch64', 'armhf', 'armv7', 'loongarch64', 'ppc64le', 'riscv64', 's390x', 'x86', 'x86_64'] as const

/** The architecture of this machine in Alpine's words. */
export function alpineArch(arch: string = process.arch): string {
  return { x64: 'x86_64', arm64: 'aarch64', ia32: 'x86', arm: 'armv7', ppc64: 'ppc64le', loong64: 'loongarch64' }[arch] ?? arch
}

export const isExact = (version: string | undefined): version is string => version !== undefined && /^\d+\.\d+\.\d+/.test(version)

/** Finds the archive that is meant; throws a ToolError `E_NOT_FOUND`. */
export async function findRelease(mirror: Mirror, read: ReadText, version: string | undefined, arch: string): Promise<Release> {
  const found = (await inBranch(mirror, read, version, arch)) ?? (await sideBySide(mirror, read, version, arch))
  if (found) return found
  // A server has no list: an older archive without a sum can only be asked for.
  if (!mirror.local && isExact(version)) return { version, arch, path: branchFolder(version, arch) + fileName(version, arch), digests: [] }
  throw new ToolError(tool, `no Alpine ${version ?? ''} for ${arch} on ${mirror.base.href}`.replace('  ', ' '), {
    code: 'E_NOT_FOUND',
    why: `neither ${branchFolder(version, arch)} nor the mirror itself has a minirootfs of it`,
    hint: 'try another version, --arch or --mirror',
  })
}

export function branchFolder(version: string | undefined, arch: string): string {
  const branch = version === undefined ? 'latest-stable' : /^\d/.test(version) ? `v${version.split('.').slice(0, 2).join('.')}` : version
  return `${branch}/releases/${arch}/`
}

const fileName = (version: string, arch: string): string => `alpine-minirootfs-${version}-${arch}.tar.gz`

/** The version in the name of an archive for this architecture. */
function versionOf(name: string, arch: string): string | undefined {
  const [, version, of] = /^alpine-minirootfs-(\d[\w.]*)-(\w+)\.tar\.gz$/.exec(name) ?? []
  return of === arch ? version : undefined
}

async function inBranch(mirror: Mirror, read: ReadText, version: string | undefined, arch: string): Promise<Release | undefined> {
  const folder = branchFolder(version, arch)
  const index = await read(`${folder}latest-releases.yaml`)
  const listed = index === undefined ? undefined : await listedIn(index, arch, mirror.url(folder).href)
  if (listed && (!isExact(version) || listed.version === version)) return { ...listed, arch, path: folder + fileName(listed.version, arch) }
  const wanted = isExact(version) ? version : pick(mirror.names(folder) ?? [], version, arch)
  if (wanted === undefined) return undefined
  const path = folder + fileName(wanted, arch)
  const digests = await sumBeside(read, path)
  return digests.length > 0 || mirror.names(folder)?.includes(fileName(wanted, arch)) ? { version: wanted, arch, path, digests } : undefined
}

/** What an index names of this architecture. */
export async function listedIn(index: string, arch: string, where: string): Promise<Omit<Release, 'path' | 'arch'> | undefined> {
  const { parse } = await import('yaml')
  let entries: unknown
  try {
    entries = parse(index, { maxAliasCount: 0, schema: 'core' })
  } catch (cause) {
    throw new ToolError(tool, `${where}latest-releases.yaml cannot be read`, { code: 'E_DOWNLOAD', why: escapeControl((cause as Error).message.split('\n')[0] ?? ''), cause })
  }
  for (const entry of Array.isArray(entries) ? (entries as unknown[]) : []) {
    const { flavor, file, sha256, sha512, size, date } = (entry ?? {}) as Readonly<Record<string, unknown>>
    const version = flavor === 'alpine-minirootfs' && typeof file === 'string' ? versionOf(file, arch) : undefined
    if (version === undefined) continue
    return {
      version, digests: [digestOf('sha512', sha512) ?? [], digestOf('sha256', sha256) ?? []].flat(),
      size: Number.isSafeInteger(size) && Number(size) > 0 ? Number(size) : undefined,
      date: typeof date === 'string' && /^[\d-]{10}$/.test(date) ? date : undefined,
    }
  }
  return undefined
}

/** Archives and their sums in one place, as one downloads them. */
async function sideBySide(mirror: Mirror, read: ReadText, version: string | undefined, arch: string): Promise<Release | undefined> {
  const sums = parseSums('sha512', (await read('SHA512SUMS')) ?? '')
  const wanted = pick(mirror.names('') ?? [...sums.keys()], version, arch)
  if (wanted === undefined) return undefined
  const path = fileName(wanted, arch)
  const sum = sums.get(path)
  return { version: wanted, arch, path, digests: sum === undefined ? await sumBeside(read, path) : [sum] }
}

async function sumBeside(read: ReadText, path: string): Promise<readonly Digest[]> {
  const sums = parseSums('sha512', (await read(`${path}.sha512`)) ?? '')
  const sum = sums.get(path.slice(path.lastIndexOf('/') + 1)) ?? sums.get('')
  return sum === undefined ? [] : [sum]
}

/** The newest version among names of archives. */
export function pick(names: readonly string[], wanted: string | undefined, arch: string): string | undefined {
  if (wanted === 'edge') return undefined
  return newest(names.flatMap(name => versionOf(name, arch) ?? []), wanted)
}

/** The newest of these versions: exactly `wanted`, of that branch, or any; candidates only when named. */
export function newest(versions: readonly string[], wanted: string | undefined): string | undefined {
  const branch = wanted === 'latest-stable' ? undefined : wanted
  const exact: boolean = isExact(branch)
  const fits = (version: string): boolean => {
    if (branch === undefined) return !version.includes('_')
    return version === branch || (!exact && !version.includes('_') && version.startsWith(`${branch}.`))
  }
  return versions.filter(fits).sort(compare).at(-1)
}

function compare(a: string, b: string): number {
  const [left, right] = [a, b].map(version => version.split('.').map(part => Number.parseInt(part, 10)))
  for (let i = 0; i < 3; i++) {
    const difference = (left?.[i] ?? 0) - (right?.[i] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}
