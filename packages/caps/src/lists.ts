// A list of capabilities as people write it: names with or without cap_, in any case, `all`, presets.
// Names are demands; `all` and a preset mean as many of these as the process has.
import { usage } from '@srcon/kit/error'
import { nearest } from '@srcon/kit/suggest'
import { NAMES, normalName } from './names.ts'
import { PRESETS } from './presets.ts'

/** What an option asks for. */
export interface CapList {
  /** Named one by one: to ask for one that is not there is an error. */
  readonly must: readonly string[]
  /** By a preset, or all: as far as they are there. */
  readonly may: readonly string[] | 'all'
}

/** `decode` is no option but the verb, which reads a list of any kind. */
export type ListOption = 'drop' | 'keep' | 'add' | 'ambient' | 'decode' | 'has'

const label = (option: ListOption): string => (option === 'decode' ? option : `--${option}`)

export const nothing: CapList = { must: [], may: [] }

export function everything({ may }: CapList): boolean {
  return may === 'all'
}

/** Reads `net_raw,CAP_CHOWN,docker`. Throws a ToolError `E_USAGE`. */
export function readList(option: ListOption, text: string): CapList {
  const words = text.split(',')
  let list = nothing
  for (const word of words) {
    if (word === '' || (word === 'none' && words.length > 1)) throw usage('caps', `${label(option)}: ${word === '' ? `an empty name in '${text}'` : `'none' stands alone`}`)
    list = joined(list, readWord(option, word))
  }
  return list
}

/** Both lists. */
export function joined(a: CapList, b: CapList): CapList {
  const may = a.may === 'all' || b.may === 'all' ? 'all' : [...new Set([...a.may, ...b.may])]
  return { must: [...new Set([...a.must, ...b.must])], may }
}

function readWord(option: ListOption, word: string): CapList {
  const lower = word.toLowerCase()
  if (lower === 'all') return { must: [], may: 'all' }
  if (lower === 'none') return nothing
  const preset = Object.hasOwn(PRESETS, lower) ? PRESETS[lower] : undefined
  if (preset) return readPreset(option, lower, preset)
  const name = normalName(word)
  if (name !== undefined) return { must: [name], may: [] }
  const close = nearest(lower.replace(/^cap_/, ''), [...Object.keys(PRESETS), 'all', 'none', ...NAMES.map(each => each.slice(4).toLowerCase())])
  throw usage('caps', `${label(option)}: unknown capability '${word}'`, close === undefined ? 'capabilities(7) lists them' : `did you mean ${close}?`)
}

function readPreset(option: ListOption, name: string, { is, names }: (typeof PRESETS)[string]): CapList {
  const asked = option === 'drop' ? 'dropped' : 'kept'
  if (option !== 'decode' && option !== 'has' && is !== asked) throw usage('caps', `--${option} ${name}: that preset lists what is ${is}`, is === 'kept' ? `--keep ${name}` : `--drop ${name}`)
  return { must: [], may: names }
}
