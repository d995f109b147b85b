// Causes that lie in the plan itself: an earlier step took away what this one needs. Between folded
// links no exec happens, so a filter or a set of capabilities is in force for all steps after it.
import type { Explanation, Failure } from './link.ts'
import type { Step } from './step.ts'

/** What mounts and namespaces ask for; a step that leaves it out of the effective set ends them. */
const NEEDED = 'CAP_SYS_ADMIN'

/** The earlier step that explains a refusal, if there is one. Steps that give up rights explain themselves. */
export function causeInPlan({ step, index, steps, code, syscall }: Failure): Explanation | undefined {
  if (!/^(?:ns|fs|run)\./.test(step.do) || !['EPERM', 'EACCES', 'ENOSYS'].includes(code)) return undefined
  const before = steps.slice(0, index)
  const filter = before.findIndex(({ do: name }) => name === 'seccomp.load')
  if (filter >= 0) {
    return { why: `step ${filter + 1} (seccomp.load) has loaded a system-call filter, and it refuses ${syscall}(2)`, fix: 'put seccomp-filter last, directly before the command' }
  }
  const user = before.findLastIndex(({ do: name }) => name === 'ns.user')
  const dropped = before.findIndex((each, at) => at > user && dropsNeeded(each))
  if (dropped < 0 || step.do === 'ns.user' || code === 'ENOSYS') return undefined
  return { why: `step ${dropped + 1} (${before[dropped]?.do}) has dropped the capabilities that this step needs`, fix: 'put caps behind what changes namespaces and mounts' }
}

function dropsNeeded(step: Step): boolean {
  if (step.do === 'caps.ids') return step['uid'] !== 0
  if (step.do !== 'caps.sets') return false
  const effective = step['effective']
  if (Array.isArray(effective)) return !effective.includes(NEEDED)
  const drop = (effective as { readonly drop?: unknown } | undefined)?.drop
  return Array.isArray(drop) && drop.includes(NEEDED)
}
