// `caps verify-file`: whether files have exactly these capabilities; exit code 0 or 1.
import { usage } from '@srcon/kit/error'
import type { Output } from '@srcon/kit/output'
import type { ScannedLink } from '@srcon/kit/table'
import { fileCapabilities, verifyFileCapabilities } from './file-caps.ts'
import { rootIdOf } from './set-file.ts'
import { printable } from './tasks.ts'

export async function run(link: ScannedLink, out: Output): Promise<void> {
  const [text = '', ...paths] = link.positionals
  if (paths.length === 0) throw usage('caps', 'verify-file: FILE is missing')
  const verified = paths.map(path => ({ path, same: verifyFileCapabilities(path, text, { rootId: rootIdOf(link) }), has: fileCapabilities(path)?.text ?? null }))
  if (verified.some(({ same }) => !same)) process.exitCode = 1
  if (out.json) return out.data(verified)
  for (const { path, same, has } of verified) if (!same) out.line(`${printable(path)} has ${has ?? 'none'}`)
}
