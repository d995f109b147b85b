// `seccomp-filter run -- COMMAND`: as without a verb; with --why this process stays beside the command and says which calls
// were refused, and by which line of the policy.
import type { Call, Part } from '@srcon/kit/cli'
import { usage } from '@srcon/kit/error'
import type { Output } from '@srcon/kit/output'
import type { ScannedLink } from '@srcon/kit/table'
import { readFacts } from './facts.ts'
import { link as own } from './link.ts'
import { read } from './profile.ts'
import { steps } from './steps.ts'

export async function run(link: ScannedLink, out: Output, call: Call): Promise<void> {
  const options = read(link)
  const facts = readFacts()
  const why = link.given.some(({ name }) => name === 'why')
  const file = link.given.find(({ name }) => name === 'report')?.value
  if (!why && file !== undefined) throw usage('seccomp-filter', '--report is for --why', 'add --why')
  if (!why) {
    const { parts, command } = await call.fold([{ link: own, steps: steps(options, facts) }])
    return await call.carry(parts, command)
  }
  const { watch, endAsWatched } = await import('./why.ts')
  const watched = watch(options, facts, { json: out.json, ...(typeof file === 'string' ? { file } : {}) })
  const first: Part = { link: own, steps: watched.steps }
  const { parts, command } = await call.fold([first])
  if (call.standard.plan !== undefined || call.standard['dry-run'] !== undefined) return await call.carry(parts, command)
  endAsWatched(await watched.run(parts, command))
}
