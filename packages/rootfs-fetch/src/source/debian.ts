// The source `debian[:SUITE]`: made by the real mmdebstrap or debootstrap from a mirror, and kept as an archive. Which Debian a mirror has
// is what its Release file says, so that file is fetched and its signature checked here first; one archive is kept for each Release,
// and a newer one makes a new archive.
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { ToolError, usage } from '@srcon/kit/error'
import { dayOf } from '../day.ts'
import type { Mirror } from '../mirror.ts'
import { tool } from '../native.ts'
import { debianArch, readArch, refuseForeign } from './debian/architecture.ts'
import { folderOf, foundOf, mayUse, nameOf, type DebianWanted } from './debian/kept.ts'
import { mirrorsOf } from './debian/mirror.ts'
import { readDebian } from './debian/wish.ts'
import { chooseProgram } from './debian/programs.ts'
import { hasEnded, readSuite, standsFor } from './debian/suites.ts'
import type { Ask, Found, SourceKind, Wanted } from './kind.ts'

const DAY = 86_400_000

export const kind: SourceKind = {
  read({ rest, file }, options): Wanted {
    if (file !== undefined) throw usage(tool, `unexpected argument '${file}'`, 'debian takes its suite behind a colon: debian:trixie')
    const suite = readSuite(rest, dayOf(), (options.mirror ?? process.env['SRCON_DEBIAN_MIRROR'] ?? '') !== '')
    const arch = readArch(options.arch ?? debianArch())
    const wish = readDebian(options)
    return {
      source: rest === undefined ? 'debian' : `debian:${rest}`,
      find: async ask => await find(ask, { suite, arch, wish, program: chooseProgram(wish, hasEnded(suite, dayOf()), isRoot()) }),
      list: async ask => await (await import('./debian/list.ts')).list(ask, arch),
    }
  },
}

const isRoot = (): boolean => process.geteuid?.() === 0

async function find(ask: Ask, wanted: DebianWanted): Promise<Found> {
  const { options } = ask
  const { suite, arch } = wanted
  const mirrors = options.offline ? [] : mirrorsOf(options.mirror, suite, dayOf())
  const kept = remembered(ask, { ...wanted, suite: standsFor(suite, dayOf()) }, mirrors)
  if (kept) return kept
  if (options.offline) throw new ToolError(tool, `debian:${suite.name} for ${arch} is not in the cache`, { code: 'E_NOT_FOUND', path: ask.cache.root, hint: 'leave --offline out once' })
  refuseForeign(arch)
  return await (await import('./debian/offer.ts')).offer(ask, wanted, mirrors)
}

/** The newest that was made for this wish, if it is young enough, or there is no network. */
function remembered({ cache, options }: Ask, wanted: DebianWanted, mirrors: readonly Mirror[]): Found | undefined {
  const { suite, arch } = wanted
  const folder = folderOf(arch)
  const made = (each: string): number => statSync(join(cache.root, 'refs', folder, `${each}.json`), { throwIfNoEntry: false })?.mtimeMs ?? 0
  const moving = suite.released === undefined || suite.released > dayOf()
  const maxAge = options.offline ? Infinity : (options.maxAge ?? (moving ? DAY : 0))
  const begins = options.offline ? [nameOf(wanted, undefined)] : mirrors.map(({ base }) => nameOf(wanted, base.href))
  const names = cache.refs(folder).filter(each => begins.some(name => each.startsWith(name))).sort((a, b) => made(b) - made(a))
  for (const each of names) {
    if (Date.now() - made(each) >= maxAge) break
    const ref = cache.ref(`${folder}/${each}.json`)
    if (ref && mayUse(ref, options) && cache.holds(ref.digests)) return foundOf(ref, suite, arch)
  }
  return undefined
}
