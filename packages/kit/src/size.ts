// Sizes in bytes: `64M`, `1.5G`, plain bytes; powers of 1024, as every cgroup tool reads them.
import { usage } from './error.ts'
import type { Range } from './number.ts'

const POWER = { '': 0, K: 1, M: 2, G: 3, T: 4, P: 5 } as const

/** A size in bytes. `KiB`, `KB` and lower case are accepted for the same power of 1024. */
export function parseSize(tool: string, option: string, word: string, { min = 0, max = Number.MAX_SAFE_INTEGER }: Range = {}): number {
  const [, whole = '', part = '', letter = ''] = /^(0|[1-9]\d{0,15})(?:\.(\d{1,9}))?(?:([KMGTP])(?:i?B)?|B)?$/i.exec(word) ?? []
  const unit = 1024 ** POWER[letter.toUpperCase() as keyof typeof POWER]
  const value = whole === '' ? NaN : Number(whole) * unit + Math.floor(Number(`0.${part || '0'}`) * unit)
  const plain = part !== '' && unit === 1 // Half a byte.
  if (Number.isSafeInteger(value) && !plain && value >= min && value <= max) return value
  const limit = min > 0 || max < Number.MAX_SAFE_INTEGER ? ` from ${formatSize(min)} to ${formatSize(max)}` : ''
  throw usage(tool, `${option}: '${word}' is not a size${limit}`, 'for example 64M, 1G, or bytes; powers of 1024')
}

/** `64M` for 67108864: the largest power of 1024 that leaves a number of few digits. */
export function formatSize(bytes: number): string {
  const letters = ['', 'K', 'M', 'G', 'T', 'P']
  let value = bytes
  let power = 0
  while (value >= 1024 && power < letters.length - 1) [value, power] = [value / 1024, power + 1]
  return `${Number.isInteger(value) ? value : value.toFixed(1)}${letters[power] ?? ''}`
}
