import t from 'tap'
import { causeInPlan } from '../src/earlier.ts'
import type { Failure } from '../src/link.ts'
import type { Step } from '../src/step.ts'

/** The last of these steps fails with EPERM. */
function failing(code: string, ...steps: Step[]): Failure {
  const index = steps.length - 1
  return { step: steps[index] ?? { do: '' }, index, steps, code, errno: 1, syscall: 'unshare', path: '', note: '' }
}
const filter = { do: 'seccomp.load' }
const none = { do: 'caps.sets', effective: [] }
const uts = { do: 'ns.new', types: ['uts'] }

t.test('an earlier step of the plan is the cause', async t => {
  t.match(causeInPlan(failing('EPERM', filter, uts)), { why: /^step 1 \(seccomp\.load\) .* refuses unshare\(2\)$/ })
  t.match(causeInPlan(failing('EPERM', none, uts)), { why: /^step 1 \(caps\.sets\) has dropped/ })
  t.match(causeInPlan(failing('EPERM', { do: 'caps.sets', effective: { drop: ['CAP_SYS_ADMIN'] } }, uts)), { why: /dropped/ })
  t.match(causeInPlan(failing('EPERM', { do: 'caps.ids', uid: 1 }, { do: 'fs.private' })), { why: /^step 1 \(caps\.ids\)/ })
})
t.test('or it is not', async t => {
  t.equal(causeInPlan(failing('EPERM', uts)), undefined, 'nothing before')
  t.equal(causeInPlan(failing('EPERM', uts, filter)), undefined, 'the filter itself explains itself')
  t.equal(causeInPlan(failing('ENOSPC', filter, uts)), undefined, 'no refusal')
  t.equal(causeInPlan(failing('EPERM', none, { do: 'ns.user' })), undefined, 'a user namespace needs no capability')
  t.equal(causeInPlan(failing('EPERM', none, { do: 'ns.user' }, uts)), undefined, 'in a new user namespace all are back')
  t.equal(causeInPlan(failing('EPERM', { do: 'caps.sets', effective: ['CAP_SYS_ADMIN'] }, uts)), undefined, 'it was kept')
  t.equal(causeInPlan(failing('EPERM', { do: 'caps.sets', effective: { drop: ['CAP_MKNOD'] } }, uts)), undefined, 'another was dropped')
})
