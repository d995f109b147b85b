// What was seen of a command: calls with the arguments that were kept. Several recordings become one. Pure.
import { ToolError } from '@srcon/kit/error'

export interface RecordedCall {
  /** The way in. */
  readonly arch: string
  /** Absent: the table has no name for the number. */
  readonly name?: string
  readonly number: number
  readonly count: number
  /** Which arguments were kept: register and name. */
  readonly watched?: readonly (readonly [index: number, name: string])[]
  /** Each a combination of them, decimal. */
  readonly values?: readonly (readonly string[])[]
  /** There were too many. */
  readonly many?: boolean
}
export type Recording = readonly RecordedCall[]

/** Where a policy that was learned keeps its recording. */
export const MARK = '# recording: '

/** All that any of them has seen, in order. */
export function merge(recordings: readonly Recording[]): Recording {
  const all = new Map<string, RecordedCall>()
  for (const call of recordings.flat()) {
    const key = `${call.arch} ${call.number}`
    const known = all.get(key)
    all.set(key, known ? both(known, call) : call)
  }
  return [...all.values()].sort((a, b) => compare(a.arch, b.arch) || compare(a.name ?? '', b.name ?? '') || a.number - b.number)
}

function both(a: RecordedCall, b: RecordedCall): RecordedCall {
  const many = a.many === true || b.many === true
  const values = new Map([...(a.values ?? []), ...(b.values ?? [])].map(tuple => [tuple.join(' '), tuple]))
  const { values: _values, ...rest } = a
  return { ...rest, count: a.count + b.count, ...(many ? { many } : values.size > 0 ? { values: [...values.values()].sort(byValue) } : {}) }
}

/** The recording in a text: one that `--json` printed, or a policy that was learned. Throws a ToolError `E_INPUT`. */
export function readRecording(text: string, path: string): Recording {
  const line = text.startsWith('{') ? text : text.split('\n').findLast(each => each.startsWith(MARK))?.slice(MARK.length)
  try {
    const { calls, version } = JSON.parse(line ?? '') as { calls: Recording; version: number }
    if (version === 1 && Array.isArray(calls) && calls.every(isCall)) return calls
  } catch {
    // Said below.
  }
  throw new ToolError('seccomp-filter', `${path}: there is no recording in it`, { code: 'E_INPUT', path, why: 'only a policy that learn wrote in the terse form, or what learn --json printed, has one', hint: `take it as a base: --base ${path}` })
}

export function recordingText(recording: Recording): string {
  return JSON.stringify({ version: 1, calls: recording })
}

function isCall(call: unknown): call is RecordedCall {
  if (typeof call !== 'object' || call === null) return false
  const { arch, name, number, count, watched = [], values = [] } = call as RecordedCall
  const names = Array.isArray(watched) && watched.every(each => Array.isArray(each) && Number.isInteger(each[0]) && /^\w+$/.test(String(each[1])))
  const tuples = Array.isArray(values) && values.every(tuple => Array.isArray(tuple) && tuple.length === watched.length && tuple.every(value => /^\d{1,20}$/.test(value)))
  return /^\w+$/.test(arch) && (name === undefined || /^\w+$/.test(name)) && Number.isInteger(number) && Number.isInteger(count) && names && tuples
}

export function byValue(a: readonly string[], b: readonly string[]): number {
  for (const [i, value] of a.entries()) {
    const difference = BigInt(value) - BigInt(b[i] ?? '0')
    if (difference !== 0n) return difference < 0n ? -1 : 1
  }
  return 0
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
