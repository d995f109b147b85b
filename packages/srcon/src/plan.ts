// `srcon plan`: the plan of a container, to be kept and started later by srcon-launch, without Node.
import type { Call } from '@srcon/kit/cli'
import type { Output } from '@srcon/kit/output'
import type { ScannedLink } from '@srcon/kit/table'
import { wantedConfig } from './source.ts'
import { partsOf } from './steps.ts'

export async function run(link: ScannedLink, _out: Output, call: Call): Promise<void> {
  const { config, facts } = await wantedConfig(link, call)
  const words = call.command === undefined ? config.process?.args : undefined
  await call.carry(partsOf(config, facts), words, { plan: call.standard['dry-run'] === undefined })
}
