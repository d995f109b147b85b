// What a mirror offers now: its Release, checked; the archive that is kept for it, or how one is made.
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ToolError } from '@srcon/kit/error'
import { nearest } from '@srcon/kit/suggest'
import type { Cache } from '../../cache.ts'
import { dayOf } from '../../day.ts'
import type { Mirror } from '../../mirror.ts'
import { tool } from '../../native.ts'
import type { Trust } from '../../openpgp.ts'
import { pinnedDigests } from '../../pinned.ts'
import type { Ask, Found } from '../kind.ts'
import type { Job } from './job.ts'
import { foundOf, mayUse, nameOf, refOf, verifiedBy, type DebianWanted } from './kept.ts'
import { trustOf } from './keys.ts'
import type { DebianWish } from './wish.ts'
import { fetchRelease, verifyRelease, type RawRelease, type Release } from './release.ts'
import { endOfLife, hasEnded, suiteNamed, suites, type Suite } from './suites.ts'

/** Throws a ToolError `E_NOT_FOUND`, `E_SIGNATURE`. */
export async function offer(ask: Ask, wanted: DebianWanted, mirrors: readonly Mirror[]): Promise<Found> {
  const { cache, options } = ask
  const { suite, arch, wish, program } = wanted
  const raw = await fetchRelease(ask, mirrors, suite.name)
  if (!raw) {
    const near = nearest(suite.name, suites.map(each => each.name).filter(each => each !== suite.name))
    const where = mirrors.map(({ base }) => base.href).join(' and ')
    throw new ToolError(tool, `there is no Debian ${suite.name} on ${where}`, { code: 'E_NOT_FOUND', hint: near !== undefined && !suiteNamed(suite.name) ? `did you mean debian:${near}?` : 'try another --mirror; rootfs-fetch list debian names the suites' })
  }
  // The same Release as that of an archive that is kept: it was checked then.
  const ref = refOf(arch, nameOf(wanted, raw.mirror.base.href), raw.sum)
  const kept = cache.ref(ref)
  const ended = hasEnded(suite, dayOf())
  const base = { mirror: raw.mirror.base.href, releaseDigest: `sha256:${raw.sum}`, program: program.name, variant: wish.variant }
  if (kept && mayUse(kept, options) && cache.holds(kept.digests)) return foundOf(kept, suite, arch, { ref, facts: base })
  const trust = trustOf(options, ended)
  const { release, signed } = await verifyRelease(raw, trust, options.insecure === true)
  refuseStale(raw, release, ended)
  const real = realSuite(raw, suite, release)
  // An alias is a file of its own, which may be older or newer than the suite that it stands for.
  if (real !== suite) return await offer(ask, { ...wanted, suite: real }, [raw.mirror])
  refuseLack(raw, release, arch, wish)
  const pinned = pinnedDigests(options)
  const told = endOfLife(real, dayOf())
  const version = release.version ?? (release.date === undefined ? undefined : dayOf(new Date(release.date * 1000)).replaceAll('-', ''))
  const label = `debian:${real.name}`
  return {
    source: label, version, arch, ref, verified: verifiedBy(pinned.length > 0, signed !== undefined), signedBy: signed?.signedBy,
    warnings: [...(told === undefined ? [] : [told]), ...(signed?.warnings ?? [`nobody vouches for ${raw.url.href}`])],
    facts: { ...base, codename: release.codename, suite: release.suite, ...(signed?.keyExpired ? { keyExpired: true } : {}) },
    archives: [{
      label, digests: pinned, says: 'the given sum',
      from: {
        key: ref, make: async (to, signal) => await make(cache, to, {
          program, suite: real.name, arch, wish, mirror: raw.mirror, keyring: undefined, keyExpired: signed?.keyExpired ?? false, ended, epoch: release.date, room: '',
          isRoot: process.geteuid?.() === 0, what: `cannot make ${label}`, signal,
          tell: (note, percent) => options.onProgress?.({ phase: 'make', label, bytes: 0, note, percent }),
        }, signed === undefined ? undefined : trust),
      },
    }],
  }
}

/** What an alias stands for today, if the mirror names a suite that is known. A suite with another's Release, which is signed as well, is
 *  refused: an old one would have old faults. */
function realSuite({ url }: RawRelease, suite: Suite, { codename }: Release): Suite {
  const real = codename === undefined ? undefined : suiteNamed(codename)
  if (!real || real.name === suite.name) return suite
  if (!suiteNamed(suite.name) && !hasEnded(real, dayOf())) return real
  throw new ToolError(tool, `${url.href} is not that of ${suite.name}`, { code: 'E_SIGNATURE', why: `it is that of ${real.name}`, hint: 'the mirror is wrong, or somebody exchanged it: use another --mirror' })
}

/** An old Release, signed as it is, would bring back old faults. */
function refuseStale({ url }: RawRelease, { validUntil }: Release, ended: boolean): void {
  if (ended || validUntil === undefined || validUntil * 1000 > Date.now()) return
  throw new ToolError(tool, `${url.href} is too old`, { code: 'E_SIGNATURE', why: `it was valid until ${dayOf(new Date(validUntil * 1000))}`, hint: 'the mirror is behind, or somebody holds it back: use another --mirror' })
}

function refuseLack({ mirror }: RawRelease, { architectures, components }: Release, arch: string, wish: DebianWish): void {
  const lack = (what: string, there: readonly string[]): ToolError => new ToolError(tool, `${mirror.base.href} has no ${what}`, { code: 'E_NOT_FOUND', why: `its Release names ${there.join(', ')}` })
  if (architectures.length > 0 && !architectures.includes(arch)) throw lack(`packages for ${arch}`, architectures)
  const missing = wish.components.find(each => components.length > 0 && !components.some(has => has === each || has.endsWith(`/${each}`)))
  if (missing !== undefined) throw lack(`component ${missing}`, components)
}

/** In a room of its own, which goes in any case. */
async function make(cache: Cache, to: string, job: Job, trust: Trust | undefined): Promise<void> {
  const { program, isRoot } = job
  if (!isRoot) (await import('./rootless.ts')).refuseRootless()
  const { makeRoom } = await import('./room.ts')
  const { byMmdebstrap, removeAsIts } = await import('./mmdebstrap.ts')
  const remove = async (path: string): Promise<void> => {
    try {
      await cache.remove(path)
    } catch (error) {
      if (isRoot) throw error
      await removeAsIts(program.path, path, '/tmp')
      await cache.remove(path)
    }
  }
  const room = await makeRoom(cache, remove)
  try {
    const keyring = trust && join(room, 'keyring.gpg')
    if (trust && keyring !== undefined) writeFileSync(keyring, await (await import('../../openpgp.ts')).keyring(trust), { mode: 0o644 })
    const whole = { ...job, room, keyring }
    if (program.name === 'mmdebstrap') await byMmdebstrap(whole, to)
    else await (await import('./debootstrap.ts')).byDebootstrap(whole, to)
  } catch (error) {
    rmSync(to, { force: true })
    throw error
  } finally {
    await remove(room)
  }
}
