// The library form reaches the same kernel state as the command line.
import t from 'tap'
import { plan, run } from '@srcon/kit'
import { namespaces } from '../src/index.ts'
import { inside, notRoot } from './fixtures/run.ts'

t.test('a plan of the library', { skip: notRoot }, async t => {
  const map = [{ inside: 0, outside: 100_000, count: 65_536 }]
  const script = 'hostname; id -u; cat /proc/self/uid_map; grep NSpid: /proc/self/status | wc -w'
  const steps = namespaces({ mapUsers: map, mapGroups: map, pid: true, mountProc: true, hostname: 'box' })
  const { code, stdout } = await run(plan(['sh', '-c', script], steps))
  t.equal(code, 0)
  t.equal(stdout.trim(), inside(['--map-users', '0:100000:65536', '--map-groups', '0:100000:65536', '-p', '--mount-proc', '--hostname', 'box'], script))
})

t.test('a step that fails rejects, with the cause', { skip: notRoot }, async t => {
  await t.rejects(run(plan(['true'], namespaces({ monotonic: -99_999_999_999 }))), { code: 'ERANGE', step: 'ns.new', syscall: 'write' })
})
