// The source `busybox[:FILE]`: a tiny root of the host's static busybox. It is made once for each program, as an archive that is
// the same wherever it is made of the same program, and kept under the program's own sum.
import { constants } from 'node:fs'
import { chmod, copyFile, mkdir, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { usage } from '@srcon/kit/error'
import { hashFile } from '../archive.ts'
import type { Cache } from '../cache.ts'
import { splitDigest } from '../digest.ts'
import { tool } from '../native.ts'
import { packNew } from '../pack.ts'
import { pinnedDigests } from '../pinned.ts'
import { applets, openBusybox, type Applets } from './busybox/program.ts'
import type { Ask, Found, SourceKind, Wanted } from './kind.ts'

/** To be raised when the tree is to be another one. */
const LAYOUT = 1

export const kind: SourceKind = {
  read({ rest, file }): Wanted {
    if (file !== undefined && rest !== undefined) throw usage(tool, `two programs: ${rest} and ${file}`)
    const given = rest ?? file
    if (given === '') throw usage(tool, 'busybox: needs a file behind the colon', 'busybox alone takes the host\'s own')
    return { source: given === undefined ? 'busybox' : `busybox:${given}`, find: async ask => await find(ask, given) }
  },
}

async function find(ask: Ask, given: string | undefined): Promise<Found> {
  const { cache, signal, options } = ask
  const { path, file } = await openBusybox(given)
  try {
    // What is hashed and copied is one open file.
    const program = `/proc/self/fd/${file.fd}`
    const sum = await hashFile(file, 'sha256', signal)
    const { hex } = splitDigest(sum)
    // Owners in the archive are the caller's own.
    const owner = process.geteuid?.() ?? 0
    const ref = `busybox/${hex}-${LAYOUT}-${owner}.json`
    const pinned = pinnedDigests(options)
    const known = cache.ref(ref)
    const kept = known && pinned.length === 0 && cache.holds(known.digests) ? known : undefined
    const about = kept ? undefined : applets(path)
    const version = kept?.version ?? about?.version
    const label = `busybox ${version ?? ''}`.trim()
    return {
      source: 'busybox', version, ref, verified: pinned.length > 0 ? ['pinned'] : [], warnings: [], facts: { program: path, programDigest: sum },
      archives: [{
        label, digests: kept?.digests ?? pinned, says: kept ? 'the cache' : 'the given sum',
        from: { key: `busybox ${ref}`, make: async to => await make(cache, program, about ?? applets(path), to, signal) },
      }],
      close: async () => await file.close(),
    }
  } catch (error) {
    await file.close()
    throw error
  }
}

const files = ({ version }: Applets): Readonly<Record<string, string>> => ({
  'etc/passwd': 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n',
  'etc/group': 'root:x:0:\nnogroup:x:65534:\n',
  'etc/shells': '/bin/sh\n',
  'etc/os-release': `ID=busybox\nNAME=BusyBox\nVERSION_ID=${version ?? ''}\nPRETTY_NAME="BusyBox ${version ?? ''}"\n`,
})

/** Directories and their modes. */
const folders: Readonly<Record<string, number>> = {
  bin: 0o755, dev: 0o755, etc: 0o755, home: 0o755, proc: 0o555, root: 0o700, run: 0o755, sbin: 0o755, sys: 0o555, tmp: 0o1777, usr: 0o755, 'usr/bin': 0o755, 'usr/sbin': 0o755, var: 0o755, 'var/tmp': 0o1777,
}

/** The tree, then its archive `to`. */
async function make(cache: Cache, program: string, about: Applets, to: string, signal: AbortSignal | undefined): Promise<void> {
  const tree = `${to}.tree`
  await cache.remove(tree)
  try {
    for (const folder of ['', ...Object.keys(folders)]) await mkdir(join(tree, folder))
    await copyFile(program, join(tree, 'bin/busybox'), constants.COPYFILE_EXCL)
    await chmod(join(tree, 'bin/busybox'), 0o755)
    await utimes(join(tree, 'bin/busybox'), 0, 0)
    for (const path of about.paths) if (path !== 'bin/busybox') await symlink('/bin/busybox', join(tree, path))
    for (const [path, text] of Object.entries(files(about))) await writeFile(join(tree, path), text, { mode: 0o644 })
    // Whatever the umask is.
    for (const path of Object.keys(files(about))) await chmod(join(tree, path), 0o644)
    for (const [path, mode] of Object.entries(folders)) await chmod(join(tree, path), mode)
    await packNew(tree, to, { latest: 0, signal })
  } finally {
    await cache.remove(tree)
  }
}
