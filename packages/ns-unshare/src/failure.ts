// What explanations have in common: the failure in a word, and what the plan did before it.
import type { Failure } from '@srcon/kit/link'
import type { Step } from '@srcon/kit/step'

/** `EPERM (unshare)`, or the note where no call failed. */
export const how = ({ code, syscall, note }: Failure): string => (code ? `${code} (${syscall})` : note || syscall)

/** The last step before the failure that satisfies `is`. */
export function lastBefore({ steps, index }: Failure, is: (step: Step) => boolean): Step | undefined {
  return steps.slice(0, index).findLast(is)
}
