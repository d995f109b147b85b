// From what was seen to what is allowed. Of calls whose arguments were kept: at most sixteen different combinations become
// a condition, more become none, last argument first; so `mmap` with many flags is still bound to its protections. Pure.
import { byValue, type Recording } from './recording.ts'

/** More different combinations than this are no condition any more. */
export const FEW = 16

export interface LearnedRule {
  readonly name: string
  /** The arguments with a condition: register and name. */
  readonly args: readonly (readonly [index: number, name: string])[]
  /** Any of these combinations, decimal; empty: any. */
  readonly values: readonly (readonly string[])[]
}

export interface Learned {
  readonly rules: readonly LearnedRule[]
  /** Needed and not seen. */
  readonly added: readonly string[]
  /** Ways in beside the first. */
  readonly archs: readonly string[]
  /** clone3 was asked for, and refused. */
  readonly clone3: boolean
  /** Numbers without a name, which cannot be written. */
  readonly unnamed: readonly string[]
}

/** What a process needs whatever it does: its end and the return from a handler are not even asked for, a restart happens by chance,
 *  the clock is read without a call where the machine can, and by one where it cannot. See vdso(7), restart_syscall(2). */
const ALWAYS = ['exit', 'exit_group', 'rt_sigreturn', 'sigreturn', 'restart_syscall', 'clock_getres', 'clock_gettime', 'getcpu', 'gettimeofday', 'time']

/** What the launcher calls between loading the filter and the command: a search in PATH, and whether it has been orphaned. */
const LAUNCHER = ['execve', 'getppid', 'newfstatat', 'poll', 'ppoll', 'prctl']

/** `known`: the names that exist here. */
export function learn(recording: Recording, native: string, known: ReadonlySet<string>, allowClone3: boolean): Learned {
  const names = [...new Set(recording.flatMap(({ name }) => name ?? []))].sort()
  const clone3 = names.includes('clone3') && !allowClone3
  const rules = names.filter(name => !(clone3 && name === 'clone3')).map(name => rule(name, recording))
  const added = [...ALWAYS, ...LAUNCHER].filter(name => known.has(name) && !names.includes(name)).sort()
  const archs = [...new Set(recording.map(({ arch }) => arch))].filter(arch => arch !== native && arch !== 'unknown').sort()
  const unnamed = recording.filter(({ name }) => name === undefined).map(({ arch, number }) => `${number} by ${arch}`)
  return { rules, added, archs, clone3, unnamed }
}

function rule(name: string, recording: Recording): LearnedRule {
  const seen = recording.filter(call => call.name === name)
  const any = { name, args: [], values: [] }
  const args = seen[0]?.watched ?? []
  // By another way in its arguments stand elsewhere.
  if (args.length === 0 || seen.some(({ many, watched }) => many || watched?.join() !== args.join())) return any
  const tuples = seen.flatMap(({ values }) => values ?? [])
  for (let length = args.length; length > 0; length--) {
    const values = distinct(tuples.map(tuple => tuple.slice(0, length)))
    if (values.length <= FEW) return { name, args: args.slice(0, length), values }
  }
  return any
}

function distinct(tuples: readonly (readonly string[])[]): readonly (readonly string[])[] {
  return [...new Map(tuples.map(tuple => [tuple.join(' '), tuple])).values()].sort(byValue)
}
