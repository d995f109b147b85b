// One unpacking by the addon: in a thread of its own, watched, and stopped when the caller gives up.
import { mkdirSync } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import type { Cache } from './cache.ts'
import type { FetchOptions } from './fetch.ts'
import { failed, failedCall, native, type NativeReport } from './native.ts'

/** How often progress is told, milliseconds. */
const TICK = 100

/** Whether this process can give files to the owners that an archive names. */
export function canGiveOwners(): boolean {
  return native().canGiveOwners()
}

/** Unpacks `file` into `made`/rootfs, which is made anew. `source` names the archive in errors. */
export async function unpackInto(cache: Cache, made: string, file: FileHandle, source: string, options: FetchOptions): Promise<NativeReport> {
  const { signal, onProgress, maxBytes, maxEntries, stripSetId = false, devices } = options
  const target = join(made, 'rootfs')
  await cache.remove(made)
  try {
    mkdirSync(made, { mode: 0o755 })
    mkdirSync(target, { mode: 0o700 })
  } catch (cause) {
    throw failedCall(`cannot make ${target}`, cause, cache.root)
  }
  const { size } = await file.stat()
  const unpacking = new (native().Unpacking)({
    archive: file.fd, target, exactOwners: canGiveOwners(), stripSetId, keepDevices: devices === 'keep',
    ...(maxBytes === undefined ? {} : { maxBytes }), ...(maxEntries === undefined ? {} : { maxEntries }),
  })
  const cancel = (): void => unpacking.cancel()
  const tick = onProgress && setInterval(() => {
    const { read, entries } = unpacking.progress()
    onProgress({ phase: 'unpack', bytes: read, total: size, entries })
  }, TICK)
  signal?.addEventListener('abort', cancel)
  try {
    if (signal?.aborted) cancel()
    const { report, failure } = await unpacking.run()
    signal?.throwIfAborted()
    if (report) return report
    throw failed(`cannot unpack ${source}`, failure ?? { code: 'E_INTERNAL', message: 'no answer', entry: '', syscall: '', errno: 0 }, cache.root)
  } finally {
    signal?.removeEventListener('abort', cancel)
    clearInterval(tick)
  }
}
