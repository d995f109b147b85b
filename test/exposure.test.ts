// What of the host can be seen or reached from inside: descriptors, processes, mounts, groups, sockets, keys, secrets.
// Something is planted on the host, the container looks for it, and so does a process without that wall.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, chownSync, closeSync, openSync, readFileSync, readdirSync, realpathSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { once } from 'node:events'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import { cleanEnv } from './support/clean-env.ts'
import { actWords, answers, host, isRoot, notRoot, open, start, user, walled, type Act } from './support/probe.ts'

const { dir, probe, remove } = host()
t.teardown(remove)
const callers = [{}, ...(isRoot ? [{ as: user }] : [])]
const works = /^(ok|\d+)$/
const unique = (): string => `srcon-${process.pid}-${Math.random().toString(36).slice(2)}`

/** Every capability of its own user namespace and no filter: who breaks those two walls has this. */
const strong = ['--keep', 'all', '--profile', 'none'] as const

t.test('descriptors of the caller', async t => {
  const secret = join(dir, 'secret')
  writeFileSync(secret, 'HOSTSECRET')
  const planted = [openSync('/', 'r'), openSync(secret, 'r')]
  t.teardown(() => planted.forEach(fd => closeSync(fd)))
  const stdio = ['ignore', 'pipe', 'pipe', 'ignore', 'ignore', 'ignore', 'ignore', 'ignore', ...planted] as const
  for (const as of callers) t.strictSame(answers(walled(dir), [['fds'], ['fchdir', 8]], { ...as, stdio: [...stdio] }), ['0 1 2 ok', 'EBADF'])
  t.match(answers([probe], [['fds'], ['fchdir', 8]], { stdio: [...stdio] }), [/ 8 9 /, 'ok'], 'the control')
  // CVE-2024-21626: a working directory that is a descriptor of the runtime or of its caller.
  const enter = (fd: number) => start(['srcon', 'run', '-n', '--workdir', `/proc/self/fd/${fd}`, '--', 'sh', '-c', 'pwd -P && ls -A'], { stdio: [...stdio] })
  for (let fd = 3; fd < 24; fd++) {
    const { status, stdout, stderr } = enter(fd)
    // One of the launcher's own is the empty mount that masks directories: it lies in the root.
    if (status === 0) t.match(stdout, /^\/(proc|sys)\/\S+\n$/, `${fd} is in the root, and empty`)
    else t.match({ status, stderr }, { status: 125, stderr: /cannot make \S+ the working directory/ }, `${fd}`)
  }
  t.match(start(['sh', '-c', 'cd /proc/self/fd/8 && pwd -P'], { stdio: [...stdio] }).stdout, /^\/\n$/, 'the control')
})

t.test('environment of the caller', async t => {
  const env = { HOSTSECRET: 'HOSTSECRET' }
  for (const as of callers) t.strictSame(answers(walled(dir), [['env', 'HOSTSECRET'], ['holds', '/proc/self/environ', 'HOSTSECRET'], ['holds', '/proc/1/environ', 'HOSTSECRET']], { ...as, env }), ['ok', 'ok', 'EACCES'])
  t.match(answers(walled(dir, ...strong), [['holds', '/proc/1/environ', 'HOSTSECRET']], { env }), [/^(ok|EACCES)$/], 'nor with every capability: pid 1 has nothing of it')
  t.strictSame(answers(walled(dir, '--env', 'HOSTSECRET'), [['env', 'HOSTSECRET']], { env }), ['1'], 'the control: asked for')
  if (isRoot) t.strictSame(answers(open(dir), [['holds', '/proc/1/environ', 'HOSTSECRET']], { env }), ['1'], 'the control')
})

t.test('CVE-2019-5736: what runs beside the command is no file of the host', async t => {
  const files = [process.execPath, realpathSync(join(import.meta.dirname, '../node_modules/.bin/srcon')), ...readdirSync(join(import.meta.dirname, '../packages/launcher/bin'), { recursive: true, withFileTypes: true }).filter(each => each.isFile()).map(each => join(each.parentPath, each.name))]
  const sums = (): string[] => files.map(file => createHash('sha256').update(readFileSync(file)).digest('hex'))
  const before = sums()
  t.match(start(['srcon', 'run', '-n', ...strong, '--bind', `${dir}:/tmp/p`, '--', '/tmp/p/self', 'getpid']), { status: 125, stderr: /^srcon-launch: / }, 'the entry point /proc/self/exe is the launcher, from its sealed copy')
  for (const path of ['/proc/1/exe', '/proc/self/exe']) t.match(answers(walled(dir, ...strong), [['openat', -100, `"${path}`, 1]]), [/^(EACCES|EPERM|ETXTBSY|EROFS)$/], path)
  t.strictSame(sums(), before)
})

t.test('processes of the host', async t => {
  const sleeper = spawn('sleep', ['1000'], { stdio: 'ignore', env: cleanEnv() })
  t.teardown(() => sleeper.kill('SIGKILL'))
  await once(sleeper, 'spawn')
  const pid = sleeper.pid ?? 0
  const namespace = spawnSync('readlink', ['/proc/self/ns/pid'], { encoding: 'utf8' }).stdout.trim()
  const acts: Act[] = [['kill', pid, 0], ['pidfd_open', pid, 0], ['processes']]
  for (const as of callers) {
    t.match(answers(walled(dir), acts, as), ['ESRCH', 'ESRCH', /^[23] ok$/])
    t.match(start([...walled(dir), 'kill-all', namespace], as), { signal: 'SIGKILL' }, 'kill -9 -1 ends its own, the command first')
  }
  t.strictSame([sleeper.exitCode, sleeper.signalCode], [null, null])
  if (isRoot) t.match(answers(open(dir, ['--pid']), [['kill', pid, 0], ['processes']]), ['ok', /^([4-9]|\d\d+) ok$/], 'the control')
})

t.test('mounts inside do not reach the host', { skip: notRoot }, async t => {
  // In a mount namespace that is shared on purpose, as the root of most hosts is.
  const seen = (words: string): string => start(['unshare', '--mount', 'sh', '-c', `mount --make-rshared / && ${words}; grep -c ' mark ' /proc/self/mountinfo`]).stdout.trim()
  t.equal(seen(`srcon run -n ${strong.join(' ')} -- sh -c 'mount -t tmpfs mark /tmp && grep -c " mark " /proc/self/mountinfo'`), '1\n0')
  t.equal(seen(`srcon run -n ${strong.join(' ')} -- grep -c shared: /proc/self/mountinfo`), '0\n0', 'none is shared')
  t.equal(seen(`ns-unshare --mount -- sh -c 'mount -t tmpfs mark /tmp && grep -c " mark " /proc/self/mountinfo'`), '1\n0')
  t.equal(seen(`ns-unshare --mount --propagation unchanged -- sh -c 'mount -t tmpfs mark /tmp && grep -c " mark " /proc/self/mountinfo'`), '1\n1', 'the control')
})

t.test('files that tell of the host, or change it', async t => {
  const show = 'for p in /proc/kcore /proc/keys /proc/timer_list /proc/interrupts /proc/kallsyms /proc/scsi /proc/acpi /sys/firmware; do if [ -d $p ]; then ls -A $p; else head -c1 $p; fi 2>/dev/null; done'
  for (const as of callers) {
    t.equal(start(['srcon', 'run', '-n', '--', 'sh', '-c', show], as).stdout, '')
    t.strictSame(answers(walled(dir), [['writable', '/proc/sys'], ['writable', '/sys'], ['put', '/proc/sysrq-trigger', '?'], ['put', '/proc/sys/kernel/core_pattern', 'x']], as).map(text => text.replace('ENOENT', 'EROFS').replace('EACCES', 'EROFS')), ['0 ok', '0 ok', 'EROFS', 'EROFS'])
  }
  t.match(start(['srcon', 'run', '-n', '--unmask', '--', 'sh', '-c', show]).stdout, /./, 'the control')
  if (isRoot) t.match(answers(open(dir), [['writable', '/proc/sys']]), [/ [1-9]\d* ok$/], 'the control')
})

t.test('files of root cannot be read by a container of root', { skip: notRoot }, async t => {
  const secret = join(dir, 'root-only')
  writeFileSync(secret, 'HOSTSECRET', { mode: 0o600 })
  const acts: Act[] = [['holds', '/etc/shadow', 'root'], ['holds', '/tmp/p/root-only', 'HOSTSECRET'], ['holds', '/proc/self/uid_map', ' 0 ']]
  t.strictSame(answers(walled(dir), acts).slice(0, 2), ['EACCES', 'EACCES'])
  t.strictSame(answers(walled(dir, ...strong), acts).slice(0, 2), ['EACCES', 'EACCES'], 'nor with every capability')
  t.strictSame(answers(open(dir), acts).slice(0, 2), ['1', '1'], 'the control')
})

t.test('supplementary groups of the caller are gone', { skip: notRoot }, async t => {
  const file = join(dir, 'for-the-group')
  writeFileSync(file, 'HOSTSECRET')
  chownSync(file, 0, 4321)
  chmodSync(file, 0o040)
  const acts: Act[] = [['ids'], ['holds', '/tmp/p/for-the-group', 'HOSTSECRET']]
  const root = { as: { uid: 0, groups: [4321] } }
  t.strictSame(answers(walled(dir), acts, root), ['0 0 0 ok', 'EACCES'], 'who may map ids')
  const chain = (...caps: string[]): string[] => ['ns-unshare', '--mount', '--', 'chroot-fs', '--tmpfs', '/tmp', '--bind', `${dir}:/tmp/p`, '--', 'caps', '--user', '1234', ...caps, '--', '/tmp/p/probe']
  t.strictSame(answers(chain(), acts, root), ['1234 1234 0 ok', 'EACCES'])
  t.strictSame(answers(chain('--keep-groups'), acts, root), ['1234 1234 1 ok', '1'], 'the control: kept where asked for')
})

t.test('control groups', { skip: notRoot }, async t => {
  const inside = (...options: string[]): string[] => answers(walled(dir, '--memory', '64M', '--pids', '50', ...options), [['writable', '/sys/fs/cgroup']])
  t.strictSame(inside('--cgroups'), ['0 ok'], 'read-only')
  t.strictSame(inside('--cgroups=rw', ...strong), ['0 ok'], 'writable, with every capability: the groups are not theirs')
  const chain = (mode: string): string[] => ['cgroup-ctl', '--memory', '64M', '--', 'ns-unshare', '--pid', '--cgroup', '--', 'chroot-fs', '--proc', '--sys', `--cgroups=${mode}`, '--tmpfs', '/tmp', '--bind', `${dir}:/tmp/p`, '--', '/tmp/p/probe']
  t.match(answers(chain('rw'), [['writable', '/sys/fs/cgroup']]), [/ [1-9]\d* ok$/], 'the control: root of the host, and a writable tree')
  t.strictSame(answers(chain('ro'), [['writable', '/sys/fs/cgroup']]), ['0 ok'])
  t.equal(start(['srcon', 'run', '-n', '--memory', '64M', '--cgroups', '--', 'sh', '-c', 'grep -v ":/$" /proc/self/cgroup | grep -E "memory|pids"']).stdout, '', 'the path of the group is not told')
})

t.test('sockets of the host', async t => {
  const name = unique()
  const listen = async (where: string | number): Promise<Server> => {
    const server = createServer(socket => socket.on('error', () => {}).destroy())
    server.listen(typeof where === 'string' ? { path: where } : { port: where, host: '127.0.0.1' })
    await once(server, 'listening')
    t.teardown(() => server.close())
    return server
  }
  await listen(`\0${name}`)
  const address = (await listen(0)).address()
  const port = typeof address === 'object' && address ? address.port : 0
  const acts: Act[] = [['abstract', name], ['loopback', port]]
  for (const as of callers) {
    t.match(answers(walled(dir), acts, as), ['ECONNREFUSED', /^(ECONNREFUSED|ENETUNREACH)$/])
    t.match(answers(walled(dir, '--loopback'), acts, as), ['ECONNREFUSED', 'ECONNREFUSED'], 'its own loopback is another')
    t.strictSame(answers(walled(dir, '--share', 'net'), acts, as), ['ok', 'ok'], 'the control')
  }
})

t.test('keys of the session', async t => {
  const name = unique()
  // Search is by the possessor of the session's key ring.
  const search: Act[] = [['keyctl', 10, -3, '"user', `"${name}`, 0]]
  const keyed = [probe, 'keyed', name]
  if (!/^\d+$/.test(start([...keyed, probe, ...actWords(search)]).stdout.trim())) {
    t.pass('no keys', { skip: 'this host does not let us have keys' })
    return
  }
  t.match(start([...keyed, probe, ...actWords(search)]).stdout, /^\d+\n/, 'the control')
  const srcon = join(import.meta.dirname, '../node_modules/.bin/srcon')
  const behind = (...words: string[]) => start([...keyed, srcon, ...words, ...actWords(search)]).stdout.split('\n')[0]
  t.match(behind(...walled(dir, '--profile', 'none').slice(1)), /^(ENOKEY|EACCES)$/, 'a key ring of its own, before any filter')
  t.match(behind(...walled(dir).slice(1)), /^EPERM$/)
})

t.test('System V IPC and the host name', async t => {
  const key = 0x5352_0000 + (process.pid & 0xffff)
  const id = answers([probe], [['shmget', key, 4096, 0o1666]])[0] ?? ''
  t.teardown(() => answers([probe], [['shmctl', id, 0, 0]]))
  t.match(id, works)
  const before = hostname()
  for (const as of callers) {
    t.strictSame(answers(walled(dir), [['shmget', key, 0, 0]], as), ['ENOENT'])
    t.match(answers(walled(dir, '--share', 'ipc'), [['shmget', key, 0, 0]], as), [works], 'the control')
    t.strictSame(start(['srcon', 'run', '-n', ...strong, '--', 'sh', '-c', 'hostname escaped && uname -n'], as).stdout, 'escaped\n', 'its own name')
  }
  t.equal(spawnSync('uname', ['-n'], { encoding: 'utf8' }).stdout.trim(), before)
})

t.test('umask and resource limits are the caller\'s; limits cannot be raised', async t => {
  const NOFILE = 7
  for (const as of callers) {
    for (const mask of ['000', '027', '777']) t.strictSame(start(['sh', '-c', `umask ${mask}; exec "$@"`, 'sh', ...walled(dir), 'umask'], as).stdout, `${mask} ok\n`)
    const limited = start(['sh', '-c', 'ulimit -Sn 500 && ulimit -Hn 600; "$@"; exit', 'sh', ...walled(dir), ...actWords([['rlimit', NOFILE], ['rlimit', NOFILE, 100_000], ['rlimit', NOFILE, 400]])], as)
    t.strictSame(limited.stdout, '500 600 ok\n500 600 EPERM\n500 600 ok\n')
  }
})

t.test('daemons end within a second after the command, and after the tool is killed', async t => {
  const processes = (mark: string): number => readdirSync('/proc').filter(name => /^\d+$/.test(name) && readCommand(name).includes(mark)).length
  const gone = async (mark: string): Promise<number> => {
    const begin = performance.now()
    while (processes(mark) > 0 && performance.now() - begin < 10_000) await setImmediate()
    return performance.now() - begin
  }
  for (const as of callers) {
    const ended = unique()
    t.match(start([...walled(dir), ...actWords([['daemon', ended]])], as).stdout, /^\d+ ok\n$/)
    t.ok(await gone(ended) < 1000, 'the command has ended')
    const killed = unique()
    const ids = as.as ? ['setpriv', `--reuid=${as.as.uid}`, `--regid=${as.as.uid}`, '--clear-groups'] : []
    const [program = '', ...words] = [...ids, ...walled(dir), ...actWords([['daemon', killed], ['spin', 100_000]])]
    const tool = spawn(program, words, { stdio: ['ignore', 'pipe', 'inherit'], env: cleanEnv({ PATH: `${join(import.meta.dirname, '../node_modules/.bin')}:${process.env['PATH']}` }) })
    await once(tool.stdout, 'data')
    t.ok(processes(killed) >= 2, 'the daemon is there')
    tool.kill('SIGKILL')
    await once(tool, 'exit')
    t.ok(await gone(killed) < 1000, 'the tool was killed')
  }
  const control = unique()
  const pid = Number.parseInt(start(['caps', '--no-new-privs', '--', probe, ...actWords([['daemon', control]])]).stdout)
  t.ok(processes(control) > 0, 'the control: without a pid namespace it lives on')
  process.kill(pid, 'SIGKILL')
  await gone(control)
})

function readCommand(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return '' // It has ended.
  }
}
