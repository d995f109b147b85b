// What the kernel will not mount afresh in the namespaces that the plan has made so far, and what is shown
// instead. A user namespace may mount sysfs only for a network namespace that it owns, and cgroup2 only
// for a cgroup namespace that it owns. See user_namespaces(7).
import { ToolError } from '@srcon/kit/error'
import type { Step } from '@srcon/kit/step'
import type { ChrootFacts } from './facts.ts'
import type { BindMount, Mount, NewMount } from './root-options.ts'

/** The mount as it can be had: itself, or the present tree shown there. Throws a ToolError `E_HOST` where there is none. */
export function asPossible(mount: Mount, facts: ChrootFacts, before: readonly Step[]): Mount {
  if (mount.type === 'sysfs') return mayMount('net', facts, before) ? mount : present(mount, '/sys')
  if (mount.type === 'cgroup') return cgroupTree(mount, facts, before)
  if (mount.type === 'devpts') return withMappedGroup(mount, facts, before)
  return mount
}

/** Version 2 shows only the groups of a cgroup namespace, if there is one; else the present tree, slave: taking the copy down must not take the host's down. */
function cgroupTree(mount: NewMount, facts: ChrootFacts, before: readonly Step[]): Mount {
  if (facts.cgroup === undefined) throw noCgroups()
  const own = facts.cgroup === 2 && lastOf('cgroup', before) >= 0 && mayMount('cgroup', facts, before)
  return own ? { ...mount, type: 'cgroup2' } : { ...present(mount, '/sys/fs/cgroup'), slave: true }
}

/** The attributes hold for all that is mounted below: it is the host's. */
function present({ target, attributes }: NewMount, source: string): BindMount {
  return { type: 'bind', source, target, recursive: true, attributes: [], recursiveAttributes: attributes }
}

const lastUser = (before: readonly Step[]): number => before.findLastIndex(step => step.do === 'ns.user')
const lastOf = (type: string, before: readonly Step[]): number => before.findLastIndex(step => step.do === 'ns.new' && (step['types'] as readonly string[]).includes(type))

/** Whether the namespace of this type belongs to the user namespace that is in force by then. */
function mayMount(type: 'net' | 'cgroup', { nested }: ChrootFacts, before: readonly Step[]): boolean {
  const user = lastUser(before)
  return user < 0 && !nested ? true : lastOf(type, before) > user
}

/** `runc spec` gives terminals to group 5, which a user namespace of one id does not have: then the opener's group has them. */
function withMappedGroup(mount: NewMount, facts: ChrootFacts, before: readonly Step[]): NewMount {
  const { gid, ...options } = mount.options
  if (gid === undefined || isMapped(Number(gid), facts, before)) return mount
  return { ...mount, options }
}

function isMapped(gid: number, facts: ChrootFacts, before: readonly Step[]): boolean {
  const user = before[lastUser(before)]
  const map = user ? ((user['gidMap'] ?? []) as ChrootFacts['gidMap']) : facts.gidMap
  return map.some(({ inside, count }) => gid >= inside && gid < inside + count)
}

function noCgroups(): ToolError {
  return new ToolError('chroot-fs', 'cannot show the cgroup tree', { code: 'E_HOST', path: '/sys/fs/cgroup', why: 'no cgroup hierarchy is mounted on /sys/fs/cgroup', hint: 'as root: mount -t cgroup2 none /sys/fs/cgroup, or leave --cgroups out' })
}
