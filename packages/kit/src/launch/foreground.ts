// A command in the foreground with this process beside it: for a command line that has something to say
// of it at its end. Signals reach the command, and this process ends as it did. See signal(7).
import { constants } from 'node:os'
import type { Plan } from '../plan.ts'
import { launch, type Contained } from './contained.ts'
import type { LaunchOptions } from './options.ts'
import type { Verdict } from './verdict.ts'

/** A terminal sends these to the command too, which is in the same group of processes; without one they are sent to us alone. */
const FROM_TERMINAL = ['SIGINT', 'SIGQUIT'] as const
const FORWARDED = ['SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGALRM', 'SIGCONT'] as const

/** Starts it with our own standard descriptors; `more`: descriptors of ours that the launcher gets as 3, 4, …
 *  From here on the process does not end by a signal that the command gets too. */
export function launchInForeground(plan: Plan, { more = [], ...options }: Omit<LaunchOptions, 'stdio'> & { readonly more?: readonly number[] } = {}): Contained {
  const child = launch(plan, { ...options, stdio: ['inherit', 'inherit', 'inherit', ...more] })
  const terminal = process.stdin.isTTY || process.stderr.isTTY
  const handlers = [...FROM_TERMINAL, ...FORWARDED].map((signal, i) => [signal, () => { if (!terminal || i >= FROM_TERMINAL.length) child.kill(signal) }] as const)
  for (const [signal, handler] of handlers) process.on(signal, handler)
  void child.verdict.then(() => handlers.forEach(([signal, handler]) => process.off(signal, handler)))
  return child
}

/** Sets the exit code, or ends by the signal that ended the command. */
export function endAs({ code, signal, status }: Verdict): void {
  process.exitCode = code ?? status
  if (signal === null || constants.signals[signal] === undefined) return
  process.removeAllListeners(signal)
  process.kill(process.pid, signal)
}
