// `inspect SOURCE`: what would be fetched, from where, who vouches for it, and whether it is here; nothing is fetched.
import type { Output } from '@srcon/kit/output'
import type { ScannedLink } from '@srcon/kit/table'
import { shown } from '../download/failure.ts'
import { escapeControl } from '../escape.ts'
import { treePath, withSource } from '../fetch.ts'
import type { ImageConfig } from '../source/kind.ts'
import { lookOptions, sourceOf } from './wish.ts'

export async function run(link: ScannedLink, out: Output): Promise<void> {
  await withSource(sourceOf(link), lookOptions(link), async (wanted, ask) => {
    const found = await wanted.find(ask)
    try {
      const path = treePath(found, ask)
      const { source, version, arch, verified, signedBy, warnings, config, facts } = found
      const archives = found.archives.map(({ label, digests: sums, size, from }) => ({
        label, digests: sums, size, url: from && 'url' in from ? shown(from.url) : undefined, cached: sums[0] !== undefined && ask.cache.hasBlob(sums[0]),
      }))
      const told = { source, version, arch, verified, signedBy, archives, cached: path !== undefined, path, warnings, config, facts, ...(await wanted.inspect?.(ask)) }
      if (out.json) return out.data(told)
      out.line(`${source}${arch === undefined ? '' : ` for ${arch}`}`)
      for (const { label, digests: sums, size, url } of archives) out.line(`  archive   ${label}${size === undefined ? '' : `, ${size} bytes`}${url === undefined ? '' : `\n            ${url}`}${sums.map(sum => `\n            ${sum}`).join('')}`)
      out.line(`  verified  ${verified.length === 0 ? 'nobody vouches for it' : verified.join(', ')}${signedBy === undefined ? '' : `, signed by ${signedBy}`}`)
      out.line(`  cached    ${path ?? 'no'}`)
      for (const line of runs(config ?? {})) out.line(`  ${line}`)
      for (const warning of warnings) out.line(`  warning   ${warning}`)
    } finally {
      await found.close?.()
    }
  })
}

/** What the command of an image runs as, a line each; what is not said has none. */
function runs({ entrypoint = [], cmd = [], user, workdir, env = [] }: ImageConfig): string[] {
  const words = [...entrypoint, ...cmd].map(word => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word}'`)).join(' ')
  const lines: [string, string | undefined][] = [['runs', words || undefined], ['user', user], ['in', workdir], ...env.map((variable): [string, string] => ['env', variable])]
  return lines.flatMap(([name, text]) => (text === undefined ? [] : `${name.padEnd(9)} ${escapeControl(text)}`))
}
