// What a failed step was about, as text.
import type { Failure } from '@srcon/kit/link'
import { textOf, type Step } from '@srcon/kit/step'

export const is = ({ code }: Failure, ...codes: readonly string[]): boolean => codes.includes(code)

/** The steps before the one that failed. */
export const earlier = ({ steps, index }: Failure): readonly Step[] => steps.slice(0, index)

/** The new root as the host names it; undefined where it lies inside a root that an earlier link has entered. */
export function rootOnHost(failure: Failure): string | undefined {
  const before = earlier(failure)
  if (before.some(step => step.do === 'fs.pivot' || step.do === 'fs.chroot')) return undefined
  const open = before.findLast(step => step.do === 'fs.open' && step['tree'] === 'root')
  return open ? textOf(open['path']) : '/'
}
