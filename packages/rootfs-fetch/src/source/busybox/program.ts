// The host's busybox: where it is, whether it runs without any library, and what it can do.
import { spawnSync } from 'node:child_process'
import { constants } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { isAbsolute, join } from 'node:path'
import { ToolError } from '@srcon/kit/error'
import { failedCall, tool } from '../../native.ts'

/** Names under which distributions install the static one. */
const names = ['busybox', 'busybox.static', 'busybox-static']
const install = 'apt-get install busybox-static (Debian, Ubuntu), apk add busybox-static (Alpine)'

/** An open program; to be closed. `given`: a path. Throws a ToolError `E_HOST`: none, or one that needs libraries. */
export async function openBusybox(given: string | undefined): Promise<{ path: string; file: FileHandle }> {
  const folders = [...(process.env['PATH'] ?? '').split(':').filter(isAbsolute), '/bin', '/usr/bin', '/usr/local/bin', '/usr/lib/busybox']
  let needing: string | undefined
  for (const path of given === undefined ? folders.flatMap(folder => names.map(name => join(folder, name))) : [given]) {
    const file = await tryOpen(path, given !== undefined)
    if (!file) continue
    const kind = await linkage(file)
    if (kind === 'static') return { path, file }
    await file.close()
    if (given !== undefined && kind === 'none') throw new ToolError(tool, `${path} is no program`, { code: 'E_INPUT', path })
    if (kind === 'dynamic') needing ??= path
  }
  if (needing === undefined) throw new ToolError(tool, 'there is no busybox here', { code: 'E_HOST', why: `neither PATH nor /bin has ${names.join(', ')}`, hint: install })
  throw new ToolError(tool, `${needing} needs libraries`, { code: 'E_HOST', path: needing, why: 'it is linked dynamically, and a root with nothing but busybox has no libraries', hint: install })
}

async function tryOpen(path: string, must: boolean): Promise<FileHandle | undefined> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    if ((await file.stat()).isFile()) return file
    await file.close()
  } catch (cause) {
    if (must) throw failedCall(`cannot open ${path}`, cause, path)
  }
  return undefined
}

/** PT_INTERP names the loader of a dynamic program; a static one, position-independent or not, has none. See elf(5). */
async function linkage(file: FileHandle): Promise<'static' | 'dynamic' | 'none'> {
  const head = Buffer.alloc(64)
  await file.read(head, 0, 64, 0)
  if (head.toString('latin1', 0, 4) !== '\x7fELF' || head[5] !== 1) return 'none'
  const wide = head[4] === 2
  const [at, size, count] = wide ? [Number(head.readBigUInt64LE(32)), head.readUInt16LE(54), head.readUInt16LE(56)] : [head.readUInt32LE(28), head.readUInt16LE(42), head.readUInt16LE(44)]
  const table = Buffer.alloc(size * count)
  const { bytesRead } = await file.read(table, 0, table.length, at)
  if (count === 0 || bytesRead < table.length) return 'none'
  return Array.from({ length: count }, (_, i) => table.readUInt32LE(i * size)).includes(3) ? 'dynamic' : 'static'
}

export interface Applets {
  /** `1.35.0`. */
  readonly version: string | undefined
  /** `usr/bin/awk`, below the root. */
  readonly paths: readonly string[]
}

/** Asks the program itself. Throws a ToolError `E_HOST`. */
export function applets(path: string): Applets {
  const run = (word: string): string => {
    const { status, stdout, error } = spawnSync(path, [word], { argv0: 'busybox', env: {}, timeout: 10_000, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
    if (status === 0) return stdout
    throw new ToolError(tool, `${path} does not say what it can do`, { code: 'E_HOST', path, why: error?.message ?? `busybox ${word} ended with ${status}`, hint: install, cause: error })
  }
  const paths = [...new Set(run('--list-full').split('\n').filter(line => /^(?:usr\/)?s?bin\/[\w.[+-]+$/.test(line)))].sort()
  if (paths.some(each => each === 'bin/sh' || each === 'bin/ash')) return { version: /BusyBox v?(\d[\w.]*)/.exec(run('--help'))?.[1], paths }
  throw new ToolError(tool, `${path} has no shell`, { code: 'E_HOST', path, why: 'it was built without sh', hint: install })
}
