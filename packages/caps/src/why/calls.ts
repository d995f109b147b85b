// The estimate, for everybody: a filter announces the calls that can need a capability, and they are
// looked at and let through. What the kernel asks for by the state of files (CAP_DAC_OVERRIDE,
// CAP_FOWNER), or deep in an ioctl, is not seen; without CAP_SYS_ADMIN the command runs with
// no_new_privs, so setuid programs gain nothing. See core/src/calls.rs, seccomp_unotify(2).
import { closeSync } from 'node:fs'
import { hostArch } from '@srcon/kit/host'
import type { Plan } from '@srcon/kit/plan'
import { readFacts } from '../facts.ts'
import { setOf } from '../names.ts'
import { failed, native } from '../native.ts'
import { stateAfter } from '../state.ts'
import { runBeside } from './beside.ts'
import type { Watched } from './report.ts'
import type { Seen } from './seen.ts'

/** The command's number for the socket, which the filter's step closes. */
const SOCKET = 3

/** Runs a command while its calls are watched. */
export async function watchCalls(plan: Plan): Promise<Watched> {
  const { program, socket, error } = native().startCalls()
  if (error) throw failed('cannot watch the calls of a command', error)
  try {
    const verdict = await runBeside(watchedPlan(plan, program), { socket, started: () => closeSync(socket) })
    return { method: 'calls', verdict, seen: native().endCalls().map(seenOf), lost: 0, left: { accounting: 0, probes: 0 } }
  } finally {
    native().endCalls()
  }
}

/** The filter is the last step, so that what the launcher does is not the command's. */
function watchedPlan(plan: Plan, program: Buffer): Plan {
  const { effective, noNewPrivs } = stateAfter(readFacts(), plan.steps)
  const needsNoNewPrivs = !noNewPrivs && (effective & setOf(['CAP_SYS_ADMIN'])) === 0n
  const arch = hostArch()
  const load = { do: 'seccomp.load', source: 'why', arch, listener: { descriptor: SOCKET }, program: program.toString('base64') }
  return { ...plan, facts: { ...plan.facts, arch }, steps: [...plan.steps, ...(needsNoNewPrivs ? [{ do: 'caps.no-new-privs' }] : []), load] }
}

function seenOf({ capability, had, call, process, elsewhere, count }: ReturnType<ReturnType<typeof native>['endCalls']>[number]): Seen {
  return { capability, outcome: had ? 'used' : 'refused', call, process, where: elsewhere ? 'own' : 'ours', count }
}
