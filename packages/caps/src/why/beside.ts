// A command that runs beside us on our own terminal, to its end.
import { launchInForeground, type Verdict } from '@srcon/kit'
import type { Plan } from '@srcon/kit/plan'

/** `socket`: a descriptor that it gets as its 3; `started`: called when what carries out its plan has been started. Rejects with the ToolError of a step that failed. */
export async function runBeside(plan: Plan, { socket, started = () => {} }: { readonly socket?: number; readonly started?: () => void } = {}): Promise<Verdict> {
  const child = launchInForeground(plan, { more: socket === undefined ? [] : [socket] })
  started()
  const verdict = await child.verdict
  await child.started
  return verdict
}
