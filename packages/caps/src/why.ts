// `caps why`: runs a command and says which capabilities it used and which it was refused, so that a
// `--keep` as short as can be is known. This process stays beside the command, and ends as it does.
import { writeFileSync } from 'node:fs'
import { endAs, plan } from '@srcon/kit'
import type { Call } from '@srcon/kit/cli'
import { selfStatus } from '@srcon/kit/host'
import type { Output } from '@srcon/kit/output'
import type { ScannedLink } from '@srcon/kit/table'
import { choose } from './why/method.ts'
import { report, reportLines } from './why/report.ts'

export async function run({ given }: ScannedLink, out: Output, call: Call): Promise<void> {
  const value = (name: string): string | undefined => { const found = given.find(each => each.name === name)?.value; return typeof found === 'string' ? found : undefined }
  const { parts, command: [first = '', ...rest] } = await call.fold()
  if (call.standard.plan !== undefined || call.standard['dry-run'] !== undefined) return await call.carry(parts, [first, ...rest])
  const file = value('output')
  const watched = await (await choose(value('method') ?? 'auto'))(plan([first, ...rest], parts.flatMap(({ steps }) => steps)))
  const found = report(watched, selfStatus().capabilities.permitted)
  if (file !== undefined) writeFileSync(file, `${JSON.stringify(found, undefined, 2)}\n`)
  const text = out.json ? `${JSON.stringify(found, undefined, 2)}\n` : reportLines(found).map(line => `${line}\n`).join('')
  if (file === undefined || out.json) process.stderr.write(text)
  endAs(watched.verdict)
}
