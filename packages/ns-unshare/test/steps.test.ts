// The fixed order inside one link.
import t from 'tap'
import { namespaces } from '../src/index.ts'
import { steps } from '../src/steps.ts'
import { root, user } from './fixtures/facts.ts'

const names = (made: readonly { readonly do: string }[]) => made.map(step => step.do)

t.test('everything, in the order that works', async t => {
  t.strictSame(steps({ pid: true, net: true, uts: true, mount: true, ipc: true, cgroup: true, time: true, user: true, hostname: 'box', loopback: true, mountProc: true, monotonic: 5 }, user, []), [
    { do: 'ns.user' },
    { do: 'ns.new', types: ['time', 'cgroup', 'mnt', 'uts', 'ipc', 'net'], propagation: 'private', timeOffsets: { monotonic: 5 } },
    { do: 'ns.hostname', name: 'box' },
    { do: 'ns.loopback' },
    { do: 'ns.pid', init: true },
    { do: 'ns.proc' },
  ])
})

t.test('only what was asked for', async t => {
  t.strictSame(steps({}, root, []), [])
  t.strictSame(steps({ uts: true }, root, []), [{ do: 'ns.new', types: ['uts'] }])
  t.strictSame(steps({ pid: true, init: false }, root, []), [{ do: 'ns.pid', init: false }])
  t.strictSame(steps({ mount: true, propagation: 'slave' }, root, []), [{ do: 'ns.new', types: ['mnt'], propagation: 'slave' }])
  t.strictSame(steps({ boottime: -1 }, root, []), [{ do: 'ns.new', types: ['time'], timeOffsets: { boottime: -1 } }])
})

t.test('a file is bound when its namespace is there', async t => {
  const made = steps({ user: '/u', pid: '/p', net: '/n', mount: true }, root, [])
  t.strictSame(made, [
    { do: 'ns.user' }, { do: 'ns.file', type: 'user', path: '/u' },
    { do: 'ns.new', types: ['mnt', 'net'], propagation: 'private' }, { do: 'ns.file', type: 'net', path: '/n' },
    { do: 'ns.pid', init: true }, { do: 'ns.file', type: 'pid', path: '/p' },
  ])
})

t.test('the library', async t => {
  t.strictSame(names(namespaces({ mapRootUser: true, pid: true, mount: true }, user)), ['ns.user', 'ns.new', 'ns.pid'])
  t.throws(() => namespaces({ init: true }, user), { code: 'E_USAGE' })
  t.ok(names(namespaces({ uts: true })).includes('ns.new'), 'reads the facts by itself')
})
