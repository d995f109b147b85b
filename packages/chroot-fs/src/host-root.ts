// The root of `srcon run` without a root: the host's own tree, read-only as a whole, with everything that
// people and services keep in it covered. Nothing is downloaded, and every program of the host is there.
// What protects files like /etc/shadow is that the command is not the host's root: it runs with other ids.
import type { ChrootOptions, NewMount } from './root-options.ts'
import { DEFAULT_MASKED_PATHS, DEFAULT_READ_ONLY_PATHS, dev, proc, sys } from './standard-mounts.ts'

/** Passed over where the host has no such directory: it cannot be made in a read-only tree. */
const fresh = (target: string, mode: string): NewMount => ({ type: 'tmpfs', target, attributes: ['nosuid', 'nodev'], options: { mode }, optional: true })

/** Other options are added to it: their mounts replace ours on the same target. Pure. */
export function hostRoot(more?: ChrootOptions): ChrootOptions {
  const mounts = [proc, sys, ...dev, fresh('/tmp', '1777'), fresh('/run', '755'), fresh('/home', '755'), fresh('/root', '700'), fresh('/var/tmp', '1777')]
  const added = more?.mounts ?? []
  return {
    ...more,
    root: '/',
    rootAttributes: ['ro', 'nosuid', 'nodev'],
    mounts: [...mounts.filter(({ target }) => !added.some(each => each.target === target)), ...added],
    masks: [...new Set([...DEFAULT_MASKED_PATHS, ...(more?.masks ?? [])])],
    readOnlyPaths: [...new Set([...DEFAULT_READ_ONLY_PATHS, ...(more?.readOnlyPaths ?? [])])],
  }
}
