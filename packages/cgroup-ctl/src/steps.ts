// From limits to the step. Everything that depends on the host is in the facts: which hierarchy has a
// controller, which group may be the parent. See docs/plan.md.
import { ToolError } from '@srcon/kit/error'
import type { Step } from '@srcon/kit/step'
import type { CgroupFacts } from './facts.ts'
import { wanted, writesFor, type Write } from './files.ts'
import { hierarchyOf, type Hierarchy } from './layout.ts'
import type { Limits } from './limits.ts'

/** A group in one hierarchy, as the step holds it. */
export interface Group {
  readonly version: 1 | 2
  readonly controllers: readonly string[]
  readonly mount: string
  readonly parent: string
  readonly write: readonly Write[]
}
export interface JoinStep extends Step {
  readonly do: 'cgroup.join'
  readonly name?: string
  readonly groups: readonly Group[]
}

/** One step: one group in each hierarchy that the limits need. Pure. */
export function steps(limits: Limits, facts: CgroupFacts): readonly [JoinStep] {
  return [{ do: 'cgroup.join', groups: groupsFor(limits, facts) }]
}

export function groupsFor(limits: Limits, facts: CgroupFacts): Group[] {
  const entries = wanted(limits).map(controller => {
    const hierarchy = hierarchyOf(facts.hierarchies, controller) ?? missing(controller)
    return { controller, hierarchy, write: writesFor(controller, hierarchy.version, limits, facts.swap) }
  })
  const all = [...entries, ...counting(entries, facts), ...unified(limits, facts)]
  // In the order of the controllers, not of the host's mounts: so that a plan reads the same everywhere.
  return [...new Set(all.map(({ hierarchy }) => hierarchy))].map(hierarchy => {
    const mine = all.filter(entry => entry.hierarchy === hierarchy)
    const controllers = [...new Set(mine.map(({ controller }) => controller))]
    const { version, mount } = hierarchy
    return { version, controllers, mount, parent: parentFor(hierarchy, controllers, facts), write: lastOfEach(mine.flatMap(({ write }) => write)) }
  })
}

interface Entry {
  readonly controller: string
  readonly hierarchy: Hierarchy
  readonly write: readonly Write[]
}

/** v1 counts CPU time with a controller of its own, v2 always. */
function counting(entries: readonly Entry[], { hierarchies }: CgroupFacts): Entry[] {
  const limited = entries.some(({ controller, hierarchy }) => controller === 'cpu' && hierarchy.version === 1)
  const hierarchy = limited ? hierarchyOf(hierarchies, 'cpuacct') : undefined
  return hierarchy?.own === undefined ? [] : [{ controller: 'cpuacct', hierarchy, write: [] }]
}

function unified({ unified: files = {} }: Limits, { hierarchies }: CgroupFacts): Entry[] {
  return Object.entries(files).map(([file, value]) => {
    const controller = file.split('.')[0] ?? file
    const hierarchy = hierarchyOf(hierarchies, controller) ?? missing(controller)
    if (hierarchy.version === 2) return { controller, hierarchy, write: [{ file, value }] }
    throw new ToolError('cgroup-ctl', `cannot set ${file}`, { code: 'E_HOST', why: `${controller} is on cgroup v1 here, and ${file} is a file of v2`, hint: 'leave it out of linux.resources.unified' })
  })
}

/** As OCI has it: a file of `unified` comes after what the other fields say. */
function lastOfEach(writes: readonly Write[]): Write[] {
  return [...new Map(writes.map(write => [write.file, write])).values()]
}

/** The group below which ours is made: the caller's own; on v2, where that cannot enable controllers,
 *  the nearest above it that can. If none can, its own: the kernel's refusal is then explained. */
export function parentFor(hierarchy: Hierarchy, controllers: readonly string[], { candidates }: CgroupFacts): string {
  const { version, own, mount } = hierarchy
  if (own === undefined) {
    throw new ToolError('cgroup-ctl', `cannot find our own group below ${mount}`, {
      code: 'E_HOST', path: mount, why: 'only another part of the tree is mounted there', hint: 'mount the hierarchy in this cgroup namespace, or enter one',
    })
  }
  if (version === 1) return own
  const usable = candidates.find(each => {
    const enabled = controllers.every(name => each.enabled.includes(name))
    const canEnable = each.top || (!each.processes && !each.threaded)
    return each.writable && controllers.every(name => each.controllers.includes(name)) && (enabled || canEnable)
  })
  return usable?.path ?? own
}

function missing(controller: string): never {
  throw new ToolError('cgroup-ctl', `no hierarchy has the ${controller} controller`, {
    code: 'E_HOST', why: 'it is neither mounted as cgroup v1 nor offered by cgroup v2 here', hint: `look at /proc/cgroups and cgroup.controllers; the kernel may have been booted with cgroup_disable=${controller}`,
  })
}
