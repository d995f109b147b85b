// From a config to steps, in the one order: limits, namespaces, root, capabilities, no_new_privs, system-call
// policy. A config has no order; this is runc's. Pure. See docs/plan.md.
import { overlayFor } from '@srcon/chroot-fs'
import { annotation, type OciConfig } from '@srcon/kit/config'
import { ToolError } from '@srcon/kit/error'
import type { AnyLink } from '@srcon/kit/link'
import type { Part } from '@srcon/kit/cli'
import type { Step } from '@srcon/kit/step'
import { environmentStep } from './environment.ts'
import { mayMap } from './ids.ts'
import { refuseUnknown } from './refuse.ts'
import { caps, cgroup, fs, ns, seccomp, type Facts } from './tools.ts'

/** Makes the steps of the system-call policy. */
export type FilterSteps = (policy: NonNullable<ReturnType<typeof seccomp.fromConfig>>, before: readonly Step[]) => readonly Step[]

/** The steps of a config, with the tool that each is of. Throws a ToolError for what no tool of ours does. */
export function partsOf(config: OciConfig, facts: Facts, filterSteps: FilterSteps = (policy, before) => seccomp.steps(policy, facts.seccomp(), before)): Part[] {
  refuseUnknown(config)
  const parts: Part[] = [{ link: undefined, steps: ownSteps(config) }]
  const add = (link: AnyLink | undefined, make: (before: readonly Step[]) => readonly Step[]): void => void parts.push({ link, steps: make(parts.flatMap(({ steps }) => steps)) })
  const limits = cgroup.fromConfig(config)
  if (limits) add(cgroup, () => cgroup.steps(limits, facts.cgroup(), []))
  const namespaces = ns.fromConfig(config)
  const root = reachable(fs.fromConfig(config), namespaces?.mapUsers !== undefined, facts)
  add(undefined, () => root.enter)
  if (namespaces) add(ns, before => ns.steps(namespaces, facts.ns(), before))
  const { options } = root
  // Named by `.`, it has its lock already.
  const lockOf = root.enter.length > 0 ? undefined : facts.fs().lockOf
  if (options) add(fs, before => fs.steps(options, { ...facts.fs(), lockOf }, before))
  const privileges = caps.fromConfig(config)
  const policy = seccomp.fromConfig(config)
  const last: (() => void)[] = []
  if (privileges) last.push(() => add(caps, before => caps.steps(privileges, facts.caps(), before)))
  if (policy) last.push(() => add(seccomp, before => filterSteps(policy, before)))
  // Without no_new_privs a filter needs CAP_SYS_ADMIN, which goes with the capabilities.
  if (policy?.noNewPrivs === false) last.reverse()
  for (const each of last) each()
  return parts.filter(({ steps }) => steps.length > 0)
}

type RootOptions = NonNullable<ReturnType<typeof fs.fromConfig>>

/** A root whose parents only the caller may search (/root is 0700) is entered before the ids change, and named by `.` then. */
function reachable(options: RootOptions | undefined, mapped: boolean, facts: Facts): { readonly options: RootOptions | undefined; readonly enter: readonly Step[] } {
  const path = options?.root
  if (!options || path === undefined || path === '/' || !mapped || !mayMap(facts.ns())) return { options, enter: [] }
  // Beside `.` no lock would be found.
  const lock = facts.fs().lockOf?.(path)
  const overlay = overlayFor(options, lock)
  return { options: { ...options, root: '.', ...(overlay === undefined ? {} : { overlay }) }, enter: [...(lock === undefined ? [] : [{ do: 'fs.hold', path: lock }]), { do: 'run.cwd', path }] }
}

interface Rlimit {
  readonly type: string
  readonly soft: number
  readonly hard: number
}

/** What the launcher does by itself. */
function ownSteps(config: OciConfig): Step[] {
  const { env = ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'] } = config.process ?? {}
  const limit = annotation(config, 'srcon', 'timeout-ms')
  if (limit !== undefined && !(typeof limit === 'number' && Number.isSafeInteger(limit) && limit > 0)) throw new ToolError('srcon', 'the annotation dev.srcon.srcon.timeout-ms is no number of milliseconds', { code: 'E_INPUT' })
  const rlimits = (config.process?.['rlimits'] ?? []) as readonly Rlimit[]
  return [
    ...rlimits.map(({ type, soft, hard }) => ({ do: 'run.rlimit', resource: type.replace(/^RLIMIT_/, '').toLowerCase(), soft, hard })),
    environmentStep(env),
    ...(limit === undefined ? [] : [{ do: 'run.time-limit', wallMs: limit }]),
  ]
}
