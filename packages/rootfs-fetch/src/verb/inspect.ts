// `inspect SOURCE`: what would be fetched, from where, who vouches for it, and whether it is here; nothing is fetched.
import type { Output } from '@srcon/kit/output'
import type { ScannedLink } from '@srcon/kit/table'
import { treeName } from '../cache.ts'
import { shown } from '../download/failure.ts'
import { withSource } from '../fetch.ts'
import { lookOptions, sourceOf } from './wish.ts'

export async function run(link: ScannedLink, out: Output): Promise<void> {
  await withSource(sourceOf(link), lookOptions(link), async (wanted, ask) => {
    const found = await wanted.find(ask)
    try {
      const digests = found.archives.flatMap(({ digests: [digest] }) => digest ?? [])
      const tree = found.tree !== undefined ? { path: found.tree } : digests.length === found.archives.length ? ask.cache.tree(treeName(digests)) : undefined
      const { source, version, arch, verified, signedBy, warnings, config, facts } = found
      const archives = found.archives.map(({ label, digests: sums, size, from }) => ({
        label, digests: sums, size, url: from && 'url' in from ? shown(from.url) : undefined, cached: sums[0] !== undefined && ask.cache.hasBlob(sums[0]),
      }))
      const told = { source, version, arch, verified, signedBy, archives, cached: tree !== undefined, path: tree?.path, warnings, config, facts, ...(await wanted.inspect?.(ask)) }
      if (out.json) return out.data(told)
      out.line(`${source}${arch === undefined ? '' : ` for ${arch}`}`)
      for (const { label, digests: sums, size, url } of archives) out.line(`  archive   ${label}${size === undefined ? '' : `, ${size} bytes`}${url === undefined ? '' : `\n            ${url}`}${sums.map(sum => `\n            ${sum}`).join('')}`)
      out.line(`  verified  ${verified.length === 0 ? 'nobody vouches for it' : verified.join(', ')}${signedBy === undefined ? '' : `, signed by ${signedBy}`}`)
      out.line(`  cached    ${tree?.path ?? 'no'}`)
      for (const warning of warnings) out.line(`  warning   ${warning}`)
    } finally {
      await found.close?.()
    }
  })
}
