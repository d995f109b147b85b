// From words to limits: units, ranges, what one option implies for another.
import t from 'tap'
import { checkLimits, readLimits, type LimitOptions, type Limits } from '../src/limits.ts'

const read = (...given: readonly (readonly [string, string])[]): Limits => readLimits({ tool: 'cgroup-ctl', verb: '', given: given.map(([name, value]) => ({ name, value })), positionals: [] })

t.test('words become integers in the kernel\'s units', async t => {
  t.strictSame(read(['memory', '64M']), { memory: 67_108_864, swap: 0 }, 'a memory limit implies no swap')
  t.strictSame(read(['memory', '64M'], ['swap', 'max']), { memory: 67_108_864, swap: 'max' })
  t.strictSame(read(['memory', 'max']), { memory: 'max' })
  t.strictSame(read(['cpus', '0.2']), { cpuQuotaUsec: 20_000, cpuPeriodUsec: 100_000 })
  t.strictSame(read(['cpu-weight', '100'], ['cpuset', '0-2,5'], ['pids', '20']), { cpuWeight: 100, cpuset: '0-2,5', pids: 20 })
})

t.test('the library says the same', async t => {
  t.strictSame(checkLimits({ memory: '64M', cpus: 0.2, cpuWeight: 100, cpuset: '0', pids: 20 }), read(['memory', '64M'], ['cpus', '0.2'], ['cpu-weight', '100'], ['cpuset', '0'], ['pids', '20']))
  t.strictSame(checkLimits({ memory: 67_108_864 }), read(['memory', '64M']))
})

t.test('what is no limit is refused by the name of the option', async t => {
  const wrong: readonly (readonly [LimitOptions, RegExp])[] = [
    [{}, /no limit/], [{ memory: '1e3' }, /--memory/], [{ memory: -1 }, /--memory/], [{ memory: 0 }, /--memory/], [{ swap: 'no' }, /--swap/], [{ cpus: 0 }, /--cpus/], [{ cpus: '0.001' }, /--cpus/],
    [{ cpuWeight: 0 }, /--cpu-weight/], [{ cpuWeight: 10_001 }, /--cpu-weight/], [{ cpuset: '3-1' }, /--cpuset/], [{ cpuset: '0,' }, /--cpuset/], [{ cpuset: '' }, /--cpuset/], [{ pids: 0 }, /--pids/], [{ pids: '5x' }, /--pids/],
  ]
  for (const [options, message] of wrong) t.throws(() => checkLimits(options), { code: 'E_USAGE', message }, JSON.stringify(options))
})
