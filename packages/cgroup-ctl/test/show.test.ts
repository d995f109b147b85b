// What show says, compared with the kernel's own files; the same words on v1 and v2.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { accountOf } from '../src/account.ts'
import { show } from '../src/index.ts'
import type { Hierarchy } from '../src/layout.ts'

t.test('this process, from the kernel', { skip: readFileSync('/proc/self/cgroup', 'utf8') === '' ? 'no cgroups here' : false }, async t => {
  const { groups } = show(process.pid)
  const lines = readFileSync('/proc/self/cgroup', 'utf8').trim().split('\n')
  for (const { version, controllers, path } of groups) {
    const line = lines.find(each => (version === 2 ? each.startsWith('0::') : each.split(':')[1] === controllers.join(',')))
    t.ok(path === null || line?.endsWith(path), `${line} is ${path}`)
  }
  t.strictSame(show('self').groups, groups)
})

t.test('no such process', async t => {
  t.throws(() => show(2 ** 22 - 1), { code: 'ESRCH' })
})

t.test('the same account on v1 and v2', async t => {
  const expected = {
    limits: { memory: 67_108_864, swap: 1_048_576, cpus: 0.5, cpuWeight: 100, cpuset: '0-1', pids: 9 },
    use: { memory: 4096, swap: 8192, pids: 3, cpuUsec: 1500 },
    counters: { peakMemory: 8192, oomKills: 2, pidsRefused: 4, throttled: 7, throttledUsec: 12 },
  }
  const v1 = t.testdir({
    'memory.limit_in_bytes': '67108864\n', 'memory.memsw.limit_in_bytes': '68157440\n', 'memory.usage_in_bytes': '4096\n', 'memory.memsw.usage_in_bytes': '12288\n', 'memory.max_usage_in_bytes': '8192\n',
    'memory.oom_control': 'oom_kill_disable 0\nunder_oom 0\noom_kill 2\n', 'cpu.cfs_quota_us': '50000\n', 'cpu.cfs_period_us': '100000\n', 'cpu.shares': '1024\n',
    'cpu.stat': 'nr_periods 9\nnr_throttled 7\nthrottled_time 12000\n', 'cpuacct.usage': '1500900\n', 'cpuset.cpus': '0-1\n', 'pids.max': '9\n', 'pids.current': '3\n', 'pids.events': 'max 4\n',
  })
  const at = (version: 1 | 2, mount: string): Hierarchy => ({ version, controllers: ['memory', 'cpu', 'cpuacct', 'cpuset', 'pids'], mount, own: '', readOnly: false })
  t.strictSame(accountOf([at(1, v1)]), expected)
  const v2 = join(v1, 'v2')
  const { mkdirSync, writeFileSync } = await import('node:fs')
  mkdirSync(v2)
  const files = {
    'memory.max': '67108864', 'memory.swap.max': '1048576', 'memory.current': '4096', 'memory.swap.current': '8192', 'memory.peak': '8192', 'memory.events': 'low 0\noom 3\noom_kill 2\n', 'cpu.max': '50000 100000', 'cpu.weight': '100',
    'cpu.stat': 'usage_usec 1500\nuser_usec 1\nnr_throttled 7\nthrottled_usec 12\n', 'cpuset.cpus.effective': '0-1', 'pids.max': '9', 'pids.current': '3', 'pids.events': 'max 4\n',
  }
  for (const [file, text] of Object.entries(files)) writeFileSync(join(v2, file), `${text}\n`)
  t.strictSame(accountOf([at(2, v2)]), expected)
})

t.test('no limit, and files that are not there', async t => {
  const mount = t.testdir({ 'memory.limit_in_bytes': '9223372036854771712\n', 'cpu.cfs_quota_us': '-1\n', 'cpu.cfs_period_us': '100000\n' })
  const account = accountOf([{ version: 1, controllers: ['memory', 'cpu'], mount, own: '', readOnly: false }])
  t.match(account, { limits: { memory: 'max', swap: null, cpus: 'max', cpuset: null, pids: null }, use: { cpuUsec: null }, counters: { oomKills: null } })
  t.match(accountOf([]), { limits: { memory: null }, use: { memory: null }, counters: { throttled: null } })
})
