// The signal that the command gets when its parent ends: `--pdeathsig`. See PR_SET_PDEATHSIG(2const).
import { constants } from 'node:os'
import { usage } from '@srcon/kit/error'
import { nearest } from '@srcon/kit/suggest'

/** A number, `clear`: none, or `keep`: as it was before ids and capabilities changed, which clears it. */
export type ParentDeath = number | 'clear' | 'keep'

/** Reads `TERM`, `SIGTERM`, `15`, `clear`, `keep`. Throws a ToolError `E_USAGE`. Pure. */
export function readPdeathsig(word: string): ParentDeath {
  if (word === 'clear' || word === 'keep') return word
  if (/^(?:[1-9]|[1-5]\d|6[0-4])$/.test(word)) return Number(word)
  const name = word.toUpperCase().replace(/^(?:SIG)?/, 'SIG')
  const number = Object.entries(constants.signals).find(([each]) => each === name)?.[1]
  if (number !== undefined) return number
  const near = word.length > 20 ? undefined : nearest(name, Object.keys(constants.signals))
  throw usage('caps', `--pdeathsig: unknown signal '${word.slice(0, 40)}'`, near === undefined ? 'a name, a number from 1 to 64, clear or keep' : `did you mean ${near.slice(3)}?`)
}

/** `SIGTERM`, or the number of one without a name. Pure. */
export function signalName(signal: number): string {
  return Object.entries(constants.signals).find(([, number]) => number === signal)?.[0] ?? String(signal)
}
