// The text form of POSIX.1e that getcap, setcap, getpcaps and capsh use, both ways:
// `cap_net_raw,cap_chown=ep`, `all=p cap_sys_admin-e`. What is written is what libcap 2.66 writes,
// what is read is what it reads. See cap_text_formats(7), cap_from_text(3).
import { fullSet, without } from '../names.ts'
import { matchAt, quoted, readName, textError, textName } from './name.ts'

/** The sets that the text speaks of: bit N is capability N. */
export interface ThreadSets {
  readonly effective: bigint
  readonly permitted: bigint
  readonly inheritable: bigint
}

const SPACE = /[ \t\n\v\f\r]+/y
const ALL = /all(?![a-zA-Z0-9_])/iy
const FLAGS = /[eip]*/y
const LISTED = /[a-zA-Z0-9_]/y

/** Reads clauses from left to right, each changing what the ones before it made; no clause: nothing is set.
 *  `last`: the highest capability of the kernel, which `all` reaches; or `all` is what is meant by it. Throws a ToolError `E_INPUT` that says where. Pure. */
export function parseClauses(text: string, last: number, all = fullSet(last)): ThreadSets {
  const sets = { effective: 0n, permitted: 0n, inheritable: 0n }
  let at = matchAt(SPACE, text, 0).length
  while (at < text.length) {
    const list = readList(text, at, all)
    at = readActions(text, list.end, list, sets)
    at += matchAt(SPACE, text, at).length
  }
  return sets
}

interface List {
  readonly mask: bigint
  readonly end: number
  /** False: none is named, so the clause is about all of them and may only set. */
  readonly named: boolean
}

function readList(text: string, start: number, all: bigint): List {
  if (matchAt(LISTED, text, start) === '') return { mask: all, end: start, named: false }
  let mask = 0n
  for (let at = start; ; at++) {
    if (matchAt(ALL, text, at) !== '') {
      // Not |=: as in libcap, what was named before is forgotten; that matters beyond `last` only.
      mask = all
      at += 3
    } else {
      const { number, end } = readName(text, at)
      mask |= 1n << BigInt(number)
      at = end
    }
    if (text[at] !== ',') return { mask, end: at, named: true }
  }
}

type Sets = { -readonly [Name in keyof ThreadSets]: ThreadSets[Name] }

/** `=ep`, `=+ep`, `+i-e`: returns where the clause ends. */
function readActions(text: string, start: number, { mask, named }: List, sets: Sets): number {
  let at = start
  let sign = '+'
  if (text[at] === '=') {
    at++
    change(sets, 'eip', value => without(value, mask))
    const flags = matchAt(FLAGS, text, at)
    if (flags !== '' || !isSign(text[at])) {
      change(sets, flags, value => value | mask)
      at += flags.length
    }
  } else if (!isSign(text[at])) throw textError(text, at, `one of = + - is expected, not ${quoted(character(text, at))},`)
  while (isSign(text[at])) {
    if (!named) throw textError(text, at, `which capabilities '${text[at] ?? ''}' is about is not said`, 'name them, or write all')
    sign = text[at] ?? ''
    const flags = matchAt(FLAGS, text, ++at)
    if (flags === '') throw textError(text, at, `one of e i p is expected after '${sign}', not ${quoted(character(text, at))},`)
    change(sets, flags, value => (sign === '+' ? value | mask : without(value, mask)))
    at += flags.length
  }
  if (at < text.length && matchAt(SPACE, text, at) === '') throw textError(text, at, `one of e i p, or a space, is expected, not ${quoted(character(text, at))},`)
  return at
}

function isSign(character: string | undefined): boolean {
  return character === '+' || character === '-'
}

function character(text: string, at: number): string | undefined {
  const point = text.codePointAt(at)
  return point === undefined ? undefined : String.fromCodePoint(point)
}

function change(sets: Sets, flags: string, to: (value: bigint) => bigint): void {
  if (flags.includes('e')) sets.effective = to(sets.effective)
  if (flags.includes('p')) sets.permitted = to(sets.permitted)
  if (flags.includes('i')) sets.inheritable = to(sets.inheritable)
}

/** What each of the 8 combinations of sets is called; bit 0 effective, 1 permitted, 2 inheritable: libcap's order. */
const LETTERS = ['', 'e', 'p', 'ep', 'i', 'ei', 'ip', 'eip'] as const

/**
 * Writes the sets as libcap does: first what most capabilities of the kernel have in common, `=ep`, then who
 * differs and by what. Nothing in common is left out where somebody differs: `cap_chown=ep`. Bits beyond `last` come
 * by number. Pure.
 */
export function formatClauses({ effective, permitted, inheritable }: ThreadSets, last: number): string {
  const groups = LETTERS.map((): number[] => [])
  const unnamed = LETTERS.map((): number[] => [])
  for (let number = 0; number < 64; number++) {
    const bit = (set: bigint): number => Number((set >> BigInt(number)) & 1n)
    const kind = bit(effective) | (bit(permitted) << 1) | (bit(inheritable) << 2)
    ;(number <= last ? groups : unnamed)[kind]?.push(number)
  }
  const most = Math.max(...groups.map(group => group.length))
  const common = groups.findIndex(group => group.length === most)
  const differing = groups.flatMap((group, kind) => (kind === common || group.length === 0 ? [] : [differs(group, kind, common)])).toReversed()
  const beyond = unnamed.flatMap((group, kind) => (kind === 0 || group.length === 0 ? [] : [differs(group, kind, 0)])).toReversed()
  if (common === 0 && differing[0] !== undefined) return [differing[0].replace('+', '='), ...differing.slice(1), ...beyond].join(' ')
  return [`=${LETTERS[common] ?? ''}`, ...differing, ...beyond].join(' ')
}

function differs(group: readonly number[], kind: number, common: number): string {
  const [more, fewer] = [LETTERS[kind & ~common], LETTERS[~kind & common]]
  return `${group.map(textName).join(',')}${more ? `+${more}` : ''}${fewer ? `-${fewer}` : ''}`
}
