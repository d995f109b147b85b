// `lock SOURCE`: fetches it and writes down what it is, so that `--locked` takes nothing else.
import { resolve } from 'node:path'
import { ToolError } from '@srcon/kit/error'
import type { Output } from '@srcon/kit/output'
import type { ScannedLink } from '@srcon/kit/table'
import { fetchRootfs } from '../fetch.ts'
import { writeLock } from '../lock-file.ts'
import { tool } from '../native.ts'
import { lockName } from '../source.ts'
import { lookOptions, sourceOf, valueOf } from './wish.ts'

export async function run(link: ScannedLink, out: Output): Promise<void> {
  const words = sourceOf(link)
  const path = resolve(valueOf(link, 'output') ?? lockName)
  const found = await fetchRootfs(words, lookOptions(link))
  // By the name that will be asked for, so that it is found again without a network too.
  const { source, version, arch, digests, signedBy } = found.exact === undefined ? found : await fetchRootfs(found.exact, lookOptions(link))
  if (digests.length === 0) throw new ToolError(tool, `${source} cannot be locked`, { code: 'E_USAGE', why: 'a directory has no sum', hint: 'pack it, and lock the archive: rootfs-fetch pack DIR -o FILE.tar.gz' })
  const entry = { source, version, arch, digests, signedBy }
  writeLock(path, words.join(' '), entry)
  if (out.json) out.data({ path, ...entry })
  else out.line(path)
}
