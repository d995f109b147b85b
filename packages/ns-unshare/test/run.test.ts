// The whole way: words, plan, launcher, and then the kernel is asked. Positive controls beside every wall.
import { chmodSync, existsSync, mkdtempSync, readFileSync, readlinkSync, rmdirSync, statSync, unlinkSync, writeFileSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { TYPES } from '../src/inodes.ts'
import { inside, noUserNamespaces, notRoot, unshare } from './fixtures/run.ts'

const uid = 65_534
const own = (type: string) => readlinkSync(`/proc/self/ns/${type}`)
const links = `for t in ${TYPES.join(' ')}; do readlink /proc/self/ns/$t; done`
/** The types whose inode is another inside. */
function differs(args: readonly string[], how: { uid?: number } = {}): string[] {
  const seen = inside(args, links, how).split('\n')
  return TYPES.filter((type, i) => seen[i] !== own(type))
}

t.test('as root, each alone', { skip: notRoot }, async t => {
  t.strictSame(differs([]), [])
  for (const [letter, type] of Object.entries({ U: 'user', p: 'pid', m: 'mnt', u: 'uts', i: 'ipc', n: 'net', C: 'cgroup', T: 'time' })) t.strictSame(differs([`-${letter}`]), [type], letter)
})

t.test('as an ordinary user, all together', { skip: noUserNamespaces }, async t => {
  t.strictSame(differs(['-rpmuinCT', '--hostname', 'box', '--loopback', '--mount-proc'], { uid }), [...TYPES])
  const script = 'hostname; id -u; id -g; cat /proc/self/setgroups; tr -s " " " " < /proc/self/uid_map; ls -d /proc/[0-9]* | wc -l'
  const seen = inside(['-rpu', '--hostname', 'box', '--mount-proc'], script, { uid }).split('\n').map(line => line.trim())
  t.strictSame(seen.slice(0, 5), ['box', '0', '0', 'deny', `0 ${uid} 1`])
  t.ok(Number(seen[5]) <= 4, 'only the container is seen')
  t.match(inside(['-c'], 'id -u; tr -s " " " " < /proc/self/uid_map', { uid }), `${uid}\n ${uid} ${uid} 1`)
  t.not(spawnSync('hostname', { encoding: 'utf8' }).stdout.trim(), 'box', 'the host keeps its name')
})

t.test('refused or explained to an ordinary user', { skip: noUserNamespaces }, async t => {
  t.match(unshare(['--uts', '--', 'true'], { uid }), { status: 125, stdout: '', stderr: /^ns-unshare: cannot make new namespaces \(uts\): EPERM \(unshare\)\n {2}why: that needs CAP_SYS_ADMIN.*\n {2}fix: add --user/ })
  t.match(unshare(['--user', '--net=/tmp/srcon-never', '--', 'true'], { uid }), { status: 125, stderr: /namespace file without privilege/ })
  t.notOk(existsSync('/tmp/srcon-never'))
  t.match(unshare(['-r', '--mount-proc', '--', 'true'], { uid }), { status: 125, stderr: /cannot mount proc on \/proc: EPERM .*\n {2}why: a user namespace may mount only the proc of a pid namespace that it owns\n {2}fix: add --pid/ })
  t.match(unshare(['--map-users', '0:100000:10', '--map-groups', '0:100000:10', '--', 'true'], { uid }), { status: 125, stderr: /newgidmap could not write the map|not installed/ })
})

t.test('maps of root', { skip: notRoot }, async t => {
  const map = ['--map-users', '0:100000:65536', '--map-groups', '0:100000:65536']
  t.equal(inside(map, 'id -u; id -G; cat /proc/self/setgroups'), '0\n0\nallow')
  const directory = mkdtempSync(join(tmpdir(), 'srcon-maps-'))
  const file = join(directory, 'f')
  spawnSync('chown', ['100000:100000', directory])
  inside(map, `: > ${file}`)
  t.strictSame([statSync(file).uid, statSync(file).gid], [100_000, 100_000], 'what it makes is owned by the mapped id')
  unlinkSync(file)
  rmdirSync(directory)
  t.not(unshare([...map, '--', 'cat', '/etc/shadow']).status, 0, 'root inside is not root outside')
  t.equal(unshare(['-r', '--', 'cat', '/etc/shadow']).status, 0, 'where it is, it reads it')
})

/** Words that give nobody 1000 ids, in a mount namespace of their own. */
function withSubids(file: string): string[] {
  return ['unshare', '--mount', 'sh', '-c', `mount --bind ${file} /etc/subuid && mount --bind ${file} /etc/subgid && exec "$@"`, 'sh']
}
const noHelper = noUserNamespaces || (['/usr/bin/newuidmap', '/etc/subuid', '/etc/subgid'].every(path => existsSync(path)) ? false : 'newuidmap is not installed')

t.test('ranges of an ordinary user', { skip: noHelper }, async t => {
  const directory = mkdtempSync(join(tmpdir(), 'srcon-subid-'))
  const file = join(directory, 'subid')
  writeFileSync(file, `${uid}:300000:1000\n`)
  chmodSync(directory, 0o755)
  const before = withSubids(file)
  t.equal(inside(['-r', '--map-users', 'auto'], 'tr -s " " " " < /proc/self/uid_map; id -u; cat /proc/self/setgroups', { uid, before }), `0 ${uid} 1\n 1 300000 1000\n0\nallow`)
  t.match(unshare(['--map-users', '0:400000:5', '--map-groups', '0:400000:5', '--', 'true'], { uid, before }), { status: 125, stderr: /newgidmap could not write the map: .*not allowed\n {2}why: \/etc\/subgid does not give these ids to this user \(it gives 65534:300000:1000\)/ })
  t.match(unshare(['--map-users', 'auto', '--', 'true'], { uid, before: [...before, 'setpriv', '--no-new-privs'] }), { status: 125, stderr: /why: no_new_privs is set on this process/ })
  unlinkSync(file)
  rmdirSync(directory)
})

t.test('what the host forbids is found out', { skip: noUserNamespaces }, async t => {
  const limited = (name: string) => ['unshare', '--user', '--map-root-user', 'sh', '-c', `echo 0 > /proc/sys/user/${name} && exec "$@"`, 'sh']
  t.match(unshare(['--user', '--', 'true'], { before: limited('max_user_namespaces') }), { status: 125, stderr: /cannot make a new user namespace: ENOSPC \(unshare\)\n {2}why: user.max_user_namespaces is 0/ })
  t.match(unshare(['--net', '--uts', '--', 'true'], { before: limited('max_net_namespaces') }), { status: 125, stderr: /why: user.max_net_namespaces is 0.*\n {2}fix: as root: sysctl/ })
  t.match(unshare(['--pid', '--', 'true'], { before: limited('max_pid_namespaces') }), { status: 125, stderr: /new pid namespace: ENOSPC .*\n {2}why: user.max_pid_namespaces is 0/ })
  t.match(unshare(['-r', '--', 'true'], { before: ['unshare', '--pid', '--fork'] }), { status: 125, stderr: /another pid namespace/ })
})

t.test('two levels', { skip: noUserNamespaces }, async t => {
  t.match(inside(['-r', '--', 'ns-unshare', '-r'], 'id -u; tr -s " " " " < /proc/self/uid_map', { uid }), '0\n 0 0 1')
  t.match(inside(['-p', '--', 'ns-unshare', '-p'], 'grep NSpid: /proc/self/status'), /NSpid:\t\d+\t\d+\t\d+$/)
})

t.test('pid namespaces', { skip: notRoot }, async t => {
  t.equal(inside(['-p', '--no-init'], 'echo $$'), '1')
  t.equal(inside(['-p'], 'echo $$'), '2')
  t.match(unshare(['-p', '--', 'sh', '-c', 'exit 7']).status, 7)
  const killed = spawnSync(process.execPath, ['--conditions=@srcon/source', new URL('../src/cli.ts', import.meta.url).pathname, '-p', '--', 'sh', '-c', 'kill -TERM $$'])
  t.equal(killed.signal, 'SIGTERM', 'ends as the command ended')
})

t.test('clocks', { skip: notRoot }, async t => {
  const uptime = () => Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0])
  const before = uptime()
  const moved = Number(inside(['--boottime', '86400'], 'cut -d" " -f1 /proc/uptime')) - before
  t.ok(moved >= 86_400 && moved < 86_460, `${moved}`)
  t.match(unshare(['--monotonic=-99999999999', '--', 'true']), { status: 125, stderr: /cannot move the clocks: ERANGE .*\n {2}why: a clock would be negative/ })
})

t.test('loopback', { skip: notRoot || (existsSync('/proc/net/if_inet6') ? false : 'no IPv6') }, async t => {
  const up = '[ "$(cat /proc/net/if_inet6 2>/dev/null | wc -l)" -gt 0 ] && echo up || echo down'
  t.equal(inside(['--net'], up), 'down')
  t.equal(inside(['--loopback'], up), 'up')
})

t.test('files', { skip: notRoot }, async t => {
  const directory = mkdtempSync(join(tmpdir(), 'srcon-files-'))
  const file = join(directory, 'net')
  const seen = inside([`--net=${file}`], 'readlink /proc/self/ns/net')
  t.equal(`net:[${statSync(file).ino}]`, seen, 'it is kept')
  t.not(seen, own('net'))
  t.equal(spawnSync('nsenter', [`--net=${file}`, 'readlink', '/proc/self/ns/net'], { encoding: 'utf8' }).stdout.trim(), seen)
  spawnSync('umount', [file])
  unlinkSync(file)
  t.match(unshare([`--net=${directory}/none/x`, '--', 'true']), { status: 125, stderr: /cannot keep the net namespace in .*ENOENT.*\n {2}why: its directory does not exist/ })
  rmdirSync(directory)
})

t.test('mounts stay inside', { skip: notRoot }, async t => {
  const count = () => readFileSync('/proc/self/mountinfo', 'utf8').split('\n').length
  const before = count()
  inside(['--mount'], 'mount -t tmpfs t /mnt && grep -q " /mnt " /proc/self/mountinfo')
  inside(['--mount', '--pid', '--mount-proc', '--propagation', 'shared'], 'true')
  t.equal(count(), before)
})

t.test('filter', { skip: notRoot }, async t => {
  const { status, stdout } = unshare(['-pmu', '--hostname', 'box'], { input: '{"ociVersion":"1.2.0"}' })
  t.equal(status, 0)
  t.match(JSON.parse(stdout), { hostname: 'box', linux: { namespaces: [{ type: 'pid' }, { type: 'mount' }, { type: 'uts' }] } })
})
