// Strict numbers from words: what an option gets is exactly digits, or an error that names the option.
// Number('') is 0, Number('0x10') is 16, parseInt('5x') is 5: none of that may become a limit.
import { usage } from './error.ts'

export interface Range {
  readonly min?: number
  readonly max?: number
}

/** Largest uid or gid; 2^32-1 means "no change" to the kernel. */
const MAX_ID = 2 ** 32 - 2

/** A whole number in decimal digits. `option` is named in the error: `--pids`. */
export function parseCount(tool: string, option: string, word: string, { min = 0, max = Number.MAX_SAFE_INTEGER }: Range = {}): number {
  const value = /^(?:0|[1-9]\d{0,15})$/.test(word) ? Number(word) : NaN
  if (Number.isSafeInteger(value) && value >= min && value <= max) return value
  throw usage(tool, `${option}: '${word}' is not a whole number ${range(min, max)}`)
}

/** A user or group id: 0 to 2^32-2. */
export function parseId(tool: string, option: string, word: string): number {
  return parseCount(tool, option, word, { max: MAX_ID })
}

/** A process id. */
export function parsePid(tool: string, option: string, word: string): number {
  return parseCount(tool, option, word, { min: 1, max: 2 ** 22 })
}

/** A number with at most nine digits after the point, `0.5`, as a multiple of 1/`unit`: exact for `unit` up to 1e9. */
export function parseDecimal(tool: string, option: string, word: string, unit: number, { min = 0, max = Number.MAX_SAFE_INTEGER }: Range = {}): number {
  const [, whole = '', part = ''] = /^(0|[1-9]\d{0,9})(?:\.(\d{1,9}))?$/.exec(word) ?? []
  const value = whole === '' ? NaN : Number(whole) * unit + Math.round((Number(part.padEnd(9, '0')) * unit) / 1e9)
  if (Number.isSafeInteger(value) && value >= min && value <= max) return value
  throw usage(tool, `${option}: '${word}' is not a number ${range(min / unit, max / unit)}`)
}

const USEC = { us: 1, ms: 1000, s: 1_000_000, m: 60_000_000, h: 3_600_000_000, d: 86_400_000_000 } as const

/** A duration, `1.5s`, `200ms`, `2m`; a plain number is seconds. In microseconds. */
export function parseDuration(tool: string, option: string, word: string, { min = 0, max = Number.MAX_SAFE_INTEGER }: Range = {}): number {
  const [, number = '', unit = 's'] = /^([\d.]+)(us|ms|s|m|h|d)?$/.exec(word) ?? []
  if (number === '') throw usage(tool, `${option}: '${word}' is not a duration`, 'for example 500ms, 10s, 2m')
  return parseDecimal(tool, option, number, USEC[unit as keyof typeof USEC], { min, max })
}

function range(min: number, max: number): string {
  return max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`
}
