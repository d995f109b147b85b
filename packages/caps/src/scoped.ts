// Single sets: `bounding,inheritable:net_raw`, `a:kill`. The letters are those of cap_text_formats(7)
// and `b` and `a`; the names those of /proc and OCI.
import { usage } from '@srcon/kit/error'
import { nearest } from '@srcon/kit/suggest'
import { type CapList, readList } from './lists.ts'

export type SetName = 'bounding' | 'permitted' | 'effective' | 'inheritable' | 'ambient'

export const SET_NAMES: readonly SetName[] = ['bounding', 'permitted', 'effective', 'inheritable', 'ambient']

/** One `--add`, `--drop` or `--keep` of single sets; they count in the order written. */
export interface SetChange {
  readonly how: 'add' | 'drop' | 'keep'
  readonly sets: readonly SetName[]
  readonly list: CapList
}

/** What `--add` without SETS is about: what a program can use. */
const USED: readonly SetName[] = ['bounding', 'permitted', 'effective']

/** Reads `SETS:CAPS`; undefined where it is a list for all sets, which only drop and keep have. Throws a ToolError `E_USAGE`. Pure. */
export function readScoped(how: SetChange['how'], text: string): SetChange | undefined {
  const colon = text.indexOf(':')
  if (colon < 0) return how === 'add' ? { how, sets: USED, list: readList(how, text) } : undefined
  return { how, sets: readSets(how, text.slice(0, colon)), list: readList(how, text.slice(colon + 1)) }
}

function readSets(how: string, text: string): SetName[] {
  const found = new Set<SetName>()
  for (const word of text.split(',')) {
    const lower = word.toLowerCase()
    const named = SET_NAMES.find(name => name === lower)
    if (named) found.add(named)
    else if (/^[bpeia]+$/.test(lower)) for (const name of SET_NAMES) if (lower.includes(name.charAt(0))) found.add(name)
    if (named || /^[bpeia]+$/.test(lower)) continue
    const near = word.length > 40 ? undefined : nearest(lower, SET_NAMES)
    throw usage('caps', `--${how}: unknown set '${word.slice(0, 40)}'`, near === undefined ? `one of ${SET_NAMES.join(', ')}, or their first letters` : `did you mean ${near}?`)
  }
  return SET_NAMES.filter(name => found.has(name))
}
