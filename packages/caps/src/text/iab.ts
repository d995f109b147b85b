// The text form of an IAB tuple, both ways: what a later exec can hand on. `!` blocks a capability from
// the bounding set, `^` makes it ambient (and inheritable), `%` or nothing inheritable:
// `!%cap_chown,^cap_setpcap`. See cap_text_formats(7), cap_iab(3).
import { quoted, readName, textError, textName } from './name.ts'

/** Bit N is capability N. */
export interface Iab {
  readonly inheritable: bigint
  /** All of it is inheritable too. */
  readonly ambient: bigint
  /** What is not to be in the bounding set. */
  readonly blocked: bigint
}

/** Reads it; the empty text changes nothing. Throws a ToolError `E_INPUT` that says where. Pure.
 *  Unlike libcap, a sign that no capability follows, `cap_chown,!`, is an error: something is missing there. */
export function parseIab(text: string): Iab {
  const iab = { inheritable: 0n, ambient: 0n, blocked: 0n }
  for (let at = 0; at < text.length; at++) {
    const start = at
    while ('!^%'.includes(text[at] ?? ' ')) at++
    const signs = text.slice(start, at)
    const { number, end } = readName(text, at)
    const bit = 1n << BigInt(number)
    if (signs.includes('!')) iab.blocked |= bit
    if (signs.includes('^')) iab.ambient |= bit
    if (!signs.includes('!') || /[\^%]/.test(signs)) iab.inheritable |= bit
    at = end
    if (at < text.length && text[at] !== ',') throw textError(text, at, `a comma is expected, not ${quoted(String.fromCodePoint(text.codePointAt(at) ?? 0))},`)
  }
  return iab
}

/** Writes it as libcap does, lowest capability first; '' where nothing is said. Bits beyond the names come by number. Pure. */
export function formatIab({ inheritable, ambient, blocked }: Iab): string {
  const words: string[] = []
  for (let number = 0; number < 64; number++) {
    const has = (set: bigint): boolean => ((set >> BigInt(number)) & 1n) === 1n
    if (!has(inheritable | ambient | blocked)) continue
    words.push(`${has(blocked) ? '!' : ''}${has(ambient) ? '^' : has(blocked) && has(inheritable) ? '%' : ''}${textName(number)}`)
  }
  return words.join(',')
}
