// An archive of a mirror that is a directory: copied into the cache, hashed on its way.
import { createReadStream, rmSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { ToolError } from '@srcon/kit/error'
import { splitDigest, verifyDigest } from '../digest.ts'
import { failedCall, tool } from '../native.ts'
import { shown, tooLarge } from './failure.ts'
import type { Limits } from './limits.ts'
import { Partial } from './partial.ts'
import type { Transferred, TransferRequest } from './transfer.ts'

/** Copies; undefined where there is no such file. Throws a ToolError. */
export async function copyLocal(limits: Limits, request: TransferRequest): Promise<Transferred | undefined> {
  const { url, to, digests, algorithm = 'sha512', says, size: wanted, signal, onBytes } = request
  const file = fileURLToPath(url)
  const stat = statSync(file, { throwIfNoEntry: false })
  if (!stat) return undefined
  if (!stat.isFile()) throw new ToolError(tool, `${file} is no file`, { code: 'E_INPUT', path: file })
  if (stat.size > limits.maxDownload) throw tooLarge(file, limits.maxDownload, '--max-download')
  const algorithms = new Set(digests.map(digest => splitDigest(digest).algorithm))
  if (algorithms.size === 0) algorithms.add(algorithm)
  rmSync(`${to}.json`, { force: true })
  const made = new Partial(to, [...algorithms])
  try {
    try {
      for await (const part of createReadStream(file, { highWaterMark: 1 << 18, ...(signal ? { signal } : {}) }) as AsyncIterable<Buffer>) {
        made.write(part)
        onBytes?.(made.bytes, stat.size)
      }
    } catch (cause) {
      if (signal?.aborted) throw signal.reason
      throw cause instanceof ToolError ? cause : failedCall(`cannot read ${file}`, cause, file)
    }
    if (wanted !== undefined && made.bytes !== wanted) throw new ToolError(tool, `${file} has ${made.bytes} bytes, and it must be ${wanted}`, { code: 'E_CHECKSUM' })
    const computed = made.digests()
    for (const digest of digests) verifyDigest(shown(url), computed.get(splitDigest(digest).algorithm) ?? digest, digest, says)
    made.sync()
    const [first] = computed.values()
    const digest = digests[0] ?? first
    if (digest === undefined) throw new Error('no sum was computed')
    return { bytes: made.bytes, digest, resumed: 0 }
  } catch (error) {
    made.remove()
    throw error
  } finally {
    made.close()
  }
}
