// `cache list|gc|clear`: what is kept, and making room. What is in use is never removed.
import { usage } from '@srcon/kit/error'
import type { Output } from '@srcon/kit/output'
import { formatSize } from '@srcon/kit/size'
import { nearest } from '@srcon/kit/suggest'
import type { ScannedLink } from '@srcon/kit/table'
import { Cache, defaultCache } from '../cache.ts'
import { entriesOf, makeRoom, type Entry } from '../cache/entries.ts'
import { tool } from '../native.ts'
import { sizeOf, timeOf, valueOf } from './wish.ts'

const actions = ['list', 'gc', 'clear'] as const

export async function run(link: ScannedLink, out: Output): Promise<void> {
  const [word = 'list'] = link.positionals
  const action = actions.find(each => each === word)
  if (!action) {
    const near = nearest(word, actions)
    throw usage(tool, `cache has no '${word}'`, `one of ${actions.join(', ')}${near === undefined ? '' : `; did you mean ${near}?`}`)
  }
  const [maxSize, maxAge] = [sizeOf(link, 'max-size'), timeOf(link, 'max-age')]
  if (action !== 'gc' && (maxSize !== undefined || maxAge !== undefined)) throw usage(tool, '--max-size and --max-age are for cache gc')
  if (action === 'gc' && maxSize === undefined && maxAge === undefined) throw usage(tool, 'cache gc needs a limit', '--max-size 10G, --max-age 30d, or both; cache clear removes everything')
  const cache = await Cache.open(valueOf(link, 'cache') ?? defaultCache())
  const entries = action === 'list' ? entriesOf(cache).toReversed() : await makeRoom(cache, action === 'clear' ? { maxSize: -1 } : { maxSize, maxAge })
  if (out.json) return out.data({ cache: cache.root, [action === 'list' ? 'entries' : 'removed']: entries.map(({ used, ...entry }) => ({ ...entry, used: new Date(used).toISOString() })) })
  const bytes = entries.reduce((sum, entry) => sum + entry.bytes, 0)
  if (entries.length > 0) out.table(entries.map(rowOf))
  out.line(`${action === 'list' ? '' : 'removed '}${entries.length} ${entries.length === 1 ? 'entry' : 'entries'}, ${formatSize(bytes)}, in ${cache.root}`)
}

function rowOf({ kind, name, source, bytes, used, inUse }: Entry): Record<string, string> {
  return { kind, name: `${name.slice(0, 24)}${name.length > 24 ? '…' : ''}`, source, size: formatSize(bytes), used: new Date(used).toISOString().slice(0, 16), 'in use': inUse ? 'yes' : 'no' }
}
