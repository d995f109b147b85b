// One capability inside a text: a name in any case, or a number as C writes it (40, 0x28, 050). The
// number is how libcap writes what a kernel newer than its names has. See cap_text_formats(7).
import { ToolError } from '@srcon/kit/error'
import { nearest } from '@srcon/kit/suggest'
import { NAMES } from '../names.ts'

/** The kernel's sets have 64 bits. */
const BITS = 64
/** A longer word is no name that was mistyped; also bounds the search for the nearest one. */
const LONGEST = 40
const NUMBER = /0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*/y
const WORD = /[a-zA-Z_]+/y

const LOWER: readonly string[] = NAMES.map(name => name.toLowerCase())
const numbers: ReadonlyMap<string, number> = new Map(LOWER.map((name, number) => [name, number]))

/** A capability as the texts write it: `cap_chown`, or its number. */
export function textName(number: number): string {
  return LOWER[number] ?? String(number)
}

/** Reads a capability at `at`: its number and where the text goes on. Throws a ToolError `E_INPUT`. */
export function readName(text: string, at: number): { readonly number: number; readonly end: number } {
  const digits = matchAt(NUMBER, text, at)
  if (digits !== '') {
    const number = /^0\d/.test(digits) ? Number.parseInt(digits, 8) : Number(digits)
    if (number >= BITS) throw textError(text, at, `capability ${clip(digits)} is beyond the kernel's 64`)
    return { number, end: at + digits.length }
  }
  const word = matchAt(WORD, text, at)
  const number = numbers.get(word.toLowerCase())
  if (number !== undefined) return { number, end: at + word.length }
  if (word === '') throw textError(text, at, 'a capability is missing')
  const near = word.length > LONGEST ? undefined : nearestName(word.toLowerCase())
  throw textError(text, at, `unknown capability '${clip(word)}'`, near === undefined ? 'capabilities(7) lists them' : `did you mean ${near}?`)
}

/** `chown` is what many write, and libcap refuses. */
function nearestName(word: string): string | undefined {
  const full = `cap_${word}`
  return numbers.has(full) ? full : nearest(word, [...LOWER, 'all'])
}

/** What a sticky expression finds at `at`; '' where it does not fit. */
export function matchAt(expression: RegExp, text: string, at: number): string {
  expression.lastIndex = at
  return expression.exec(text)?.[0] ?? ''
}

/** An error that says where: characters are counted from 1. */
export function textError(text: string, at: number, what: string, hint?: string): ToolError {
  const where = at >= text.length ? 'at the end of the text' : `at character ${at + 1}`
  return new ToolError('caps', `${what} ${where}`, { code: 'E_INPUT', hint })
}

/** A character for an error message: control characters by their code. */
export function quoted(character: string | undefined): string {
  if (character === undefined) return 'nothing'
  return /[\p{C}\p{Z}]/u.test(character) && character !== ' ' ? `U+${character.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0')}` : `'${character}'`
}

function clip(word: string): string {
  return word.length > LONGEST ? `${word.slice(0, LONGEST)}…` : word
}
