// The suites of Debian: what the table knows, and the newest point release of each that the mirror has.
import { dayOf } from '../../day.ts'
import type { Ask, Listed } from '../kind.ts'
import { mirrorsOf } from './mirror.ts'
import { parseRelease } from './release.ts'
import { hasEnded, suites, type Suite } from './suites.ts'

export async function list(ask: Ask, arch: string): Promise<readonly Listed[]> {
  const today = dayOf()
  const row = async (suite: Suite): Promise<Listed> => {
    const { name, number, eol, ltsEol } = suite
    const told = ask.options.offline ? undefined : await fromMirror(ask, suite, today)
    const notes = [
      ...(number === undefined ? [] : [number]), ...(told?.suite !== undefined && told.suite !== name ? [told.suite] : []),
      ...(hasEnded(suite, today) ? ['ended'] : eol !== undefined && eol <= today ? [`long-term support until ${ltsEol}`] : []),
      ...(ask.options.offline || told ? [] : [hasEnded(suite, today) ? 'only on an archive mirror' : 'not on the mirror']),
    ]
    return { source: `debian:${name}`, version: told?.version ?? number, arch, date: told?.date === undefined ? suite.released : dayOf(new Date(told.date * 1000)), eol, note: notes.join(', ') }
  }
  return await Promise.all(suites.map(row))
}

/** Not checked: it is only shown. An archive is not asked: that is another server, for what is past. */
async function fromMirror({ client, signal, options }: Ask, suite: Suite, today: string): Promise<ReturnType<typeof parseRelease> | undefined> {
  const [mirror] = mirrorsOf(options.mirror, suite, today)
  const text = mirror && (await client.text(mirror.url(`dists/${suite.name}/Release`), { signal }))
  return text === undefined ? undefined : parseRelease(text)
}
