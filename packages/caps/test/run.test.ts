// The whole way: words, plan, launcher, and then the kernel is asked. Positive controls beside every wall.
import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { namesOf } from '../src/names.ts'
import { noCompiler, probes, seenIn } from './fixtures/probe.ts'
import { caps, noLauncher, notRoot, PATH, statusBehind, words } from './fixtures/run.ts'

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
  t.equal(inSelf([], 'f=$(mktemp); chown 5 "$f"; s=$?; rm "$f"; exit $s'), 0)
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

t.test('single sets and texts', { skip: notRoot }, async t => {
  const iab = statusBehind(['--iab', '!%cap_chown,^cap_kill', '--user', '1000'])
  t.strictSame(names(iab['CapInh']), ['CAP_CHOWN', 'CAP_KILL'])
  t.strictSame(names(iab['CapAmb']), ['CAP_KILL'])
  t.notOk(names(iab['CapBnd']).includes('CAP_CHOWN'))
  const clauses = statusBehind(['--securebits', 'noroot', '--caps', 'all=p cap_kill+ei', '--ambient', 'kill'])
  t.strictSame(names(clauses['CapEff']), ['CAP_KILL'], 'with noroot uid 0 has only the ambient ones')
  t.strictSame(names(statusBehind(['--user', '1000', '--keep', 'kill,chown', '--keep-caps'])['CapEff']), ['CAP_CHOWN', 'CAP_KILL'])
  t.match(caps(['--add', 'b:sys_resource,kill', '--', 'true'], { before: ['setpriv', '--bounding-set=-kill'] }), { status: 125, stderr: /to the bounding set\n {2}why: it can only shrink/ }, 'setpriv says nothing and ends with 0')
  t.match(caps(['--caps', 'cap_kil=p', '--', 'true']), { status: 125, stderr: /unknown capability 'cap_kil' at character 1\n {2}fix: did you mean cap_kill/ })
})

t.test('all says what it lacks, where one looks for it', { skip: notRoot }, async t => {
  const without = ['setpriv', '--bounding-set=-sys_time']
  t.match(caps(['--keep', 'all', '--dry-run', '--', 'true'], { before: without }).stdout, /# all, as far as the process has it: it lacks .*CAP_SYS_TIME/)
  t.match(JSON.parse(caps(['--keep', 'all', '--plan', '--', 'true'], { before: without }).stdout), { steps: [{ lacks: /CAP_SYS_TIME/ }] })
  t.equal(caps(['--keep', 'all', '--', 'true'], { before: without }).stderr, '', 'and is no noise')
})

t.test('names of the root where the command runs', { skip: notRoot }, async t => {
  const folder = mkdtempSync(join(tmpdir(), 'caps-root-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  chmodSync(folder, 0o755)
  mkdirSync(join(folder, 'etc'))
  for (const name of ['usr', 'proc', 'lib', 'lib64', 'bin']) mkdirSync(join(folder, name))
  const passwd = join(folder, 'etc/passwd')
  writeFileSync(passwd, 'root:x:77:78::/:\nbox:x:1234:1235::/:\nbox:x:1:1::/:\n')
  writeFileSync(join(folder, 'etc/group'), 'boxes:x:4321:\nextra:x:44:other,box\nmore:x:45:box\n')
  const run = (...args: string[]) => caps(['--drop', 'b:sys_time', '--', 'chroot-fs', folder, '--proc', ...['usr', 'lib', 'lib64', 'bin'].flatMap(name => ['--bind', `/${name}:/${name}`]), '--', 'caps', ...args, '--', 'grep', '-E', 'Uid|Gid|Groups', '/proc/self/status'])
  const status = run('--user', 'box', '--init-groups')
  t.match(status.stdout.replaceAll('\t', ' '), /Uid: 1234 1234 1234 1234\nGid: 1235 1235 1235 1235\nGroups: 44 45 1235/, status.stderr)
  t.match(run('--user', 'root:boxes', '--groups', 'more,7').stdout.replaceAll('\t', ' '), /Uid: 77 77 77 77\nGid: 4321 .*\nGroups: 7 45/, 'also root is that root\'s')
  t.match(run('--user', 'nobody'), { status: 125, stderr: /no user 'nobody' in \/etc\/passwd\n {2}why: names are those of the root/ }, 'the host has one')
  rmSync(passwd)
  symlinkSync('/proc/1/root/etc/passwd', passwd)
  t.match(run('--user', 'nobody'), { status: 125, stderr: /cannot look up/ }, 'a link does not lead to the host')
  rmSync(passwd)
  spawnSync('mkfifo', [passwd])
  t.match(run('--user', 'box'), { status: 125, stderr: /not a regular file/ }, 'a pipe does not hold it')
  rmSync(passwd)
  writeFileSync(passwd, Buffer.alloc((4 << 20) + 1, 'x'))
  t.match(run('--user', 'box'), { status: 125, stderr: /larger than/ })
  rmSync(passwd)
  t.match(run('--user', 'box'), { status: 125, stderr: /no such file/ })
  t.match(run('--user', '5').stdout, /Uid:\t5\t/, 'a number needs no file')
  t.match(caps(['--user', 'nobody', '--', 'chroot-fs', folder, '--', 'true']), { status: 125, stderr: /a new root after users or groups were looked up by name/ })
})

t.test('the parent-death signal is armed after exec', { skip: notRoot || noCompiler }, async t => {
  const { folder, remove } = probes({})
  t.teardown(remove)
  const armed = (args: readonly string[], before: readonly string[] = []) => {
    const { stdout, stderr, status } = caps([...args, '--', join(folder, 'plain')], { before })
    return status === 0 ? seenIn(stdout)['Pdeathsig'] : stderr
  }
  t.equal(armed([]), '0')
  t.equal(armed(['--pdeathsig', 'TERM']), '15')
  t.equal(armed(['--pdeathsig', 'TERM', '--user', '1000', '--drop', 'all']), '15', 'ids and capabilities clear it')
  t.equal(armed(['--pdeathsig', 'USR1', '--', 'caps', '--user', '1000']), '10', 'also in a later link')
  t.equal(armed(['--user', '1000'], ['setpriv', '--pdeathsig', 'HUP']), '0', 'the kernel clears it')
  t.equal(armed(['--user', '1000', '--pdeathsig', 'keep'], ['setpriv', '--pdeathsig', 'HUP']), '1')
  t.equal(armed(['--pdeathsig', 'clear'], ['setpriv', '--pdeathsig', 'HUP']), '0')
  for (const init of [[], ['--no-init']]) t.equal(armed(['--drop', 'b:kill', '--', 'ns-unshare', '--pid', ...init, '--', 'caps', '--user', '1000', '--pdeathsig', 'USR1']), '10', `in a pid namespace ${init.join('')}`)
  t.match(armed(['--drop', 'b:kill', '--', 'ns-unshare', '--pid', '--', 'caps', '--pdeathsig', 'clear']), /supervisor stays as its parent/)
})

t.test('the end of the caller reaches the command', { skip: notRoot }, async t => {
  for (const before of [[], ['--', 'ns-unshare', '--pid', '--', 'caps']]) {
    const script = `trap 'echo TERM; exit 0' TERM; echo ready; while :; do sleep 0.05; done`
    const child = spawn('sh', ['-c', `"$@" & echo started; read x`, 'sh', ...words, ...(before.length > 0 ? ['--drop', 'b:kill', ...before] : []), '--pdeathsig', 'TERM', '--', 'sh', '-c', script], { stdio: ['pipe', 'pipe', 'inherit'], env: { PATH } })
    let said = ''
    const heard = async (word: string) => await new Promise<void>(resolve => {
      const look = () => said.includes(word) && resolve()
      child.stdout.on('data', (text: Buffer) => ((said += text.toString()), look()))
      look()
    })
    await heard('ready')
    child.kill('SIGKILL')
    await heard('TERM')
    t.pass(before.length > 0 ? 'also through a supervisor' : 'in place')
  }
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
