// What there is of Alpine: the branches, their newest versions as far as the mirror says, and when their support ends.
import { dayOf } from '../../day.ts'
import { parseSums } from '../../digest.ts'
import type { Mirror } from '../../mirror.ts'
import type { Ask, Listed } from '../kind.ts'
import { branches, lifeOf, parseReleases } from './life.ts'
import { branchFolder, listedIn, newest } from './releases.ts'

/** How many indexes are asked for at a time: a mirror is somebody else's machine. */
const AT_A_TIME = 4

export async function list(ask: Ask, mirrorOf: (ask: Ask) => Mirror, arch: string): Promise<readonly Listed[]> {
  const { client, signal, options, cache } = ask
  if (options.offline) return cache.refs(`alpine/${arch}`).map(version => ({ source: `alpine:${version}`, version, arch }))
  const mirror = mirrorOf(ask)
  const read = async (path: string): Promise<string | undefined> => await client.text(mirror.url(path), { signal })
  const told = parseReleases((await read('releases.json')) ?? '')
  const beside = versionsOf(mirror.names('') ?? [...parseSums('sha512', (await read('SHA512SUMS')) ?? '').keys()], arch)
  const today = dayOf()
  const row = async (branch: string): Promise<Listed | undefined> => {
    const folder = branchFolder(branch, arch)
    const index = await read(`${folder}latest-releases.yaml`)
    const listed = index === undefined ? undefined : await listedIn(index, arch, mirror.url(folder).href)
    const version = listed?.version ?? newest(beside, branch)
    if (version === undefined) return undefined
    const { eol } = { ...lifeOf(branch), ...told.get(branch) }
    return { source: `alpine:${branch}`, version, arch, date: listed?.date, eol, note: eol !== undefined && eol <= today ? 'ended' : undefined }
  }
  const rows: Listed[] = []
  const waiting = [...new Set([...told.keys(), 'edge', ...branches, ...beside.map(branchOf)])].sort(newestFirst)
  await Promise.all(Array.from({ length: AT_A_TIME }, async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const found = await row(next)
      if (found) rows.push(found)
    }
  }))
  return rows.sort((a, b) => newestFirst(a.source.slice(7), b.source.slice(7)))
}

/** Versions in the names of archives. */
function versionsOf(names: readonly string[], arch: string): string[] {
  const name = new RegExp(`^alpine-minirootfs-(\\d[\\w.]*)-${arch}\\.tar\\.gz$`)
  return names.flatMap(each => name.exec(each)?.[1] ?? [])
}

const branchOf = (version: string): string => version.split('.').slice(0, 2).join('.')

function newestFirst(a: string, b: string): number {
  const [x, y] = [a, b].map(each => (each === 'edge' ? [Infinity, 0] : each.split('.').map(Number)))
  if (x?.[0] === y?.[0]) return (y?.[1] ?? 0) - (x?.[1] ?? 0)
  return (y?.[0] ?? 0) > (x?.[0] ?? 0) ? 1 : -1
}
