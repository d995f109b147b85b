// The whole way: words, plan, launcher, and then the kernel is asked. Positive controls beside every wall.
import t from 'tap'
import { namesOf } from '../src/names.ts'
import { caps, noLauncher, notRoot, statusBehind } from './fixtures/run.ts'

const names = (hex: string | undefined) => namesOf(BigInt(`0x${hex ?? ''}`))

t.test('as root', { skip: notRoot }, async t => {
  const before = statusBehind([])
  const none = statusBehind(['--drop', 'all'])
  for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb']) t.equal(none[set], '0000000000000000', set)
  t.equal(none['NoNewPrivs'], '0')
  const less = statusBehind(['--drop', 'srcontainer'])
  t.equal(BigInt(`0x${less['CapBnd']}`), BigInt(`0x${before['CapBnd']}`) & 0x1c0141cbfebn, 'what was there without the twenty')
  t.equal(less['CapEff'], less['CapBnd'])
  t.equal(statusBehind(['--keep', 'docker'])['CapEff'], '00000000a80425fb')
})

t.test('the walls hold', { skip: notRoot }, async t => {
  const inSelf = (args: readonly string[], script: string) => caps([...args, '--', 'sh', '-c', script]).status
  t.equal(inSelf([], 'chown 5 "$(mktemp)"'), 0)
  t.equal(inSelf(['--drop', 'chown'], 'f=$(mktemp); chown 5 "$f"; s=$?; rm "$f"; exit $s'), 1)
  const setuid = ['setpriv', '--reuid=1000', '--clear-groups', 'cat', '/proc/self/status']
  t.equal(caps(['--', ...setuid]).status, 0)
  t.not(caps(['--drop', 'setuid', '--', ...setuid]).status, 0)
})

t.test('ids', { skip: notRoot }, async t => {
  const status = statusBehind(['--user', '1000:1001', '--groups', '9,7'])
  t.match(status, { Uid: '1000 1000 1000 1000', Gid: '1001 1001 1001 1001', Groups: '7 9' })
  t.strictSame(names(status['CapEff']), [], 'exec by an ordinary user leaves none')
  const ambient = statusBehind(['--user', '1000', '--keep', 'kill', '--ambient', 'kill'])
  for (const set of ['CapEff', 'CapPrm', 'CapInh', 'CapAmb', 'CapBnd']) t.strictSame(names(ambient[set]), ['CAP_KILL'], set)
})

t.test('as an ordinary user', { skip: notRoot }, async t => {
  const uid = 65_534
  t.match(caps(['--drop', 'all', '--', 'true'], { uid }), { status: 125, stdout: '', stderr: /^caps: cannot drop from the bounding set\n {2}why: .*CAP_SETPCAP.*\n {2}fix: add --no-new-privs/ })
  t.match(statusBehind(['--drop', 'all', '--no-new-privs'], { uid }), { NoNewPrivs: '1', CapPrm: '0000000000000000', Uid: '65534 65534 65534 65534' })
  t.match(caps(['--user', '1', '--keep-groups', '--', 'true'], { uid }), { status: 125, stderr: /cannot become group 1: EPERM \(setresgid\)\n {2}why: that needs CAP_SETGID/ })
})

t.test('twice in a chain', { skip: notRoot }, async t => {
  const status = statusBehind(['--drop', 'kill', '--', 'caps', '--drop', 'chown'])
  const left = names(status['CapEff'])
  t.notOk(left.includes('CAP_KILL') || left.includes('CAP_CHOWN'))
  t.ok(left.includes('CAP_FOWNER'))
  t.match(caps(['--drop', 'kill', '--', 'caps', '--keep', 'kill', '--', 'true']), { status: 125, stderr: /cannot keep CAP_KILL/ })
})

t.test('what fails at run time is explained', { skip: notRoot }, async t => {
  const limited = ['setpriv', '--bounding-set=-setpcap', '--inh-caps=-all']
  t.match(caps(['--drop', 'chown', '--', 'true'], { before: limited }), { status: 125, stderr: /CAP_SETPCAP/ })
})

t.test('filter', { skip: noLauncher }, async t => {
  const { status, stdout } = caps(['--drop', 'all'], { input: '{"ociVersion":"1.2.0","x":9223372036854775807}' })
  t.equal(status, 0)
  t.match(stdout, '9223372036854775807')
  t.strictSame((JSON.parse(stdout) as { process: { capabilities: object } }).process.capabilities, { bounding: [], effective: [], permitted: [], inheritable: [], ambient: [] })
  t.match(caps(['--drop', 'all'], { input: '' }), { status: 125, stdout: '' })
})
