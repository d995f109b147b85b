// Why a filter could not be loaded, for causes that can be provoked and those that must be told apart.
import t from 'tap'
import type { Failure } from '@srcon/kit/link'
import type { Step } from '@srcon/kit/step'
import { containerKind, hasCapability, selfStatus } from '@srcon/kit/probes'
import { explain } from '../src/explain.ts'

const load: Step = { do: 'seccomp.load', source: 'default', arch: 'x86_64', program: 'BgAAAAAA/38=' }
const failure = (code: string, before: readonly Step[] = [], step: Step = load): Failure => ({ step, index: before.length, syscall: 'seccomp', errno: 1, code, path: '', note: '', steps: [...before, step] })

t.test('EACCES', { skip: selfStatus().noNewPrivs ? 'this process has no_new_privs, so it cannot be EACCES' : false }, async t => {
  const dropped = explain(failure('EACCES', [{ do: 'ns.user' }, { do: 'caps.sets' }]))
  t.match(dropped, { what: 'cannot load the filter default: EACCES (seccomp)', why: /CAP_SYS_ADMIN .*dropped earlier/, fix: /before caps/ })
  const plain = explain(failure('EACCES'))
  t.match(plain, { why: hasCapability('SYS_ADMIN') ? /./ : /has not got it/, fix: /--no-no-new-privs/ })
  t.equal(explain(failure('EACCES', [{ do: 'caps.no-new-privs' }]))?.why, undefined, 'then it is something else')
})

t.test('ENOMEM, EINVAL', async t => {
  t.match(explain(failure('ENOMEM')), { why: /32768 instructions/ })
  t.match(explain(failure('EINVAL')), { why: /does not take the program/ })
})

t.test('EPERM is what an outer filter says', async t => {
  const said = explain(failure('EPERM'))?.why !== undefined
  t.equal(said, selfStatus().seccomp === 2 || containerKind() !== undefined)
  t.match(explain(failure('EPERM'))?.what, /EPERM \(seccomp\)/)
})
