// srcon as a library: a container as steps of a plan, in the one order, with every wall unless one is opened.
//   const { stdout } = await run(plan(['id'], container({ memory: '64M' })))
import { usage } from '@srcon/kit/error'
import type { OciConfig } from '@srcon/kit/config'
import type { Step } from '@srcon/kit/step'
import type { Given } from '@srcon/kit/table'
import { newContainer } from './configure.ts'
import { readFacts } from './host.ts'
import { table } from './options.ts'
import { partsOf } from './steps.ts'

export { launch, plan, run, ToolError, type Contained, type LaunchOptions, type Plan, type RunOptions, type RunResult, type Verdict } from '@srcon/kit'
export { check, type Check } from './checks.ts'
export { sheetLines } from './facts.ts'
export { facts, type FactSheet } from './sheet.ts'

type Words = string | readonly string[]

/** The options of `srcon run`, in camelCase; `true` for those without a value. */
export interface ContainerOptions {
  readonly root?: string
  readonly memory?: string | number
  readonly swap?: string | number
  readonly cpus?: string | number
  readonly cpuWeight?: string | number
  readonly cpuset?: string
  readonly pids?: string | number
  readonly hostname?: string
  readonly mapUsers?: Words
  readonly mapGroups?: Words
  readonly loopback?: boolean
  readonly bind?: Words
  readonly rbind?: Words
  readonly tmpfs?: Words
  readonly readOnly?: boolean
  readonly mask?: Words
  readonly cgroups?: boolean | 'ro' | 'rw'
  readonly workdir?: string
  readonly drop?: Words
  readonly keep?: Words
  readonly user?: string | number
  readonly groups?: string
  readonly profile?: string
  /** `NAME=VALUE`, or `NAME` for the caller's value. */
  readonly env?: Words
  /** `500ms`, `10s`; a number is seconds. */
  readonly timeout?: string | number
  readonly share?: Words
  readonly unmask?: boolean
}

/** The steps of a container: those of `srcon run` with the same options. Throws a ToolError. */
export function container(options: ContainerOptions = {}): readonly Step[] {
  const facts = readFacts()
  return partsOf(newContainer(givenOf(options), facts), facts).flatMap(({ steps }) => steps)
}

/** The steps of an OCI config, and nothing that it does not say. Throws a ToolError for what no tool of ours does. */
export function fromConfig(config: OciConfig): readonly Step[] {
  return partsOf(config, readFacts()).flatMap(({ steps }) => steps)
}

function givenOf(options: ContainerOptions): Given[] {
  const known = table.verbs['run']?.options ?? {}
  return Object.entries(options).flatMap(([key, value]: [string, unknown]): Given[] => {
    const name = key.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)
    const row = Object.hasOwn(known, name) ? known[name] : undefined
    if (!row || name === 'verdict' || name === 'stdin') throw usage('srcon', `there is no option '${key}'`)
    if (value === undefined || value === false) return []
    const values = Array.isArray(value) ? (value as unknown[]) : [value]
    return values.map(each => {
      if (each === true ? row.takes !== 'value' : (typeof each === 'string' || typeof each === 'number') && row.takes !== 'nothing') return { name, value: each === true ? true : String(each) }
      throw usage('srcon', `${key}: ${JSON.stringify(each)} is not usable`)
    })
  })
}
