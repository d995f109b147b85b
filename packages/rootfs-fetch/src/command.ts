// The command line: one line on stdout, the path of the tree; notes on stderr; a signal stops it cleanly.
import { constants } from 'node:os'
import type { Output } from '@srcon/kit/output'
import { writeAll } from '@srcon/kit/output'
import type { ScannedLink } from '@srcon/kit/table'
import { formatSize } from '@srcon/kit/size'
import { readConfig, withRoot } from './config.ts'
import { fetchRootfs, type Progress } from './fetch.ts'
import { tool } from './native.ts'
import { readWish } from './options.ts'

const stopping = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Makes the tree that the words ask for and prints where it is. */
export async function run(link: ScannedLink, out: Output): Promise<void> {
  const { source, options, config, quiet } = readWish(link)
  // Read first: a config that cannot be used is not worth a download.
  const base = config === undefined ? undefined : await readConfig(config)
  const note = (line: string): void => {
    if (!quiet) writeAll(2, `${tool}: ${line}\n`)
  }
  const controller = new AbortController()
  const stop = (signal: NodeJS.Signals): void => controller.abort(signal)
  for (const name of stopping) process.on(name, stop)
  try {
    const rootfs = await fetchRootfs(source, { ...options, signal: controller.signal, onProgress: speaker(note) })
    if (!rootfs.cached || rootfs.verified.length === 0) for (const line of rootfs.warnings) note(line)
    if (base) out.data(withRoot(base, rootfs.path))
    else if (out.json) out.data(rootfs)
    else out.line(rootfs.path)
  } catch (error) {
    if (!controller.signal.aborted) throw error
    for (const name of stopping) process.off(name, stop)
    const name = controller.signal.reason as (typeof stopping)[number]
    // As a shell shows it, should the signal be blocked.
    process.exitCode = 128 + constants.signals[name]
    process.kill(process.pid, name)
  } finally {
    for (const name of stopping) process.off(name, stop)
  }
}

/** One line when something begins that takes time. */
function speaker(note: (line: string) => void): (progress: Progress) => void {
  const said = new Set<string>()
  return ({ phase, total, url }) => {
    if (said.has(phase) || phase === 'unpack' || url?.startsWith('file:')) return
    said.add(phase)
    note(phase === 'wait' ? 'waiting: another process works on the same archive' : `downloading ${url}${total === undefined ? '' : `, ${formatSize(total)}`}`)
  }
}
