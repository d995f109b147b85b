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

/** Adds up what is the same. */
export class Collected {
  readonly #seen = new Map<string, Seen & { count: number }>()

  add(one: Omit<Seen, 'count'>): void {
    const key = JSON.stringify([one.capability, one.outcome, one.call, one.process, one.where, one.instead])
    const found = this.#seen.get(key)
    if (found) found.count++
    else this.#seen.set(key, { ...one, count: 1 })
  }

  /** By number of the capability; what was refused first. */
  all(): Seen[] {
    const order = ({ capability, outcome }: Seen): number => 2 * (numberOf(capability) ?? 64) + (outcome === 'refused' ? 0 : 1)
    return [...this.#seen.values()].toSorted((a, b) => order(a) - order(b))
  }
}

/** What a run with the same ends needs: what it used, and what it was refused but for such as had an alternative. Pure. */
export function needed(seen: readonly Seen[], where: Seen['where']): string[] {
  const names = new Set(seen.filter(one => one.where === where && one.instead === undefined).map(({ capability }) => capability))
  return [...names].toSorted((a, b) => (numberOf(a) ?? 0) - (numberOf(b) ?? 0))
}
