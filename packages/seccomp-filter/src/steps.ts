// From options to steps: no_new_privs first, unless it is there or was not wanted, then the filter. The
// kernel demands one of no_new_privs and CAP_SYS_ADMIN, and after `caps --drop all` only the first is
// left. See seccomp(2), PR_SET_NO_NEW_PRIVS(2const).
import type { Step } from '@srcon/kit/step'
import type { FilterFacts } from './facts.ts'
import type { FilterOptions } from './profile.ts'
import { programOf, type FilterFlag, type Program, type StepListener } from './program.ts'

export interface LoadStep extends Step {
  readonly do: 'seccomp.load'
  /** base64 of the array of `struct sock_filter`. */
  readonly program: string
  /** `uname -m`. */
  readonly arch: string
  readonly flags?: readonly FilterFlag[]
  readonly listener?: StepListener
  readonly source?: string
}

/** Pure, but for what the facts read. */
export function steps(options: FilterOptions, facts: FilterFacts, before: readonly Step[] = []): readonly Step[] {
  const made = programOf(options, facts)
  if (!made) return []
  return withNoNewPrivs(loadStep(made, facts.arch), options, before)
}

/** The step that loads a program. Pure. */
export function loadStep({ source, flags, listener, program }: Omit<Program, 'notes'>, arch: string): LoadStep {
  return { do: 'seccomp.load', source, arch, ...(flags.length > 0 ? { flags } : {}), ...(listener ? { listener } : {}), program }
}

/** With the step before it, where that is wanted and not there already. Pure. */
export function withNoNewPrivs(load: LoadStep, { noNewPrivs }: FilterOptions, before: readonly Step[]): readonly Step[] {
  const set = noNewPrivs === false || before.some(step => step.do === 'caps.no-new-privs')
  return set ? [load] : [{ do: 'caps.no-new-privs' }, load]
}
