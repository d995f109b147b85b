// `seccomp-filter minimise POLICY [--oci]`: the shortest policy of the same meaning that we find. What is printed is read again and proved
// equal first; where a form has no words for a part of the meaning, that is said and the exit code is 1.
import type { Output } from '@srcon/kit/output'
import type { ScannedLink } from '@srcon/kit/table'
import { minimised } from './analysis.ts'
import { optionsOf, policyWord, subjectOf } from './subject.ts'

const INEXACT = 1

export async function run(link: ScannedLink, out: Output): Promise<void> {
  const subject = subjectOf(policyWord(link, 0), optionsOf(link))
  const oci = link.given.some(({ name }) => name === 'oci')
  const { text, unsaid, rules, ways } = minimised(subject, oci)
  if (unsaid.length > 0) process.exitCode = INEXACT
  if (out.json) return out.data({ policy: subject.name, ...(oci ? { seccomp: JSON.parse(text) as unknown } : { text }), unsaid, rules: { before: rules?.[0], after: rules?.[1] }, ways })
  for (const each of unsaid) out.line(`# not said: ${each}`)
  out.line(text.trimEnd())
}
