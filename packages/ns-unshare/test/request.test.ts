// Words to options: nothing is guessed.
import t from 'tap'
import { scanLink } from '@srcon/kit/scan'
import { table } from '../src/options.ts'
import { readWords, withImplied } from '../src/request.ts'

const read = (...words: string[]) => readWords(scanLink(table, words, true).link)

t.test('letters as unshare(1) has them', async t => {
  t.strictSame(read('-UpmuinCT'), { user: true, pid: true, mount: true, uts: true, ipc: true, net: true, cgroup: true, time: true })
  t.strictSame(read('-r', '-f', '--kill-child=TERM'), { mapRootUser: true })
  t.strictSame(read('-c'), { mapCurrentUser: true })
})

t.test('files', async t => {
  t.strictSame(read('--net=/run/netns/x', '--uts'), { net: '/run/netns/x', uts: true })
  t.throws(() => read('--net='), { code: 'E_USAGE' })
})

t.test('maps', async t => {
  t.strictSame(read('--map-users', '0:100000:65536', '--map-users=65536:1000:1', '--map-groups', 'auto'), {
    mapUsers: [{ inside: 0, outside: 100_000, count: 65_536 }, { inside: 65_536, outside: 1000, count: 1 }],
    mapGroups: ['auto'],
  })
  for (const map of ['0', '0:1', '0:1:2:3', 'a:b:c', '0:0:0', '-1:0:1', '0:0x1:1', '4294967295:0:1', '0,0,1', '']) t.throws(() => read(`--map-users=${map}`), { code: 'E_USAGE' }, map)
})

t.test('values', async t => {
  t.strictSame(read('--monotonic', '5', '--boottime=-7'), { monotonic: 5, boottime: -7 })
  t.strictSame(read('--hostname', 'box', '--propagation', 'slave', '--setgroups', 'deny', '--loopback', '--mount-proc'), { hostname: 'box', propagation: 'slave', setgroups: 'deny', loopback: true, mountProc: true })
  t.strictSame(read('--pid', '--no-init'), { pid: true, init: false })
  t.strictSame(read('--pid', '--init'), { pid: true, init: true })
  for (const [words, message] of [
    [['--monotonic', '1.5'], /whole number of seconds/],
    [['--boottime='], /needs a value/],
    [['--hostname', 'x'.repeat(65)], /1 to 64 bytes/],
    [['--propagation', 'rprivate'], /cannot be/],
    [['--setgroups', 'no'], /cannot be 'no'/],
    [['--no-init'], /is for --pid/],
    [['--pid', '--init', '--no-init'], /exclude/],
    [['-r', '-c'], /exclude/],
    [['--map-root'], /unknown option/],
  ] as const) t.throws(() => read(...words), { code: 'E_USAGE', message }, words.join(' '))
})

t.test('what options imply', async t => {
  t.match(withImplied({ hostname: 'x' }), { uts: true })
  t.match(withImplied({ mountProc: true }), { mount: true })
  t.match(withImplied({ propagation: 'slave' }), { mount: true })
  t.match(withImplied({ monotonic: 0 }), { time: true })
  t.match(withImplied({ boottime: 0 }), { time: true })
  t.match(withImplied({ loopback: true }), { net: true })
  for (const options of [{ mapRootUser: true }, { mapCurrentUser: true }, { mapUsers: [] }, { mapGroups: [] }, { setgroups: 'deny' as const }]) t.match(withImplied(options), { user: true })
  t.strictSame(withImplied({ mapUsers: ['auto'] }).mapGroups, ['auto'])
  t.strictSame(withImplied({ mapUsers: ['auto'], mapGroups: [] }).mapGroups, [])
  t.equal(withImplied({ hostname: 'x', uts: '/f' }).uts, '/f', 'a file stays')
  t.strictSame(withImplied({ ipc: true }), { ipc: true })
})
