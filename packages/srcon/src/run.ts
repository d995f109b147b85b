// `srcon run`: one container. Without --verdict this process becomes its command, as every chain does.
import { closeSync, openSync } from 'node:fs'
import type { Call } from '@srcon/kit/cli'
import type { OciConfig } from '@srcon/kit/config'
import { usage } from '@srcon/kit/error'
import type { Output } from '@srcon/kit/output'
import type { ScannedLink } from '@srcon/kit/table'
import { valueOf } from './configure.ts'
import { wantedConfig } from './source.ts'
import { partsOf } from './steps.ts'

export async function run(link: ScannedLink, _out: Output, call: Call): Promise<void> {
  const { config, facts, tookStdin } = await wantedConfig(link, call)
  const why = link.given.some(({ name }) => name === 'why') ? (await import('./why.ts')).watchPolicy(facts) : undefined
  const parts = partsOf(config, facts, why?.steps)
  const command = commandOf(config, call)
  if (call.standard.plan !== undefined || call.standard['dry-run'] !== undefined) return await call.carry(parts, command)
  const file = valueOf(link.given, 'verdict')
  const stdin = valueOf(link.given, 'stdin') ?? (tookStdin ? 'tty' : 'inherit')
  if (stdin !== 'inherit') replaceStdin(stdin === 'tty')
  if (file === undefined && !why) return await call.carry(parts, command)
  const { runWithVerdict } = await import('./verdict.ts')
  await runWithVerdict(file, parts, command ?? call.argv(), why)
}

/** The words of the config, where the command line has none; undefined: those of the command line. */
export function commandOf({ process }: OciConfig, { command }: Call): readonly string[] | undefined {
  if (command !== undefined) {
    if (command.length > 0) return undefined
    throw usage('srcon', 'no command follows --', 'srcon run … -- COMMAND')
  }
  const args = process?.args ?? []
  if (args.length === 0) throw usage('srcon', 'no command is given', 'srcon run … -- COMMAND')
  return args
}

/** The lowest free number is 0, once it is closed. */
function replaceStdin(terminal: boolean): void {
  closeSync(0)
  try {
    openSync(terminal ? '/dev/tty' : '/dev/null', 'r')
  } catch {
    openSync('/dev/null', 'r') // No terminal belongs to this session.
  }
}
