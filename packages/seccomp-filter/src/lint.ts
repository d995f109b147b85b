// `seccomp-filter lint POLICY`: what works otherwise than its author may think. Ends with 1 if there is a finding of severity error.
import type { Output } from '@srcon/kit/output'
import type { ScannedLink } from '@srcon/kit/table'
import { lint } from './analysis.ts'
import { optionsOf, placeOf, policyWord } from './subject.ts'

const ERRORS = 1

export async function run(link: ScannedLink, out: Output): Promise<void> {
  const policy = policyWord(link, 0)
  const findings = lint(policy, optionsOf(link))
  if (findings.some(({ severity }) => severity === 'error')) process.exitCode = ERRORS
  if (out.json) return out.data({ policy, findings })
  for (const { id, severity, line, file, why, fix } of findings) {
    out.line(`${placeOf(file ?? policy, line)}: ${severity}: ${why} [${id}]`)
    out.line(`  fix: ${fix}`)
  }
  if (findings.length === 0) out.line(`${policy}: nothing found`)
}
