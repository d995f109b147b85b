/** The calendar day of a moment, by default this one: `2026-07-11`, as tables of support write it. UTC. */
export function dayOf(date: Date = new Date()): string {
  return date.toISOString().slice(0, 10)
}
