// A command that runs beside us on our own terminal. A terminal's signals reach it by themselves, so we
// only must not end before it; those that are sent to us alone are handed on.
import { launch, type Verdict } from '@srcon/kit'
import type { Plan } from '@srcon/kit/plan'

const FROM_TERMINAL = ['SIGINT', 'SIGQUIT'] as const
const SENT = ['SIGTERM', 'SIGHUP', 'SIGUSR2', 'SIGALRM', 'SIGCONT'] as const

/** Runs it to its end. `socket`: a descriptor that it gets as its 3; `started`: called when what carries out its plan has been started. Rejects with the ToolError of a step that failed. */
export async function runBeside(plan: Plan, { socket, started = () => {} }: { readonly socket?: number; readonly started?: () => void } = {}): Promise<Verdict> {
  const child = launch(plan, { stdio: ['inherit', 'inherit', 'inherit', ...(socket === undefined ? [] : [socket])] })
  started()
  const alone = !process.stdin.isTTY && !process.stderr.isTTY
  const handlers = [
    ...FROM_TERMINAL.map(signal => [signal, () => { if (alone) child.kill(signal) }] as const),
    ...SENT.map(signal => [signal, () => child.kill(signal)] as const),
  ]
  for (const [signal, handler] of handlers) process.on(signal, handler)
  try {
    const verdict = await child.verdict
    await child.started
    return verdict
  } finally {
    for (const [signal, handler] of handlers) process.off(signal, handler)
  }
}
