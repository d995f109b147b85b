// From options to steps: no_new_privs first, unless it is there or was not wanted, then the filter. The
// kernel demands one of no_new_privs and CAP_SYS_ADMIN, and after `caps --drop all` only the first is
// left. See seccomp(2), PR_SET_NO_NEW_PRIVS(2const).
import type { Step } from '@srcon/kit/step'
import type { FilterFacts } from './facts.ts'
import type { FilterOptions } from './profile.ts'
import { programOf } from './program.ts'

export interface LoadStep extends Step {
  readonly do: 'seccomp.load'
  /** base64 of the array of `struct sock_filter`. */
  readonly program: string
  /** `uname -m`. */
  readonly arch: string
  readonly flags?: readonly ('log' | 'spec-allow')[]
  readonly source?: string
}

/** Pure, but for what the facts read. */
export function steps(options: FilterOptions, facts: FilterFacts, before: readonly Step[] = []): readonly Step[] {
  const made = programOf(options, facts)
  if (!made) return []
  const flags = [...(made.log ? (['log'] as const) : []), ...(made.specAllow ? (['spec-allow'] as const) : [])]
  const load: LoadStep = { do: 'seccomp.load', source: made.source, arch: facts.arch, ...(flags.length > 0 ? { flags } : {}), program: made.program }
  const set = options.noNewPrivs === false || before.some(step => step.do === 'caps.no-new-privs')
  return set ? [load] : [{ do: 'caps.no-new-privs' }, load]
}
