// From limits and facts to the step: which files on v1, v2 and hybrid hosts, and which parent.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { Ajv } from 'ajv'
import type { CgroupFacts } from '../src/facts.ts'
import { checkLimits, type LimitOptions } from '../src/limits.ts'
import { limits } from '../src/index.ts'
import { parentFor, steps } from '../src/steps.ts'
import { words } from '../src/words.ts'
import { candidate, hostHybrid, hostV1, hostV2 } from './fixtures/hosts.ts'

const all: LimitOptions = { memory: '64M', swap: '1M', cpus: 0.5, cpuWeight: 50, cpuset: '0', pids: 9 }
const plain = (options: LimitOptions, facts: CgroupFacts): string[] =>
  steps(checkLimits(options), facts)[0].groups.map(({ version, controllers, mount, parent, write }) => `v${version} ${controllers.join(',')} ${mount} [${parent}] ${write.map(({ file, value }) => `${file}=${value}`).join(' ')}`)

t.test('v1', async t => {
  t.strictSame(plain(all, hostV1), [
    'v1 memory /sys/fs/cgroup/memory [user/a] memory.limit_in_bytes=67108864 memory.memsw.limit_in_bytes=68157440',
    'v1 cpu,cpuacct /sys/fs/cgroup/cpu,cpuacct [] cpu.cfs_period_us=100000 cpu.cfs_quota_us=50000 cpu.shares=512',
    'v1 cpuset /sys/fs/cgroup/cpuset [] cpuset.cpus=0',
    'v1 pids /sys/fs/cgroup/pids [] pids.max=9',
  ])
})

t.test('v2: one group', async t => {
  t.strictSame(plain(all, hostV2), ['v2 memory,cpu,cpuset,pids /sys/fs/cgroup [a.slice] memory.max=67108864 memory.swap.max=1048576 cpu.max=50000 100000 cpu.weight=50 cpuset.cpus=0 pids.max=9'])
})

t.test('hybrid: each controller where it is', async t => {
  t.strictSame(plain({ memory: '64M', cpus: 1 }, hostHybrid), [
    'v2 memory /sys/fs/cgroup/unified [] memory.max=67108864 memory.swap.max=0',
    'v1 cpu /sys/fs/cgroup/cpu [] cpu.cfs_period_us=100000 cpu.cfs_quota_us=100000',
    'v1 cpuacct /sys/fs/cgroup/cpuacct [] ',
  ])
})

t.test('max sets nothing but counts', async t => {
  t.strictSame(plain({ memory: 'max', pids: 'max' }, hostV1), ['v1 memory /sys/fs/cgroup/memory [user/a] ', 'v1 pids /sys/fs/cgroup/pids [] pids.max=max'])
})

t.test('swap that is not counted', async t => {
  const without: CgroupFacts = { ...hostV1, swap: { counted: false, present: false } }
  t.strictSame(plain({ memory: '4M' }, without), ['v1 memory /sys/fs/cgroup/memory [user/a] memory.limit_in_bytes=4194304'], 'no swap there: nothing to limit')
  t.throws(() => plain({ memory: '4M', swap: '1M' }, without), { code: 'E_HOST', message: /swap/ })
  const present: CgroupFacts = { ...hostV1, swap: { counted: false, present: true } }
  t.throws(() => plain({ memory: '4M' }, present), { code: 'E_HOST', hint: /--swap max/ }, 'a memory limit would be none')
  t.doesNotThrow(() => plain({ memory: '4M', swap: 'max' }, present))
  t.throws(() => plain({ swap: '1M' }, hostV1), { code: 'E_REFUSED', message: /v1/ })
})

t.test('the parent on v2', async t => {
  const [v2] = hostV2.hierarchies
  t.ok(v2)
  if (!v2) return
  const parent = (...candidates: readonly ReturnType<typeof candidate>[]): string => parentFor({ ...v2, own: candidates[0]?.path }, ['memory'], { ...hostV2, candidates })
  t.equal(parent(candidate('a/b'), candidate('a')), 'a/b', 'our own group, when it is empty')
  t.equal(parent(candidate('a/b', { processes: true, enabled: ['memory'] }), candidate('a')), 'a/b', '… or gives the controller already')
  t.equal(parent(candidate('a/b', { processes: true }), candidate('a')), 'a', 'else the one above')
  t.equal(parent(candidate('a/b', { processes: true }), candidate('a', { writable: false }), candidate('', { writable: false })), 'a/b', 'never one that we may not write to')
  t.equal(parent(candidate('a/b', { controllers: [] }), candidate('a')), 'a', 'never one without the controller')
  t.equal(parent(candidate('', { processes: true })), '', 'the top may have both')
})

t.test('what this host does not have', async t => {
  t.throws(() => plain({ pids: 1 }, { ...hostV1, hierarchies: [] }), { code: 'E_HOST', message: /pids/ })
  const [memory] = hostV1.hierarchies
  if (memory) t.throws(() => plain({ memory: '4M' }, { ...hostV1, hierarchies: [{ ...memory, own: undefined }] }), { code: 'E_HOST', path: memory.mount })
  t.throws(() => steps({ unified: { 'memory.high': '1' } }, hostV1), { code: 'E_HOST', why: /v1/ })
  t.strictSame(steps({ memory: 4096, swap: 'max', unified: { 'memory.high': '1', 'memory.max': '8192' } }, hostV2)[0].groups[0]?.write, [{ file: 'memory.max', value: '8192' }, { file: 'memory.high', value: '1' }], 'unified comes last')
})

t.test('every step is valid by the published schema', async t => {
  const schema = JSON.parse(readFileSync(join(import.meta.dirname, '../plan.schema.json'), 'utf8')) as { $defs: { 'cgroup.join': object } }
  const valid = new Ajv({ allowUnionTypes: true }).compile(schema.$defs['cgroup.join'])
  for (const facts of [hostV1, hostV2, hostHybrid]) t.ok(valid(limits(all, facts)[0]), JSON.stringify(valid.errors))
})

t.test('in words', async t => {
  const [step] = limits({ pids: 5 }, hostV1)
  t.match(words(step).calls, ['mkdir(/sys/fs/cgroup/pids/srcon-…)', 'write(/sys/fs/cgroup/pids/srcon-…/pids.max, "5")', 'write(/sys/fs/cgroup/pids/srcon-…/cgroup.procs, "0")', /rmdir/])
  t.equal(words(step).classic, 'G=/sys/fs/cgroup/pids/srcon-…; mkdir $G; echo 5 > $G/pids.max; echo $$ > $G/cgroup.procs')
  t.equal(words(limits({ pids: 5 }, hostV2)[0]).calls[0], 'write(/sys/fs/cgroup/a.slice/cgroup.subtree_control, "+pids")')
})
