// Why it ended. An exit code, a signal, a limit that was met are results; what the kernel and the
// launcher's status page say becomes one word and its numbers here, and nowhere else. See wait(2).
import { constants } from 'node:os'
import type { ToolError } from '../error.ts'
import type { Step } from '../step.ts'
import type { KilledFor } from './kernel-log.ts'

export type Reason = 'exit' | 'signal' | 'oom' | 'pids' | 'cpu-time' | 'wall-time' | 'seccomp' | 'setup' | 'aborted'

export interface Verdict {
  /** It was executed and ended with code 0. */
  readonly ok: boolean
  /** `oom`, `pids`: a limit of its group was met and it did not end well; `setup`: it was never executed, see `error`. */
  readonly reason: Reason
  /** Exit code; null: a signal ended it. */
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** As a shell shows it: the code, or 128 and the signal's number. */
  readonly status: number
  /** From its execution to its end, milliseconds. */
  readonly wallMs: number
  /** Of its group, or of it and the children that it waited for, milliseconds. */
  readonly cpuMs: number
  /** Highest memory use of its group, bytes. These are absent where the plan made no group, or the host does not count. */
  readonly peakBytes?: number
  readonly peakPids?: number
  readonly readBytes?: number
  readonly writtenBytes?: number
  /** Processes of its group that the memory limit killed. */
  readonly oomKills: number
  /** Forks of its group that the pids limit refused. */
  readonly pidsRefused: number
  /** Number of the system call that a filter killed it for, where the kernel's log tells, or who listened to the filter. */
  readonly syscall?: number
  /** Its architecture, `x86_64`. */
  readonly syscallArch?: string
  /** Its name, where that is known too. */
  readonly syscallName?: string
  /** Why it was never executed. */
  readonly error?: ToolError
}

/** What is known of a process that has ended. */
export interface Ended {
  /** wait(2) status. */
  readonly raw: number
  readonly wallMs: number
  readonly cpuUsec: number
  readonly aborted: boolean
  readonly error?: ToolError | undefined
  readonly steps: readonly Step[]
  readonly counts: Counts
  readonly killedFor?: KilledFor | undefined
}

/** The numbers of the status page; 0: not known. */
export interface Counts {
  readonly timedOut: boolean
  readonly oomKills: number
  readonly pidsRefused: number
  readonly peakBytes: number
  readonly peakPids: number
  readonly readBytes: number
  readonly writtenBytes: number
}

export const nothingCounted: Counts = { timedOut: false, oomKills: 0, pidsRefused: 0, peakBytes: 0, peakPids: 0, readBytes: 0, writtenBytes: 0 }

export function verdictOf(ended: Ended): Verdict {
  const { raw, counts, error, killedFor } = ended
  const number = raw & 0x7f
  const signal = error || number === 0 ? null : signalName(number)
  const code = error?.exit ?? (number === 0 ? (raw >> 8) & 0xff : null)
  const { peakBytes, peakPids, readBytes, writtenBytes } = counts
  return {
    ok: !error && code === 0,
    reason: reasonOf(ended, signal, code),
    code,
    signal,
    status: code ?? 128 + number,
    wallMs: ended.wallMs,
    cpuMs: ended.cpuUsec / 1000,
    ...(peakBytes > 0 ? { peakBytes } : {}),
    ...(peakPids > 0 ? { peakPids } : {}),
    ...(readBytes > 0 ? { readBytes } : {}),
    ...(writtenBytes > 0 ? { writtenBytes } : {}),
    oomKills: counts.oomKills,
    pidsRefused: counts.pidsRefused,
    ...(killedFor ? { syscall: killedFor.number } : {}),
    ...(killedFor?.arch === undefined ? {} : { syscallArch: killedFor.arch }),
    ...(error ? { error } : {}),
  }
}

/** The limits in the order in which one explains another: a group that is ended for its time may have met the others before. */
function reasonOf({ aborted, error, counts, cpuUsec, steps }: Ended, signal: NodeJS.Signals | null, code: number | null): Reason {
  if (aborted) return 'aborted'
  if (error) return 'setup'
  if (counts.timedOut) return 'wall-time'
  if (code === 0) return 'exit'
  if (signal === 'SIGSYS') return 'seccomp'
  if (signal === 'SIGXCPU' || (signal === 'SIGKILL' && cpuUsec >= cpuLimit(steps))) return 'cpu-time'
  if (counts.oomKills > 0) return 'oom'
  if (counts.pidsRefused > 0) return 'pids'
  return signal ? 'signal' : 'exit'
}

/** The hard limit kills without a trace: it is told by the time that was used. The kernel rounds up to its tick. */
function cpuLimit(steps: readonly Step[]): number {
  const hard = steps.findLast(step => step.do === 'run.rlimit' && step['resource'] === 'cpu')?.['hard']
  return typeof hard === 'number' ? hard * 1e6 - 20_000 : Infinity
}

const names = new Map(Object.entries(constants.signals).map(([name, number]) => [number, name as NodeJS.Signals]))

/** `SIGTERM` for 15; real-time signals have no names in Node. */
function signalName(number: number): NodeJS.Signals {
  return names.get(number) ?? (`SIG${number}` as NodeJS.Signals)
}
