// Where a Debian is made: a directory of its own outside of the cache, which others must be able to search (apt gives up its
// rights, and in a user namespace root is somebody else). It goes in any case; what a killed process left goes with the next.
import { chmodSync, lstatSync, mkdtempSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { mounts } from '@srcon/kit/probes'
import type { Cache } from '../../cache.ts'
import { failedCall } from '../../native.ts'

const PREFIX = 'srcon-debian-'

/** Makes it; throws a ToolError. */
export async function makeRoom(cache: Cache, remove: (path: string) => Promise<void>): Promise<string> {
  const folder = place()
  await sweep(folder, remove)
  try {
    const room = mkdtempSync(join(folder, `${PREFIX}${process.pid}-`))
    chmodSync(room, 0o755)
    return room
  } catch (cause) {
    throw failedCall(`cannot make a directory in ${folder}`, cause, cache.root)
  }
}

/** Programs run there and devices are made: not below a mount that forbids it. On disk rather than in memory. */
function place(): string {
  const given = process.env['TMPDIR']
  const places = [...(given !== undefined && given.startsWith('/') ? [given] : []), '/var/tmp', '/tmp']
  const fits = (path: string): boolean => {
    const over = mounts().filter(({ target }) => target === '/' || path === target || path.startsWith(`${target}/`)).sort((a, b) => a.target.length - b.target.length).at(-1)
    return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true && !(over?.options ?? []).some(option => option === 'noexec' || option === 'nodev' || option === 'ro')
  }
  return places.find(fits) ?? '/tmp'
}

/** Of processes of this user that are no more. */
async function sweep(folder: string, remove: (path: string) => Promise<void>): Promise<void> {
  for (const name of readdirSync(folder)) {
    const [, pid] = /^srcon-debian-(\d+)-\w{6}$/.exec(name) ?? []
    const path = join(folder, name)
    if (pid === undefined || lives(Number(pid)) || lstatSync(path, { throwIfNoEntry: false })?.uid !== process.geteuid?.()) continue
    await remove(path)
  }
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === 'EPERM'
  }
}
