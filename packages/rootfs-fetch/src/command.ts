// The command line: one line on stdout, the path of the tree; notes on stderr; a signal stops it cleanly.
import { constants } from 'node:os'
import { newConfig } from '@srcon/kit/config'
import type { Output } from '@srcon/kit/output'
import { writeAll } from '@srcon/kit/output'
import type { ScannedLink } from '@srcon/kit/table'
import { readConfig, withRoot } from './config.ts'
import { fetchRootfs } from './fetch.ts'
import { tool } from './native.ts'
import { readWish } from './options.ts'
import { display } from './progress.ts'

const stopping = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Makes the tree that the words ask for and prints where it is. */
export async function run(link: ScannedLink, out: Output): Promise<void> {
  const { source, options, config, quiet, progress } = readWish(link)
  // Read first: a config that cannot be used is not worth a download.
  const base = config === undefined ? undefined : await readConfig(config)
  const note = (line: string): void => {
    if (!quiet) writeAll(2, `${tool}: ${line}\n`)
  }
  const controller = new AbortController()
  const stop = (signal: NodeJS.Signals): void => controller.abort(signal)
  for (const name of stopping) process.on(name, stop)
  const shown = await display(quiet ? 'none' : progress)
  try {
    const rootfs = await fetchRootfs(source, { ...options, signal: controller.signal, onProgress: shown.onProgress })
    shown.end()
    if (!rootfs.cached || rootfs.verified.length === 0 || rootfs.copied) for (const line of rootfs.warnings) note(line)
    if (base) {
      const rooted = withRoot(base, rootfs.path, rootfs.use)
      out.data(rootfs.config ? (await import('./image-process.ts')).withImage(rooted, rootfs.config, rootfs.path) : rooted)
    }
    else if (out.json) out.data(rootfs)
    // A path would lose what makes the host's tree a container's.
    else if (rootfs.use === 'host') out.line(JSON.stringify(withRoot(newConfig(), rootfs.path, rootfs.use)))
    else out.line(rootfs.path)
  } catch (error) {
    shown.end()
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
