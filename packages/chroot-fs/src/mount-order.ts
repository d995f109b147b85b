// The order in which mounts are made: as written, but what lies in /proc, /sys and /dev first (nothing
// else may be in the way of it), and a directory before what is mounted below it (else it would be covered).
import type { Mount } from './root-options.ts'

const FIRST = ['/proc', '/sys', '/dev']

export function inOrder(mounts: readonly Mount[]): readonly Mount[] {
  const early = mounts.filter(({ target }) => FIRST.some(top => isAtOrBelow(target, top)))
  return [...parentsFirst(early), ...parentsFirst(mounts.filter(each => !early.includes(each)))]
}

/** Moves a mount before the first one that lies below it. */
function parentsFirst(mounts: readonly Mount[]): Mount[] {
  const ordered: Mount[] = []
  for (const each of mounts) {
    const child = ordered.findIndex(({ target }) => target !== each.target && isAtOrBelow(target, each.target))
    ordered.splice(child < 0 ? ordered.length : child, 0, each)
  }
  return ordered
}

export function isAtOrBelow(path: string, top: string): boolean {
  return path === top || path.startsWith(`${top}/`)
}
