// A held group on the real kernel: limits in force, members killed at its end, locked while it is held.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { create } from '../src/index.ts'
import { noGroups, readGroup } from './fixtures/real.ts'

const skip = noGroups({ memory: '16M', pids: 5 })
const name = `test-${process.pid}`

t.test('a group for several commands', { skip }, async t => {
  const group = await create(name, { memory: '16M', pids: 5 })
  const { groups } = group.join
  t.equal(group.name, `srcon-${name}`)
  t.match(group.join, { do: 'cgroup.join', name: group.name })
  t.strictSame(groups.flatMap(({ write }) => write), [], 'who joins sets no limits')
  const [memory, pids] = [groups.find(({ controllers }) => controllers.includes('memory')), groups.find(({ controllers }) => controllers.includes('pids'))]
  if (!memory || !pids) throw new Error('a hierarchy is missing')
  t.equal(readGroup(memory, group.name, memory.version === 1 ? 'memory.limit_in_bytes' : 'memory.max'), String(16 * 2 ** 20))
  const child = spawn('sleep', ['1000'], { stdio: 'ignore' })
  appendFileSync(join(pids.mount, pids.parent, group.name, 'cgroup.procs'), String(child.pid))
  t.equal(readGroup(pids, group.name, 'pids.current'), '1')
  t.match(group.counted(), { pidsRefused: 0, oomKills: 0 })
  await t.rejects(create(name, { pids: 5 }), { code: 'EEXIST' }, 'the name is taken')
  const ended = once(child, 'exit')
  await group.end()
  t.strictSame(await ended, [null, 'SIGKILL'], 'members are killed')
  for (const { mount, parent } of groups) t.notOk(existsSync(join(mount, parent, group.name)))
  await group.end()
  t.match(group.counted(), { pidsRefused: null }, 'nothing is counted any more')
})

t.test('a group that cannot be made leaves nothing', { skip }, async t => {
  await t.rejects(create(name, { pids: 5, cpuset: '4095' }), { code: /^E/, message: /cpuset/, why: /CPUs/ })
  t.notOk(existsSync(`/sys/fs/cgroup/pids/srcon-${name}`))
  await t.rejects(create('a/b', { pids: 5 }), { code: 'E_USAGE' })
})
