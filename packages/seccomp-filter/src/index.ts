// System-call filters as a library: steps for a plan, and the looking.
import type { Step } from '@srcon/kit/step'
import { readFacts, type FilterFacts } from './facts.ts'
import type { FilterOptions } from './profile.ts'
import { steps } from './steps.ts'

export {
  diff, disassemble, explainCall, lint, minimise, terse, type Asking, type By, type Compared, type Difference, type Explained, type Finding, type ListedInstruction, type PolicyText,
} from './analysis.ts'
export type { Named } from './subject.ts'
export { readFacts, type FilterFacts } from './facts.ts'
export { presets, type Preset } from './presets.ts'
export type { FilterOptions, OciSeccomp } from './profile.ts'
export { readFilters, show, type ReadFilters, type Standing } from './show.ts'
export { format } from './fmt.ts'
export { calls } from './table.ts'
export type { TableRow } from './addon.ts'
export type { LoadStep } from './steps.ts'

/** The steps that set no_new_privs and load a filter; none for the profile `none`.
 *  Throws a ToolError: `E_USAGE` for an unknown preset, `E_INPUT` for a policy that is refused, with its place. */
export function filter(options: FilterOptions = {}, facts: FilterFacts = readFacts()): readonly Step[] {
  return steps(options, facts)
}
