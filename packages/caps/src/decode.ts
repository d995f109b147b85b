// `caps decode`: every text form of capabilities in every other: digits, names, clauses, IAB, and the
// lines of /proc/PID/status. See cap_text_formats(7).
import { lastCap } from '@srcon/kit/host'
import type { Output } from '@srcon/kit/output'
import type { ScannedLink } from '@srcon/kit/table'
import { readList } from './lists.ts'
import { fullSet, namesOf, setOf, without } from './names.ts'
import { sayNames } from './say.ts'
import { digits } from './tasks.ts'
import { formatClauses, formatIab, parseClauses, parseHex, parseIab } from './text/index.ts'

/** What a text says. */
export type Decoded =
  /** One set. `from`: which form the text had. `of`: the line of /proc/PID/status. */
  | { readonly form: 'hex' | 'names' | 'status'; readonly of?: string; readonly set: bigint }
  /** Three sets of a process or file: `cap_net_raw=ep`. */
  | { readonly form: 'clauses'; readonly effective: bigint; readonly permitted: bigint; readonly inheritable: bigint }
  /** What an exec can hand on: `!cap_chown,^cap_kill`. */
  | { readonly form: 'iab'; readonly inheritable: bigint; readonly ambient: bigint; readonly blocked: bigint }

const STATUS = /^(Cap(?:Inh|Prm|Eff|Bnd|Amb)):\s*([0-9a-f]{1,16})$/i

/** Reads a text of any form. `last`: the highest capability of the kernel. Throws a ToolError. Pure. */
export function decode(text: string, last: number): Decoded {
  const line = STATUS.exec(text.trim())
  if (line) return { form: 'status', of: line[1] ?? '', set: parseHex(line[2] ?? '') }
  if (/^(?:0x)?[0-9a-f]+$/i.test(text)) return { form: 'hex', set: parseHex(text) }
  if (/[!^%]/.test(text)) return { form: 'iab', ...parseIab(text) }
  if (/[=+-]/.test(text)) return { form: 'clauses', ...parseClauses(text, last) }
  const { must, may } = readList('decode', text)
  return { form: 'names', set: setOf(must) | (may === 'all' ? fullSet(last) : setOf(may)) }
}

/** The same in every form that can say it, for --json. Pure. */
export function forms(decoded: Decoded, last: number): Readonly<Record<string, unknown>> {
  const one = (set: bigint) => ({ hex: digits(set), names: namesOf(set) })
  if (decoded.form === 'clauses') {
    const { form, ...sets } = decoded
    return { form, clauses: formatClauses(sets, last), effective: one(sets.effective), permitted: one(sets.permitted), inheritable: one(sets.inheritable) }
  }
  if (decoded.form === 'iab') {
    const { form, ...iab } = decoded
    return { form, iab: formatIab(iab), inheritable: one(iab.inheritable), ambient: one(iab.ambient), blocked: one(iab.blocked), bounding: one(without(fullSet(last), iab.blocked)) }
  }
  const { form, of, set } = decoded
  return { form, ...(of === undefined ? {} : { of }), ...one(set), clauses: formatClauses({ effective: set, permitted: set, inheritable: 0n }, last), iab: formatIab({ inheritable: set, ambient: 0n, blocked: 0n }) }
}

/** For people: digits become names, names become digits, texts become sets. Pure. */
export function lines(decoded: Decoded, last: number): string[] {
  const said = (label: string, set: bigint): string => `${label.padEnd(12)}${digits(set)}  ${sayNames(namesOf(set), last)}`
  if (decoded.form === 'clauses') return [said('effective', decoded.effective), said('permitted', decoded.permitted), said('inheritable', decoded.inheritable)]
  if (decoded.form === 'iab') return [said('inheritable', decoded.inheritable), said('ambient', decoded.ambient), said('bounding', without(fullSet(last), decoded.blocked))]
  return decoded.form === 'names' ? [digits(decoded.set)] : namesOf(decoded.set)
}

export async function run({ positionals }: ScannedLink, out: Output): Promise<void> {
  const decoded = decode(positionals.join(' '), lastCap())
  if (out.json) return out.data(forms(decoded, lastCap()))
  for (const line of lines(decoded, lastCap())) out.line(line)
}
