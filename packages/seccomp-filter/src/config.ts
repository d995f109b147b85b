// The policy as OCI says it: linux.seccomp, and process.noNewPrivileges. A policy written into a config
// is plain: what Docker's form leaves to the host is decided here. See the runtime-spec, config-linux.md.
import type { OciConfig } from '@srcon/kit/config'
import { annotate, annotation } from '@srcon/kit/config'
import type { FilterFacts } from './facts.ts'
import { presets } from './presets.ts'
import type { FilterOptions, OciSeccomp } from './profile.ts'
import { plainOf, refuseRounded } from './program.ts'

const LOG = 'SECCOMP_FILTER_FLAG_LOG'

/** Adds the policy; `none` takes it out. Pure, but for what the facts read. */
export function configure(config: OciConfig, options: FilterOptions, facts: FilterFacts): OciConfig {
  const policy = plainOf(options, facts)
  const { seccomp: _old, ...linux } = config.linux ?? {}
  if (!policy) return { ...config, linux }
  const flags = [...new Set([...(policy.flags ?? []), ...(options.log ? [LOG] : [])])]
  const seccomp: OciSeccomp = { ...policy, ...(flags.length > 0 ? { flags } : {}) }
  const process = options.noNewPrivs === false ? config.process : { ...config.process, noNewPrivileges: true }
  const made: OciConfig = { ...config, ...(process ? { process } : {}), linux: { ...linux, seccomp } }
  return options.widths === 'register' ? annotate(made, 'seccomp-filter', 'widths', 'register') : made
}

/** The options that a config stands for; undefined where it has no policy. Throws a ToolError `E_INPUT` for
 *  one that cannot be read exactly. Pure. */
export function fromConfig(config: OciConfig): FilterOptions | undefined {
  const seccomp = config.linux?.seccomp as OciSeccomp | null | undefined
  if (!seccomp) return undefined
  refuseRounded(seccomp, 'linux.seccomp')
  const noNewPrivs = config.process?.noNewPrivileges === true
  const widths = annotation(config, 'seccomp-filter', 'widths') === 'register' ? { widths: 'register' as const } : {}
  const { flags, ...plain } = seccomp
  const text = JSON.stringify(plain)
  const name = Object.keys(presets).find(preset => JSON.stringify(presets[preset]?.oci) === text)
  const simple = !flags || flags.every(flag => flag === LOG)
  if (name === undefined || !simple) return { policy: seccomp, noNewPrivs, ...widths }
  return { profile: name, ...(flags && flags.length > 0 ? { log: true } : {}), noNewPrivs, ...widths }
}
