// `seccomp-filter diff A B`: compares by meaning, with a call for each difference that shows it. Ends with 0 if they are proved
// equal, with 1 if they differ, as diff(1). People see calls that differ alike together; --json has each by itself.
import type { Output } from '@srcon/kit/output'
import type { ScannedLink } from '@srcon/kit/table'
import { diff, type By, type Difference } from './analysis.ts'
import { reason } from './explain-call.ts'
import { optionsOf, policyWord } from './subject.ts'

const DIFFERENT = 1
/** Every number. */
const LAST = 0xffff_ffff

export async function run(link: ScannedLink, out: Output): Promise<void> {
  const [a, b] = [policyWord(link, 0), policyWord(link, 1)]
  const compared = diff(a, b, optionsOf(link))
  if (!compared.equal) process.exitCode = DIFFERENT
  if (out.json) return out.data({ policies: [a, b], ...compared })
  if (compared.equal) return out.line('equal: proved for every architecture, number and argument')
  for (const alike of together(compared.differences)) for (const line of lines(alike, a, b)) out.line(line)
  out.line(`${compared.unlike} of ${compared.alike + compared.unlike} calls differ`)
}

/** Differences of one way in that are the same but for the call. */
export function together(differences: readonly Difference[]): readonly (readonly Difference[])[] {
  const groups = new Map<string, Difference[]>()
  const side = ({ verdict, because, line }: By): string => [verdict, because, line].join()
  for (const each of differences) {
    const key = [each.arch, each.when ?? '?', side(each.a), side(each.b)].join('\0')
    const group = groups.get(key)
    if (group) group.push(each)
    else groups.set(key, [each])
  }
  return [...groups.values()]
}

function lines(alike: readonly Difference[], nameA: string, nameB: string): string[] {
  const [first] = alike
  if (!first) return []
  const { arch, when, witness, a, b } = first
  const condition = when === undefined ? ' for some arguments' : when === '' ? '' : `(${when})`
  const said = (name: string, by: By): string => `${by.verdict}  ${alike.length > 1 && by.because === 'rule' ? `${name}:${by.line}` : reason(name, by)}`
  return [
    `${arch} ${alike.map(called).join(' ')}${condition}`,
    `  ${nameA}: ${said(nameA, a)}`,
    `  ${nameB}: ${said(nameB, b)}`,
    `  witness: ${witness.call}`,
  ]
}

function called({ call, numbers: [first, last] }: Difference): string {
  if (call !== null) return call
  if (first === 0 && last === LAST) return 'every call'
  return first === last ? `number ${first}` : `numbers ${first} to ${last}`
}
