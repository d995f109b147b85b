// `caps decode`: a set as digits in names, names as digits.
import { usage } from '@srcon/kit/error'
import type { Output } from '@srcon/kit/output'
import type { ScannedLink } from '@srcon/kit/table'
import { lastCap } from '@srcon/kit/host'
import { readList } from './lists.ts'
import { fullSet, namesOf, setOf } from './names.ts'

/** A set from digits (`a80425fb`, `0x1`) or a list of names. Throws a ToolError `E_USAGE`. Pure. */
export function readSet(text: string, last: number): bigint {
  if (/^(?:0x)?[0-9a-f]+$/i.test(text)) {
    const digits = text.replace(/^0x/i, '')
    if (digits.length > 16) throw usage('caps', `decode: '${text}' has more than 64 bits`)
    return BigInt(`0x${digits}`)
  }
  const { must, may } = readList('decode', text)
  return setOf(must) | (may === 'all' ? fullSet(last) : setOf(may))
}

/** As /proc/PID/status writes it. */
export function digits(set: bigint): string {
  return set.toString(16).padStart(16, '0')
}

export async function run({ positionals: [text = ''] }: ScannedLink, out: Output): Promise<void> {
  const set = readSet(text, lastCap())
  const names = namesOf(set)
  if (out.json) return out.data({ hex: digits(set), names })
  if (/^(?:0x)?[0-9a-f]+$/i.test(text)) for (const name of names) out.line(name)
  else out.line(digits(set))
}
