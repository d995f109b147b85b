// Causes are probed: each failure is set up in a tree of plain files that looks like a hierarchy, and
// with the probe's fact taken away there is no answer.
import { join } from 'node:path'
import { errnoName } from '@srcon/kit/errno'
import type { Explanation } from '@srcon/kit/link'
import t from 'tap'
import { explain } from '../src/explain.ts'
import type { Group, JoinStep } from '../src/steps.ts'
import { inReachOfOthers, asNobody } from './fixtures/nobody.ts'

interface Case {
  readonly version?: 1 | 2
  readonly controllers?: readonly string[]
  readonly write?: Group['write']
  readonly syscall: string
  readonly errno: number
  /** Below the mount. */
  readonly path: string
  readonly note?: string
}

function ask(mount: string, { version = 2, controllers = ['memory'], write = [], syscall, errno, path, note = '' }: Case): Explanation {
  const step: JoinStep = { do: 'cgroup.join', groups: [{ version, controllers, mount, parent: 'a', write }] }
  const failure = { step, index: 0, syscall, errno, code: errno === 0 ? '' : errnoName(errno), path: join(mount, path), note, steps: [step] }
  return explain(failure) ?? {}
}

const control = { syscall: 'write', path: 'a/cgroup.subtree_control', note: 'value +memory' } as const

t.test('no internal processes', async t => {
  const busy = ask(t.testdir({ a: { 'cgroup.procs': '12\n13\n' } }), { ...control, errno: 16 })
  t.match(busy, { what: /cannot enable memory in .*: EBUSY \(write\)/, why: /has 2 processes/, fix: /leaf/ })
  t.equal(ask(t.testdir({ a: { 'cgroup.procs': '' } }), { ...control, errno: 16 }).why, undefined)
})

t.test('a controller that is not offered', async t => {
  t.match(ask(t.testdir({ a: { 'cgroup.controllers': 'cpu pids' } }), { ...control, errno: 2 }), { why: /has only cpu pids/ })
  t.equal(ask(t.testdir({ a: { 'cgroup.controllers': 'cpu memory' } }), { ...control, errno: 22 }).why, undefined)
})

t.test('a threaded parent', async t => {
  t.match(ask(t.testdir({ a: { 'cgroup.type': 'threaded' } }), { ...control, errno: 95 }), { why: /threaded/ })
})

t.test('memory and swap', async t => {
  const mount = t.testdir({ a: {} })
  const write = [{ file: 'memory.limit_in_bytes', value: '8192' }, { file: 'memory.memsw.limit_in_bytes', value: '4096' }]
  t.match(ask(mount, { version: 1, write, syscall: 'write', errno: 22, path: 'a/srcon-1/memory.memsw.limit_in_bytes', note: 'value 4096' }), { what: /cannot set memory.memsw.limit_in_bytes to 4096: EINVAL/, why: /less than the memory alone/ })
  t.match(ask(mount, { syscall: 'open', errno: 2, path: 'a/srcon-1/memory.swap.max' }), { why: /does not count swap/, fix: /--swap max/ })
  t.match(ask(mount, { version: 1, syscall: 'write', errno: 16, path: 'a/srcon-1/memory.limit_in_bytes', note: 'value 1' }), { why: /already uses more/ })
})

t.test('a file that is not there', async t => {
  const open = { syscall: 'open', errno: 2, path: 'a/srcon-1/memory.peak' } as const
  t.match(ask(t.testdir({ a: { 'cgroup.controllers': 'cpu' } }), open), { why: /no memory controller/ })
  t.match(ask(t.testdir({ a: { 'cgroup.controllers': 'memory' } }), open), { why: /has no memory.peak/ })
})

t.test('CPUs', async t => {
  const write = { syscall: 'write', errno: 34, path: 'a/srcon-1/cpuset.cpus', note: 'value 9', controllers: ['cpuset'] } as const
  t.match(ask(t.testdir({ a: { 'cpuset.cpus': '0-1' } }), { ...write, version: 1 }), { why: /9 is not within the CPUs of .*, which are 0-1/ })
  t.match(ask(t.testdir({ a: { 'cpuset.cpus.effective': '0-3' } }), write), { why: /0-3/ })
  const quota = { version: 1, controllers: ['cpu'], syscall: 'write', errno: 22, path: 'a/srcon-1/cpu.cfs_quota_us', note: 'value 90000' } as const
  t.match(ask(t.testdir({ a: { 'cpu.cfs_quota_us': '50000', 'cpu.cfs_period_us': '100000' } }), quota), { why: /only 0.5 CPUs/ })
  t.equal(ask(t.testdir({ a: { 'cpu.cfs_quota_us': '-1', 'cpu.cfs_period_us': '100000' } }), quota).why, undefined)
  t.match(ask(t.testdir({ a: {} }), { version: 1, controllers: ['cpuset'], syscall: 'write', errno: 28, path: '', note: 'cgroup.procs' }), { what: /cannot join/, why: /no CPUs/ })
})

t.test('the plan is for another host', async t => {
  t.match(ask(t.testdir({}), { syscall: 'verify', errno: 0, path: '', note: 'expected cgroup v2, found a tmpfs' }), { why: /no cgroup hierarchy is mounted there/ })
})

t.test('a value that is not in force', async t => {
  t.match(ask(t.testdir({ a: {} }), { syscall: 'verify', errno: 0, path: 'a/srcon-1/cpu.shares', note: '1 was written, 2 is in force' }), { what: /not as asked: 1 was written/, why: /another/ })
})

t.test('an ordinary user', { skip: inReachOfOthers() }, async t => {
  const code = (version: number): string => `
    const { explain } = await import(${JSON.stringify(new URL('../src/explain.ts', import.meta.url).href)})
    const step = { do: 'cgroup.join', groups: [{ version: ${version}, controllers: ['pids'], mount: '/sys', parent: '', write: [] }] }
    console.log(explain({ step, index: 0, syscall: 'mkdir', errno: 13, code: 'EACCES', path: '/sys/srcon-1', note: '', steps: [step] }).why)`
  t.match(asNobody(code(1)), /belongs to uid 0, and cgroup v1/)
  t.match(asNobody(code(2)), /delegated/)
})
