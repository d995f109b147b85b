// `caps test`: whether a process has what is asked for. Exit code 0 or 1, silent; words that mean nothing are an
// error (125), so a slip is never taken for "no".
import { lastCap } from '@srcon/kit/host'
import { usage } from '@srcon/kit/error'
import { parseId, parsePid } from '@srcon/kit/number'
import type { Output } from '@srcon/kit/output'
import type { Given, ScannedLink } from '@srcon/kit/table'
import { readList } from './lists.ts'
import { fullSet, namesOf, setOf, without } from './names.ts'
import { show } from './show.ts'
import { SETS } from './tasks.ts'

const LETTERS: Readonly<Record<string, (typeof SETS)[number]>> = { e: 'effective', p: 'permitted', i: 'inheritable', b: 'bounding', a: 'ambient' }

/** What was asked, and what is not so. */
export interface Tested {
  readonly holds: boolean
  /** One line for each condition that does not hold. */
  readonly missing: readonly string[]
}

/** Tests a process; every condition must hold. Throws a ToolError for words that mean nothing, or where there is no such process. */
export function test(pid: number | 'self', conditions: readonly Given[]): Tested {
  const shown = show(pid)
  const missing = conditions.flatMap(({ name, value }) => condition(name, value === true ? '' : value, shown) ?? [])
  return { holds: missing.length === 0, missing }
}

function condition(name: string, value: string, shown: ReturnType<typeof show>): string | undefined {
  switch (name) {
    case 'has':
      return has(value, shown)
    case 'has-no-new-privs':
      return shown.noNewPrivs ? undefined : 'no_new_privs is not set'
    case 'uid':
      return is('user', parseId('caps', '--uid', value), shown.uid.effective)
    case 'gid':
      return is('group', parseId('caps', '--gid', value), shown.gid.effective)
    case 'group':
      return [shown.gid.effective, ...shown.groups].includes(parseId('caps', '--group', value)) ? undefined : `it is not in group ${value}`
    case 'securebits':
      return securebits(value, shown.securebits)
    default:
      return undefined
  }
}

const is = (what: string, wanted: number, now: number): string | undefined => (wanted === now ? undefined : `the effective ${what} is ${now}, not ${wanted}`)

/** `ep:net_raw,chown`, `effective,ambient:kill`, `net_raw` (effective); `none` and `all` are exact. */
function has(text: string, { sets }: ReturnType<typeof show>): string | undefined {
  const at = text.indexOf(':')
  const names = at < 0 ? (['effective'] as const) : setNames(text.slice(0, at))
  const list = text.slice(at + 1)
  const { must, may } = readList('has', list)
  const wanted = setOf(must) | (may === 'all' ? fullSet(lastCap()) : setOf(may))
  const wrong = names.flatMap(name => {
    const now = setOf(sets[name].names)
    if (list.toLowerCase() === 'none') return now === 0n ? [] : [`${name} is not empty`]
    const less = without(wanted, now)
    return less === 0n ? [] : [`${name} lacks ${namesOf(less).join(' ')}`]
  })
  return wrong.length === 0 ? undefined : wrong.join(', ')
}

function setNames(text: string): readonly (typeof SETS)[number][] {
  if (/^[epiba]+$/.test(text)) return text.split('').flatMap(letter => LETTERS[letter] ?? [])
  return text.split(',').map(word => {
    const name = SETS.find(each => each === word)
    if (name === undefined) throw usage('caps', `--has: '${word}' is no set`, `letters of e p i b a, or of ${SETS.join(', ')}`)
    return name
  })
}

function securebits(text: string, now: readonly string[] | undefined): string | undefined {
  if (now === undefined) throw usage('caps', '--securebits: the kernel tells them only to the process itself', 'leave the PID out')
  const wanted = text.split(',')
  const less = text === 'none' ? now : wanted.filter(name => !now.includes(name.replaceAll('-', '_').toLowerCase()))
  return less.length === 0 ? undefined : text === 'none' ? `securebits are set: ${less.join(' ')}` : `securebits not set: ${less.join(' ')}`
}

export async function run({ given, positionals: [word] }: ScannedLink, out: Output): Promise<void> {
  if (given.length === 0) throw usage('caps', 'test: nothing is asked', 'for example --has net_raw')
  const tested = test(word === undefined || word === 'self' ? 'self' : parsePid('caps', 'PID', word), given)
  if (out.json) out.data(tested)
  if (!tested.holds) process.exitCode = 1
}
