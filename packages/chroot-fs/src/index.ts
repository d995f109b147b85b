// Roots as a library: steps for a plan, the mounts of a process, and the standard lists.
import type { Step } from '@srcon/kit/step'
import { readFacts, type ChrootFacts } from './facts.ts'
import { checkRoot, type RootOptions } from './read.ts'
import { steps } from './steps.ts'

export { readFacts, type ChrootFacts } from './facts.ts'
export { hostRoot } from './host-root.ts'
export type { RootOptions } from './read.ts'
export type { Attribute, BindMount, ChrootOptions, FileSystem, Mount, NewMount } from './root-options.ts'
export { overlayFor } from './steps.ts'
export { show, type MountRow } from './show.ts'
export { DEFAULT_MASKED_PATHS, DEFAULT_READ_ONLY_PATHS } from './standard-mounts.ts'

/** The steps that give a command another root; `path` undefined: the present tree. `before`: the steps that come before
 *  these in the plan, since some mounts depend on the namespaces made there. Throws a ToolError `E_USAGE` that names the option. */
export function root(path: string | undefined, options: RootOptions = {}, facts: ChrootFacts = readFacts(), before: readonly Step[] = []): readonly Step[] {
  return steps(checkRoot(path, options), facts, before)
}
