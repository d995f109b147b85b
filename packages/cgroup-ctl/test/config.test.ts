// The config form: OCI's units, other keys untouched, and back without loss.
import { newConfig, type OciResources } from '@srcon/kit/config'
import t from 'tap'
import { configure, fromConfig } from '../src/config.ts'
import { checkLimits, type LimitOptions, type Limits } from '../src/limits.ts'
import { steps } from '../src/steps.ts'
import { hostV1, hostV2 } from './fixtures/hosts.ts'

const fragment = (options: LimitOptions, facts = hostV1): OciResources | undefined => configure(newConfig(), checkLimits(options), facts).linux?.resources
const back = (resources: OciResources): Limits | undefined => fromConfig({ ...newConfig(), linux: { resources } })

t.test('in OCI\'s units', async t => {
  t.strictSame(fragment({ memory: '64M', swap: '1M' }), { memory: { limit: 67_108_864, swap: 68_157_440 } }, 'swap there is the sum')
  t.strictSame(fragment({ memory: '64M' }), { memory: { limit: 67_108_864, swap: 67_108_864 } })
  t.strictSame(fragment({ memory: '64M', swap: 'max' }), { memory: { limit: 67_108_864, swap: -1 } })
  t.strictSame(fragment({ cpus: 0.2, cpuWeight: 100, cpuset: '0' }), { cpu: { shares: 1024, quota: 20_000, period: 100_000, cpus: '0' } })
  t.strictSame(fragment({ cpuWeight: 1000 }, hostV2), { unified: { 'cpu.weight': '1000' } }, "a weight in the words of the host's cpu controller")
  t.strictSame(fragment({ pids: 'max', memory: 'max' }), { memory: { limit: -1 }, pids: { limit: -1 } })
})

t.test('what is not ours stays', async t => {
  const before = { ...newConfig(), hostname: 'x', linux: { namespaces: [{ type: 'pid' }], resources: { devices: [{ allow: false }], memory: { limit: 1, checkBeforeUpdate: true }, unified: { 'io.weight': '3' } } } }
  const after = configure(before, checkLimits({ memory: '4K' }), hostV1)
  t.match(after, { hostname: 'x', linux: { namespaces: [{ type: 'pid' }], resources: { devices: [{ allow: false }], memory: { limit: 4096, swap: 4096, checkBeforeUpdate: true }, unified: { 'io.weight': '3' } } } })
  t.equal(before.linux.resources.memory.limit, 1, 'nothing is changed in place')
})

t.test('there and back are the same limits', async t => {
  const many: readonly LimitOptions[] = [{ memory: '64M' }, { memory: '64M', swap: '1G' }, { memory: '64M', swap: 'max' }, { memory: 'max' }, { memory: 'max', swap: 0 }, { swap: '1M' }, { cpus: 0.35 }, { cpus: 3 }, { cpuset: '0-1' }, { pids: 5 }, { pids: 'max' }]
  for (const options of many) t.strictSame(back(fragment(options) ?? {}), checkLimits(options), JSON.stringify(options))
  for (const cpuWeight of [1, 100, 777]) {
    for (const facts of [hostV1, hostV2]) t.strictSame(steps(back(fragment({ cpuWeight }, facts) ?? {}) ?? {}, facts), steps(checkLimits({ cpuWeight }), facts), `the same step of weight ${cpuWeight}`)
  }
})

t.test('configs of others', async t => {
  t.equal(fromConfig(newConfig()), undefined)
  t.equal(back({ devices: [{ allow: false, access: 'rwm' }] }), undefined, 'devices are no limit of ours')
  t.strictSame(back({ memory: { limit: 4096 } }), { memory: 4096, swap: 'max' }, 'said nothing of swap')
  t.strictSame(back({ cpu: { shares: 512, quota: 50_000, period: 50_000 } }), { cpuQuotaUsec: 50_000, cpuPeriodUsec: 50_000, cpuShares: 512 })
  t.equal(steps({ cpuShares: 512 }, hostV2)[0].groups[0]?.write[0]?.value, '59')
  t.equal(steps({ cpuShares: 512 }, hostV1)[0].groups[0]?.write[0]?.value, '512', 'shares stay as they are on v1')
  t.strictSame(back({ unified: { 'memory.high': '1' } }), { unified: { 'memory.high': '1' } })
  t.equal(back({ pids: { limit: 0 }, cpu: { quota: -1 } }), undefined)
})

t.test('a limit that nobody applies is an error', async t => {
  for (const [resources, name] of [[{ memory: { reservation: 1 } }, 'memory.reservation'], [{ memory: { limit: 5, disableOOMKiller: true } }, 'memory.disableOOMKiller'], [{ cpu: { realtimeRuntime: 5 } }, 'cpu.realtimeRuntime'], [{ blockIO: { weight: 5 } }, 'blockIO.weight'], [{ memory: { limit: 100, swap: 50 } }, 'memory.swap'], [{ memory: { swap: 50 } }, 'memory.swap'], [{ pids: { limit: 1.5 } }, 'pids.limit']] as const) {
    t.throws(() => back(resources), { code: 'E_INPUT', message: new RegExp(`${name}$`) }, name)
  }
  t.doesNotThrow(() => back({ memory: { limit: 5, swappiness: 0, kernel: 5 }, blockIO: {}, hugepageLimits: [] }), 'empty ones are none')
})
