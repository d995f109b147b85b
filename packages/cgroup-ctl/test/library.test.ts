// The library on the real kernel: the verdict says which limit it was, and a held group serves several commands.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { plan, run } from '@srcon/kit'
import t from 'tap'
import { create, limits } from '../src/index.ts'
import { noGroups } from './fixtures/real.ts'

const skip = noGroups({ memory: '16M', cpus: 1, pids: 5 })

t.test('an OOM kill is a result, with the numbers of the group', { skip }, async t => {
  const verdict = await run(plan(['tail', '/dev/zero'], limits({ memory: '16M' })))
  t.match(verdict, { ok: false, reason: 'oom', signal: 'SIGKILL', status: 137, oomKills: 1 })
  t.ok((verdict.peakBytes ?? 0) > 2 ** 23 && (verdict.peakBytes ?? 0) <= 2 ** 24, String(verdict.peakBytes))
  const below = await run(plan(['sh', '-c', 'head -c 1000000 /dev/zero | tail -c 500000 | wc -c'], limits({ memory: '16M' })))
  t.match(below, { ok: true, reason: 'exit', oomKills: 0, stdout: '500000\n' })
})

t.test('a refused fork', { skip }, async t => {
  const { reason, pidsRefused } = await run(plan(['sh', '-c', '(:); (:)'], limits({ pids: 1 })))
  t.equal(reason, 'pids')
  t.ok(pidsRefused > 0)
})

t.test('CPU time of the whole group, also of what nobody waited for', { skip }, async t => {
  const { cpuMs } = await run(plan(['sh', '-c', 'timeout 0.5 sh -c "while :; do :; done" & wait'], limits({ cpus: 1 })))
  t.ok(cpuMs > 100 && cpuMs < 1000, String(cpuMs))
})

t.test('a limit that cannot be applied', { skip }, async t => {
  await t.rejects(run(plan(['true'], limits({ cpuset: '4095' }))), { name: 'ToolError', tool: 'cgroup-ctl', step: 'cgroup.join', message: /cannot set cpuset.cpus to 4095/, why: /not within the CPUs/ })
})

t.test('one group for several commands', { skip }, async t => {
  let place = ''
  {
    await using group = await create(`library-${process.pid}`, { memory: '16M', pids: 10 })
    const [first] = group.join.groups
    place = join(first?.mount ?? '', first?.parent ?? '', group.name)
    const own = await run(plan(['sh', '-c', 'cat /proc/self/cgroup'], group.join))
    t.ok(own.stdout.includes(`/${group.name}\n`), own.stdout)
    for (const kills of [1, 2]) {
      t.match(await run(plan(['tail', '/dev/zero'], group.join)), { signal: 'SIGKILL' })
      t.equal(group.counted().oomKills, kills)
    }
    t.ok(existsSync(place), 'it outlives its commands')
  }
  t.notOk(existsSync(place))
})

t.test('twenty at once leave nothing', { skip }, async t => {
  const verdicts = await Promise.all(Array.from({ length: 20 }, () => run(plan(['sh', '-c', 'cat /proc/self/cgroup; sleep 1000 & :'], limits({ memory: '16M', pids: 5 })))))
  const names = verdicts.map(({ stdout }) => /srcon-[0-9a-f]+/.exec(stdout)?.[0] ?? '')
  t.equal(new Set(names).size, 20)
  const left = limits({ memory: '16M', pids: 5 })[0].groups.flatMap(({ mount, parent }) => names.filter(name => name !== '' && existsSync(join(mount, parent, name))))
  t.strictSame(left, [])
})
