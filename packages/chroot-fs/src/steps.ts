// From what is wanted to steps, in the one order that works: private mounts first, every copy before the
// root is touched, mounts in the attached copy, then hiding and protecting, last the change of the root.
// Why each stands where it does: docs/plan.md.
import type { Step } from '@srcon/kit/step'
import { deviceSteps } from './devices.ts'
import type { ChrootFacts } from './facts.ts'
import { asPossible } from './host-limits.ts'
import { inOrder, isAtOrBelow } from './mount-order.ts'
import { guardProc } from './proc-guard.ts'
import type { ChrootOptions, Mount, Overlay } from './root-options.ts'

const ROOT = 'root'

/** Pure. `before`: the steps of the links before this one. Throws a ToolError: `E_HOST`, `E_REFUSED`. */
export function steps(options: ChrootOptions, facts: ChrootFacts, before: readonly Step[]): readonly Step[] {
  const { root = '/', rootAttributes = [], masks, readOnlyPaths, readOnly, plain, workdir } = options
  guardProc(options.mounts)
  const lock = root === '/' ? undefined : facts.lockOf?.(root)
  const overlay = overlayFor(options, lock)
  const hold: Step[] = lock === undefined ? [] : [{ do: 'fs.hold', path: lock }]
  const cwd: Step[] = workdir === undefined ? [] : [{ do: 'run.cwd', path: workdir }]
  if (plain && overlay === undefined && isBare(options)) return [...hold, { do: 'fs.chroot', path: root }, ...cwd]
  const mounts = inOrder(options.mounts).map((mount, i) => mountSteps(asPossible(mount, facts, before), i))
  return [
    ...hold,
    { do: 'fs.own-mounts' },
    { do: 'fs.private' },
    { do: 'fs.open', tree: ROOT, path: root, recursive: true },
    ...(overlay === undefined ? [] : [{ do: 'fs.overlay', tree: ROOT, ...overlay }]),
    ...mounts.flatMap(({ open }) => open),
    { do: 'fs.attach', tree: ROOT, ...(rootAttributes.length === 0 ? {} : { recursiveAttributes: rootAttributes }) },
    ...mounts.flatMap(({ make }) => make),
    ...mounts.flatMap(({ close }) => close),
    ...masks.map(path => ({ do: 'fs.mask', path })),
    ...readOnlyPaths.map(path => ({ do: 'fs.read-only', path })),
    ...(readOnly ? [{ do: 'fs.read-only' }] : []),
    plain ? { do: 'fs.chroot' } : { do: 'fs.pivot' },
    ...cwd,
  ]
}

/** Over the copy of the root, before anything is mounted in it. A root that others have too, of which its lock tells, is never written:
 *  without a word changes go to a tmpfs. A plain chroot is what it says. Pure. */
export function overlayFor({ overlay, readOnly, plain }: Pick<ChrootOptions, 'overlay' | 'readOnly' | 'plain'>, lock: string | undefined): Overlay | undefined {
  return overlay ?? (lock === undefined || readOnly || plain ? undefined : {})
}

/** Nothing is mounted: chroot(2) alone does it. */
function isBare({ mounts, masks, readOnlyPaths, readOnly, rootAttributes, overlay }: ChrootOptions): boolean {
  return overlay === undefined && mounts.length === 0 && masks.length === 0 && readOnlyPaths.length === 0 && !readOnly && rootAttributes === undefined
}

interface MountSteps {
  /** Before the root is attached. */
  readonly open: readonly Step[]
  readonly make: readonly Step[]
  /** When all mounts are made. */
  readonly close: readonly Step[]
}

function mountSteps(mount: Mount, index: number): MountSteps {
  const { target } = mount
  const ordinary = ['/proc', '/sys', '/dev'].some(top => isAtOrBelow(target, top)) ? { ordinary: true } : {}
  if (mount.type === 'bind') {
    const { source, recursive, attributes, recursiveAttributes, slave } = mount
    const tree = `mount-${index}`
    const lists = { ...list('attributes', attributes), ...list('recursiveAttributes', recursiveAttributes) }
    const bind = { do: 'fs.bind', tree, target, ...lists, ...(slave ? { propagation: 'slave' } : {}), create: true, ...ordinary }
    return { open: [{ do: 'fs.open', tree, path: source, ...(recursive ? { recursive } : {}) }], make: [bind], close: [] }
  }
  const { type, attributes, options, optional } = mount
  // What is mounted below a tmpfs needs a place in it: it is closed when all mounts are made.
  const closed = type === 'tmpfs' && attributes.includes('ro')
  const own = list('attributes', closed ? attributes.filter(each => each !== 'ro') : attributes)
  const make: Step = { do: 'fs.mount', type, target, ...(Object.keys(options).length === 0 ? {} : { options }), ...own, ...(optional ? { optional } : { create: true }), ...ordinary }
  const devices = type === 'tmpfs' && target === '/dev' ? deviceSteps : []
  return { open: [], make: [make, ...devices], close: closed ? [{ do: 'fs.read-only', path: target }] : [] }
}

function list(name: string, values: readonly string[]): Record<string, readonly string[]> {
  return values.length === 0 ? {} : { [name]: values }
}
