// The library of ns-unshare: steps for a plan, and the looking.
import type { Step } from '@srcon/kit/step'
import { readFacts, type NamespaceFacts } from './facts.ts'
import { checkOptions, type NamespaceOptions } from './request.ts'
import { steps } from './steps.ts'

export { readFacts, type NamespaceFacts, type SubIds } from './facts.ts'
export { listNamespaces, type Namespace } from './list.ts'
export type { IdMap, MapRequest, NamespaceOptions, Propagation } from './request.ts'
export { show, type ShownNamespaces } from './show.ts'

/**
 * Steps that put a process into new namespaces. `before`: the steps of the same plan that come first;
 * needed only for a second user namespace. Throws a ToolError for what cannot work.
 */
export function namespaces(options: NamespaceOptions, facts: NamespaceFacts = readFacts(), before: readonly Step[] = []): readonly Step[] {
  checkOptions(options)
  return steps(options, facts, before)
}
