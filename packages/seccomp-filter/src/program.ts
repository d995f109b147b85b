// From a policy, however it is given, to a program: a preset's is at hand, anything else is compiled.
import { ToolError, usage } from '@srcon/kit/error'
import type { Compiled, Context, Remark } from './addon.ts'
import type { FilterFacts } from './facts.ts'
import { presets } from './presets.ts'
import { DOCKER_CAPS, isFile, type FilterOptions, type OciSeccomp } from './profile.ts'

/** A policy as text, with the name that errors and plans give it. */
export interface Source {
  readonly name: string
  /** JSON, or the terse form; a preset in its OCI form. Empty for a raw program. */
  readonly text: string
  /** As it was read; absent for a preset, whose own text the compiler has. */
  readonly bytes?: Buffer
}

export type FilterFlag = 'log' | 'spec-allow' | 'wait-killable'

/** Who answers the calls that a filter has notified: see plan.schema.json. */
export type StepListener = { readonly path: string; readonly metadata?: string } | { readonly descriptor: number }

export interface Program {
  /** base64 of the array of `struct sock_filter`. */
  readonly program: string
  readonly flags: readonly FilterFlag[]
  readonly listener?: StepListener
  readonly source: string
  readonly notes: readonly Remark[]
}

/** The program that the options ask for; undefined for `none`. Throws a ToolError. */
export function programOf(options: FilterOptions, facts: FilterFacts): Program | undefined {
  const name = presetName(options)
  if (name === 'none') return undefined
  const program = name === undefined ? undefined : presets[name]?.programs[facts.arch]
  const log = options.log ?? false
  // Presets compare masked arguments only, so that both widths come to the same program.
  if (name !== undefined && program !== undefined) return { program, flags: log ? ['log'] : [], source: name, notes: [] }
  const source = sourceOf(options, facts)
  const compiled = compileSource(source, options, facts)
  const flags: FilterFlag[] = [...(log || compiled.log ? (['log'] as const) : []), ...(compiled.specAllow ? (['spec-allow'] as const) : [])]
  const rest = { program: compiled.program.toString('base64'), source: source.name, notes: compiled.notes }
  const { listener: path, listenerMetadata: metadata } = compiled
  if (path === undefined) return { ...rest, flags }
  return { ...rest, flags: compiled.waitKillable ? [...flags, 'wait-killable'] : flags, listener: { path, ...(metadata === undefined ? {} : { metadata }) } }
}

/** Throws a ToolError `E_INPUT` that names the place. */
export function compileSource(source: Source, options: FilterOptions, facts: FilterFacts, asking = false): Compiled & { readonly program: Buffer } {
  const compiled = facts.compile(source.bytes, source.name, { ...contextOf(options, facts), ...(asking ? { asking } : {}) })
  if (compiled.program) return { ...compiled, program: compiled.program }
  throw refused(source.name, compiled.error)
}

/** The policy as a plain `linux.seccomp` object; undefined for `none`. Throws a ToolError. */
export function plainOf(options: FilterOptions, facts: FilterFacts): OciSeccomp | undefined {
  const name = presetName(options)
  if (name === 'none') return undefined
  // The OCI form of a preset is a PC's and Arm's; arguments of clone have other places on s390x.
  if (name !== undefined && Object.hasOwn(presets[name]?.programs ?? {}, facts.arch)) return presets[name]?.oci
  if (options.policy) return options.policy
  const source = sourceOf(options, facts)
  const { text, error } = facts.plain(source.bytes, source.name, contextOf(options, facts))
  if (text === undefined) throw refused(source.name, error)
  const policy = JSON.parse(text) as OciSeccomp
  refuseRounded(policy, source.name)
  return policy
}

/** JavaScript holds integers up to 2^53; a rounded mask would be another policy. */
export function refuseRounded(value: unknown, name: string): void {
  if (typeof value === 'number' && !Number.isSafeInteger(value)) {
    throw new ToolError('seccomp-filter', `${name}: an argument's value is larger than 2^53`, {
      code: 'E_INPUT', why: 'in a config that passes through JavaScript it would be rounded', hint: 'give the profile as a file to the chain: seccomp-filter --profile FILE -- COMMAND',
    })
  }
  if (typeof value === 'object' && value !== null) for (const each of Object.values(value)) refuseRounded(each, name)
}

/** The preset that the options mean; undefined: a file or a policy. */
function presetName({ profile, policy }: FilterOptions): string | undefined {
  if (policy) {
    if (profile !== undefined) throw usage('seccomp-filter', 'profile and policy exclude each other')
    return undefined
  }
  const name = profile ?? 'default'
  if (isFile(name)) return undefined
  if (name === 'none' || Object.hasOwn(presets, name)) return name
  throw usage('seccomp-filter', `--profile: there is no preset '${name}'`, `one of ${Object.keys(presets).join(', ')}, none; a file is written with a slash: ./${name}`)
}

/** The text of a policy. Throws a ToolError. */
export function sourceOf(options: FilterOptions, facts: FilterFacts): Source {
  if (options.policy) {
    refuseRounded(options.policy, 'linux.seccomp')
    const text = JSON.stringify(options.policy)
    return { name: 'linux.seccomp', text, bytes: Buffer.from(text) }
  }
  const name = presetName(options)
  if (name === 'none') throw usage('seccomp-filter', "the profile 'none' is no policy", `one of ${Object.keys(presets).join(', ')}, or a file`)
  if (name !== undefined) return { name, text: JSON.stringify(presets[name]?.oci) }
  const path = options.profile ?? ''
  const read = facts.readProfile(path)
  const bytes = typeof read === 'string' ? Buffer.from(read) : read
  return { name: path, text: path.endsWith('.bpf') ? '' : bytes.toString(), bytes }
}

/** What the policy's meaning depends on. */
export function contextOf({ caps = DOCKER_CAPS, widths, arch }: FilterOptions, { arch: here, kernel: [major, minor] }: FilterFacts): Context {
  return { arch: arch ?? here, caps: [...caps], major, minor, registers: widths === 'register' }
}

/** A refusal of the compiler as an error with its place. */
export function refused(name: string, error: Remark | undefined): ToolError {
  const { line = 0, column = 0, message = 'it is refused' } = error ?? {}
  const place = [name, ...(line > 0 ? [line] : []), ...(column > 0 ? [column] : [])].join(':')
  return new ToolError('seccomp-filter', `${place}: ${message}`, { code: 'E_INPUT', path: name })
}
