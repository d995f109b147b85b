// What a check says: one result for each thing that must be true, with what was seen and, where it is not
// true, a hint. Printed as TAP or JSON.
import type { Meeting } from './meeting.ts'

export interface Result {
  /** What must be true, a sentence without full stop. */
  readonly name: string
  readonly ok: boolean
  readonly expected: string
  readonly seen: string
  /** What to look at when it is not so. */
  readonly hint: string
}

export interface Lab {
  /** What the student is to do now. */
  readonly ask: string
  /** Why this host cannot do the exercise; undefined: it can. */
  impossible(): string | undefined
  check(meeting: Meeting): Promise<readonly Result[]>
}

export function passed(results: readonly Result[]): boolean {
  return results.length > 0 && results.every(({ ok }) => ok)
}

export function report(results: readonly Result[] | { readonly skip: string }, json: boolean): string {
  if (json) return `${JSON.stringify('skip' in results ? results : { passed: passed(results), results }, undefined, 2)}\n`
  if ('skip' in results) return `TAP version 14\n1..0 # SKIP ${results.skip}\n`
  const lines = results.flatMap(({ name, ok, expected, seen, hint }, i) => [
    `${ok ? 'ok' : 'not ok'} ${i + 1} - ${name}`,
    ...(ok ? [] : ['  ---', `  expected: ${JSON.stringify(expected)}`, `  seen: ${JSON.stringify(seen)}`, `  hint: ${JSON.stringify(hint)}`, '  ...']),
  ])
  return `${['TAP version 14', `1..${results.length}`, ...lines].join('\n')}\n`
}
