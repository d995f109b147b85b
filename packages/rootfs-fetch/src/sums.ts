// Sums: files of `HEX  NAME` lines as sha512sum(1) writes them, and the check of one.
import { ToolError, usage } from '@srcon/kit/error'
import { tool } from './native.ts'

const hex = /^[0-9a-f]{128}$/

/** The sums of a SHA512SUMS or .sha512 file, by file name; lines of another form are passed over. */
export function parseSums(text: string): Map<string, string> {
  const sums = new Map<string, string>()
  for (const line of text.split('\n')) {
    const [, sum, name] = /^([0-9a-fA-F]{128})(?: [ *](?:\.\/)?(\S.*))?$/.exec(line.trimEnd()) ?? []
    if (sum !== undefined) sums.set(name ?? '', sum.toLowerCase())
  }
  return sums
}

/** A sum that a user gives. */
export function readSum(option: string, word: string): string {
  const sum = word.toLowerCase()
  if (hex.test(sum)) return sum
  throw usage(tool, `${option}: '${word}' is no SHA-512 sum`, '128 hexadecimal digits, as sha512sum prints them')
}

export function isSum(word: unknown): word is string {
  return typeof word === 'string' && hex.test(word)
}

/** Throws a ToolError `E_CHECKSUM` unless both are equal. */
export function verifySum(what: string, found: string, wanted: string, from: string): void {
  if (found === wanted) return
  throw new ToolError(tool, `${what} is not what ${from} says`, {
    code: 'E_CHECKSUM',
    why: `its SHA-512 is ${short(found)}, expected ${short(wanted)}`,
    hint: 'it is damaged, has changed or was forged: do not use it; fetch it again or from elsewhere',
  })
}

const short = (sum: string): string => `${sum.slice(0, 16)}…${sum.slice(-8)}`
