// `srcon doctor`: the checks for people and programs. Exit code 0: all well; 1: something is not.
import type { Output } from '@srcon/kit/output'
import type { ScannedLink } from '@srcon/kit/table'
import { check } from './checks.ts'

export async function run(_link: ScannedLink, out: Output): Promise<void> {
  const checks = await check()
  process.exitCode = checks.every(({ ok }) => ok) ? 0 : 1
  if (out.json) return out.data(checks)
  const width = Math.max(...checks.map(({ name }) => name.length))
  for (const { name, ok, found, means, fix } of checks) {
    out.line(`${ok ? 'ok ' : 'NOT'} ${name.padEnd(width)}  ${found}`)
    if (means) out.line(`      means: ${means}`)
    if (fix) out.line(`      fix: ${fix}`)
  }
}
