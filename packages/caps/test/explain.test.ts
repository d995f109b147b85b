// The cause of a failure, from what the process had at that point.
import t from 'tap'
import type { Failure } from '@srcon/kit/link'
import type { Step } from '@srcon/kit/step'
import type { CapsFacts } from '../src/facts.ts'
import { explainFrom } from '../src/explain.ts'
import { mapRoot, root, user } from './fixtures/facts.ts'

function why(step: Step, failed: Partial<Failure>, facts: CapsFacts = root, before: readonly Step[] = []) {
  return explainFrom({ step, index: before.length, syscall: '', errno: 1, code: 'EPERM', path: '', note: '', steps: [...before, step], ...failed }, facts)
}

t.test('bounding', async t => {
  const step = { do: 'caps.bounding', drop: ['CAP_CHOWN'] }
  const failed = { syscall: 'prctl', note: 'PR_CAPBSET_DROP CAP_CHOWN' }
  t.match(why(step, failed, user), { what: /cannot drop CAP_CHOWN.*EPERM \(prctl\)/, why: /CAP_SETPCAP/, fix: /--no-new-privs/ })
  t.match(why(step, failed, root, [{ do: 'caps.sets', permitted: [] }]), { why: /an earlier step of the plan dropped it/, fix: /one link/ })
  t.equal(why(step, failed)?.why, undefined, 'with CAP_SETPCAP it is something else')
  t.match(why({ do: 'caps.bounding', keep: ['CAP_CHOWN'] }, { errno: 0, code: '', syscall: 'verify', note: 'not in the bounding set, which cannot grow: CAP_CHOWN' }), { what: /cannot grow: CAP_CHOWN/, why: /cannot come back/ })
})

t.test('ids', async t => {
  const step = { do: 'caps.ids', uid: 1000, gid: 1000, groups: [] }
  t.match(why(step, { syscall: 'setgroups' }, user, [mapRoot]), { why: /setgroups is denied/, fix: /--keep-groups/ })
  t.match(why(step, { syscall: 'setgroups' }, user), { why: /CAP_SETGID/ })
  t.match(why(step, { syscall: 'setresgid', code: 'EINVAL', errno: 22 }, user, [mapRoot]), { why: /group 1000 is not mapped/, fix: /--map-groups 1000/ })
  t.match(why(step, { syscall: 'setresuid', code: 'EINVAL', errno: 22 }, user, [mapRoot]), { why: /user 1000 is not mapped/ })
  t.match(why(step, { syscall: 'setresuid' }, user), { what: /become user 1000: EPERM/, why: /CAP_SETUID/ })
  t.match(why(step, { syscall: 'setresuid', code: 'EAGAIN', errno: 11 }), { why: /RLIMIT_NPROC/ })
})

t.test('names, securebits, keep_caps', async t => {
  const named = { do: 'caps.ids', user: 'web', groups: [] }
  t.match(why(named, { syscall: 'verify', errno: 0, code: '', path: '/etc/passwd', note: "no user 'web' in /etc/passwd" }), { what: /no user 'web' in \/etc\/passwd/, why: /root where the command runs/, fix: /numbers/ })
  t.match(why(named, { syscall: 'openat2', errno: 2, code: 'ENOENT', path: '/etc/passwd' }), { what: /ENOENT \(openat2\)/, why: /no such file/ })
  t.match(why({ do: 'caps.ids', uid: 5, groups: [] }, { syscall: 'prctl' }), { why: /keep_caps is locked off/ })
  const bits = { do: 'caps.securebits', set: ['noroot'] }
  const failed = { syscall: 'prctl', note: 'PR_SET_SECUREBITS 0x2 to 0x3' }
  t.match(why(bits, failed, { ...root, securebits: undefined }), { why: /locked until the process ends: noroot/ })
  t.match(why(bits, failed, user), { why: /CAP_SETPCAP/ })
  t.match(why(bits, failed, root, [{ do: 'caps.sets', permitted: [], effective: [] }]), { why: /an earlier step of the plan dropped it/, fix: /in the link that drops it/ })
})

t.test('sets and ambient', async t => {
  t.match(why({ do: 'caps.sets', inheritable: ['CAP_CHOWN'] }, { syscall: 'capset' }, root, [{ do: 'caps.bounding', drop: ['CAP_CHOWN'] }]), { why: /CAP_CHOWN is no longer in the bounding set/ })
  t.match(why({ do: 'caps.sets', inheritable: ['CAP_CHOWN'] }, { syscall: 'capset' }, user), { why: /CAP_CHOWN is not permitted/ })
  t.match(why({ do: 'caps.sets', permitted: ['CAP_CHOWN'] }, { errno: 0, code: '', note: 'permitted: not in the permitted set: CAP_CHOWN' }, user), { what: /CAP_CHOWN/, why: /only what is permitted/ })
  const raise = { do: 'caps.ambient', raise: ['CAP_KILL'] }
  const failed = { syscall: 'prctl', note: 'PR_CAP_AMBIENT_RAISE CAP_KILL' }
  t.match(why(raise, failed, user), { what: /CAP_KILL ambient/, why: /not permitted/ })
  t.match(why(raise, failed), { why: /not inheritable/ })
  t.match(why(raise, failed, root, [{ do: 'caps.sets', inheritable: ['CAP_KILL'] }]), { why: /NO_CAP_AMBIENT_RAISE/ })
})
