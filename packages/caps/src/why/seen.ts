// What `caps why` collects: each capability that was asked for, by whom, in which call, and with what
// outcome; and from that the fewest that a run needs.
import { numberOf } from '../names.ts'

export interface Seen {
  readonly capability: string
  /** `used`: it was asked for and there. `refused`: it was asked for and not there. */
  readonly outcome: 'used' | 'refused'
  /** The system call, `chown`; or what the kernel was doing, `page fault`. */
  readonly call: string
  /** Name of the process. */
  readonly process: string
  /** In which user namespace: that of the caller, or one that the command made. */
  readonly where: 'ours' | 'own'
  /** One of several that would have done was there: nothing is missing. */
  readonly instead?: true
  readonly count: number
}

/** What a run with the same ends needs: what it used, and what it was refused but for such as had an alternative. Pure. */
export function needed(seen: readonly Seen[], where: Seen['where']): string[] {
  const names = new Set(seen.filter(one => one.where === where && one.instead === undefined).map(({ capability }) => capability))
  return [...names].toSorted((a, b) => (numberOf(a) ?? 0) - (numberOf(b) ?? 0))
}
