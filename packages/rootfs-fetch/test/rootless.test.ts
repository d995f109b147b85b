// An ordinary user's unpacking with subordinate ids: owners as the archive says, seen from outside through the map and from
// inside as root sees its own; a container on it; what happens where the namespace cannot be had.
import { spawnSync } from 'node:child_process'
import { chmodSync, chownSync, existsSync, lstatSync, mkdirSync, openSync, closeSync, readFileSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { pack, unpack } from '../src/index.ts'
import { end, member, type Member } from './fixtures/members.ts'
import { fetchAsync, fetchSync, type How } from './fixtures/run.ts'
import { layMirror, put, scratch } from './fixtures/scratch.ts'
import { asUser, insideMap, noSubIds, outer, subIdFile, USER, userFolder } from './fixtures/user.ts'

const dumper = join(import.meta.dirname, 'fixtures/dump.py')
/** cap_net_raw=ep, as `getfattr -n security.capability` shows it. */
const capability = Buffer.from('0100000200200000000000000000000000000000', 'hex')

const members: readonly Member[] = [
  ...['bin/', 'dev/', 'etc/', 'var/'].map(path => ({ path, type: 'Directory' as const })), { path: 'etc/shadow', gid: 42, mode: 0o640, data: 'secret' }, { path: 'etc/last', uid: 65_534, gid: 65_535 },
  { path: 'var/mail/', type: 'Directory', uid: 1, gid: 8, mode: 0o2775 }, { path: 'var/closed/', type: 'Directory', uid: 33, mode: 0o700 }, { path: 'var/closed/in', uid: 33, mode: 0o400, data: 'in' },
  { path: 'bin/su', mode: 0o4755, data: 'su' }, { path: 'bin/at', uid: 1, gid: 1, mode: 0o6755, data: 'at' },
  { path: 'bin/ping', mode: 0o755, data: 'ping', pax: { 'SCHILY.xattr.security.capability': capability, 'SCHILY.xattr.user.note': 'odd\0bytes\xff' } },
  { path: 'link', type: 'SymbolicLink', linkpath: '/etc/shadow', uid: 7, gid: 9 }, { path: 'hard', type: 'Link', linkpath: 'bin/at' },
  { path: 'dev/null', type: 'CharacterDevice' },
]

const busybox = ['/usr/bin/busybox', '/bin/busybox'].find(path => existsSync(path))

/** An archive, a user with ids, the user's cache. */
function lay(t: Test, what: readonly Member[] = members, count?: number) {
  const folder = scratch(t, true)
  const file = put(join(folder, 'root.tar'), Buffer.concat([...what.map(member), end]))
  const subids = subIdFile(folder, count)
  const cache = join(userFolder(folder), 'cache')
  const how: How = { cache, uid: USER, subids }
  return { folder, file, subids, how, tmp: () => readdirSync(join(cache, 'tmp')), trees: () => readdirSync(join(cache, 'trees')) }
}

function run(words: readonly string[]): string {
  const [file = '', ...rest] = words
  const { status, stdout, stderr } = spawnSync(file, rest, { encoding: 'utf8', cwd: '/', maxBuffer: 1 << 26, stdio: ['ignore', 'pipe', 'pipe'] })
  if (status !== 0) throw new Error(stderr)
  return stdout
}

t.test('owners are kept, through the map', { skip: noSubIds }, async t => {
  const { folder, file, subids, how, tmp } = lay(t)
  const told = fetchSync(['tar', file, '--json'], how)
  t.match(told, { status: 0, stderr: 'rootfs-fetch: 1 entry left out: devices and FIFOs\n' }, 'nothing else is lost')
  const { path, report, ids } = JSON.parse(told.stdout) as { path: string; report: object; ids: object }
  t.match(report, { owners: 0, setIds: 0, attributes: 0, devices: 1 })
  t.match(ids, { users: [{ inside: 0, outside: USER, count: 1 }, { inside: 1, outside: outer(1), count: 65_536 }] })
  for (const { path: name = '', uid = 0, gid = uid, type, mode } of members.slice(0, -3)) {
    const stat = lstatSync(join(path, name))
    t.match(stat, { uid: outer(uid), gid: outer(gid) }, name)
    if (type === undefined) t.equal(stat.mode & 0o7777, mode ?? 0o644, name)
  }
  t.equal(lstatSync(join(path, 'link')).gid, outer(9))
  t.equal(lstatSync(path).uid, USER, 'the root itself is the user\'s')
  t.equal(lstatSync(join(path, 'hard')).ino, lstatSync(join(path, 'bin/at')).ino)
  // Golden: inside the namespace it is to the letter what root makes of the same archive.
  const reference = join(folder, 'reference')
  mkdirSync(reference)
  const fd = openSync(file, 'r')
  await unpack(fd, reference)
  closeSync(fd)
  const [mine, roots] = [run([...insideMap(subids), 'python3', dumper, path]), run(['python3', dumper, reference])]
  t.equal(mine, roots)
  t.match(mine, /'bin'\/b'ping' .*security\.capability=0100000200200000/, 'file capabilities too')
  t.equal(fetchSync(['tar', file], how).stdout, `${path}\n`, 'found again')
  const packed = join(how.cache, '../packed.tar')
  const { stdout: sum } = fetchSync(['pack', path, '-o', packed], how)
  t.equal(sum, `${(await pack(reference, join(folder, 'reference.tar'))).sha256}  ${packed}\n`, 'packed, it is the same bytes as root makes')
  t.match(fetchSync(['cache', 'clear'], how), { status: 0 })
  t.notOk(existsSync(path), 'and removed, whoever it belongs to')
  t.strictSame(tmp(), [])
})

t.test('verified against its archive, and what was changed is found', { skip: noSubIds }, t => {
  const { folder, file, how } = lay(t)
  const mirror = layMirror(join(folder, 'mirror'), 'v3.20', { '3.20.3': gzipSync(readFileSync(file)) })
  const { stdout } = fetchSync(['alpine:3.20', '--mirror', mirror], how)
  const path = stdout.trimEnd()
  t.match(fetchSync(['verify', path], how), { status: 0, stdout: /verified: mirror/ })
  chownSync(join(path, 'var/closed/in'), outer(34), outer(33))
  t.match(fetchSync(['verify', path], how), { status: 125, stderr: /1 differ, first var\/closed\/in: uid/ })
  t.equal(fetchSync(['cache', 'clear'], how).status, 0)
  t.end()
})

t.test('a container sees them: the examples of docs/rootfs.md', { skip: noSubIds || (busybox === undefined ? 'busybox is not installed' : false) }, t => {
  const program: Member = { path: 'bin/busybox', mode: 0o755, data: readFileSync(busybox ?? '') }
  const applets = ['sh', 'stat'].map((name): Member => ({ path: `bin/${name}`, type: 'SymbolicLink', linkpath: 'busybox' }))
  const { folder, file, how, subids } = lay(t, [...members, program, ...applets, ...['proc/', 'dev/', 'sys/', 'tmp/'].map(path => ({ path, type: 'Directory' as const }))])
  const mirror = layMirror(join(folder, 'mirror'), 'v3.20', { '3.20.3': gzipSync(readFileSync(file), { level: 1 }) })
  for (const name of ['srcon', 'ns-unshare', 'rootfs-fetch']) {
    put(join(folder, 'bin', name), `#!/bin/sh\nexec '${process.execPath}' --conditions=@srcon/source '${join(import.meta.dirname, `../../${name}/src/cli.ts`)}' "$@"\n`)
    chmodSync(join(folder, 'bin', name), 0o755)
  }
  const text = readFileSync(join(import.meta.dirname, '../../../docs/rootfs.md'), 'utf8')
  const [, part = ''] = /### As an ordinary user\n([^]*?)\n## /.exec(text) ?? []
  const examples = part.split('\n').filter(line => line.endsWith(' -- sh'))
  t.equal(examples.length, 2)
  const env = ['env', '-i', `PATH=${folder}/bin:/usr/bin:/bin`, `SRCON_CACHE=${how.cache}`, `SRCON_ALPINE_MIRROR=${mirror}`]
  for (const example of examples) {
    const seen = run([...asUser(USER, subids), ...env, 'sh', '-c', `${example} -c 'stat -c "%u:%g %a %n" /etc/shadow /var/mail /bin/at /etc/last'`])
    t.equal(seen, '0:42 640 /etc/shadow\n1:8 2775 /var/mail\n1:1 6755 /bin/at\n65534:65535 644 /etc/last\n', example)
  }
  t.end()
})

t.test('what is missing is said, and one id is left', { skip: noSubIds }, t => {
  const { file, subids, how, trees, tmp } = lay(t)
  const { subids: _, ...without } = how
  t.match(fetchSync(['tar', file], without), { status: 0, stderr: /all files belong to uid 65534: this user cannot give 13 entries to their owners \(\/etc\/subuid has no line for uid 65534; as root: usermod --add-subuids \d+-\d+ --add-subgids \d+-\d+ nobody\)/ })
  t.match(fetchSync(['tar', file, '--owners=exact'], without), { status: 125, stdout: '', stderr: /cannot give files to their owners\n {2}why: \/etc\/subuid has no line for uid 65534\n {2}fix: as root: usermod/ })
  const few = lay(t, members, 1000)
  t.match(fetchSync(['tar', few.file], few.how), { status: 0, stderr: /gives uid 65534 1000 ids, and 65535 are needed/ })
  // Where only the attempt shows it: the first start of the namespace fails.
  t.equal(fetchSync(['cache', 'clear'], how).status, 0)
  const [setpriv, ...rest] = [...asUser(USER, subids), 'setpriv', '--no-new-privs', process.execPath, '--conditions=@srcon/source', join(import.meta.dirname, '../src/cli.ts'), 'tar', file]
  const env = { PATH: '/usr/bin:/bin', SRCON_CACHE: how.cache }
  const barred = spawnSync(setpriv, rest, { encoding: 'utf8', cwd: '/', env })
  t.match(barred, { status: 0, stderr: /all files belong to uid 65534: .*\(no_new_privs is set/ })
  t.match(trees(), [/-uid65534-65534$/])
  t.match(spawnSync(setpriv, [...rest, '--owners=exact'], { encoding: 'utf8', cwd: '/', env }), { status: 125, stderr: /newgidmap could not write the map.*\n {2}why: no_new_privs/ })
  // Positive control, and that one id can be wished for: trees of other names.
  t.match(fetchSync(['tar', file, '--owners=exact'], how), { status: 0 })
  t.match(fetchSync(['tar', file, '--owners=own'], how), { status: 0, stdout: /-uid65534-65534\/rootfs\n$/ })
  const [mapped = ''] = trees().sort()
  // What needs the namespace of a tree says so too.
  t.match(spawnSync(setpriv, [...rest.slice(0, -2), 'pack', join(how.cache, 'trees', mapped, 'rootfs'), '-o', join(how.cache, '../x.tar')], { encoding: 'utf8', cwd: '/', env }), { status: 125, stderr: /newgidmap could not write the map.*\n {2}why: no_new_privs/ })
  t.match(trees().sort(), [/-map[0-9a-f]{16}$/, /-uid65534-65534$/])
  t.match(spawnSync(setpriv, [...rest.slice(0, -2), 'cache', 'clear'], { encoding: 'utf8', cwd: '/', env }), { status: 125, stderr: /cannot remove what is left: .*\n {2}why: it belongs to subordinate ids, and a user namespace that maps them cannot be made: no_new_privs/ })
  t.equal(tmp().length, 1, 'it is out of sight, and stays for a run that can')
  t.equal(fetchSync(['cache', 'clear'], how).status, 0)
  t.strictSame([tmp(), trees()], [[], []])
  t.end()
})

t.test('limits and errors pass through', { skip: noSubIds }, t => {
  const { file, how, tmp, trees } = lay(t)
  const json = fetchSync(['tar', file, '--max-entries=3', '--json'], how)
  t.match(JSON.parse(json.stdout === '' ? json.stderr : json.stdout), { error: { code: 'E_ARCHIVE_LIMIT', tool: 'rootfs-fetch', hint: /raise --max-bytes or --max-entries/, exit: 125 } })
  const cut = put(`${file}.cut.tar`, readFileSync(file).subarray(0, 2100))
  t.match(fetchSync(['tar', cut], how), { status: 125, stdout: '', stderr: /cannot unpack tar:.*\n {2}fix: fetch the archive again/ })
  t.strictSame([tmp(), trees()], [[], []])
  t.end()
})

t.test('a signal, and kill -9: nothing is left', { skip: noSubIds }, async t => {
  const many = Array.from({ length: 8000 }, (_, i): Member => ({ path: `d${i % 100}/${i}`, uid: i % 1000, data: 'x' }))
  const { file, how, tmp, trees } = lay(t, [...Array.from({ length: 100 }, (_, i): Member => ({ path: `d${i}/`, type: 'Directory', uid: 5, mode: 0o700 })), ...many])
  const begun = async (): Promise<ReturnType<typeof fetchAsync>> => {
    const started = fetchAsync(['tar', file], how)
    const tree = join(how.cache, 'tmp')
    while (started.child.exitCode === null) {
      const made = existsSync(tree) ? readdirSync(tree)[0] : undefined
      if (made !== undefined && existsSync(join(tree, made, 'rootfs/d7'))) return started
      await new Promise(resolve => setTimeout(resolve, 2))
    }
    throw new Error((await started.ended).stderr)
  }
  const term = await begun()
  term.child.kill('SIGTERM')
  t.match(await term.ended, { signal: 'SIGTERM', stdout: '' })
  t.strictSame([tmp(), trees()], [[], []], 'cleaned up by itself')
  const kill = await begun()
  kill.child.kill('SIGKILL')
  await kill.ended
  t.strictSame(trees(), [])
  // It waits for the worker, sweeps what it left, and makes it anew.
  const { status, stdout, stderr } = await fetchAsync(['tar', file, '--progress=json'], how).ended
  t.equal(status, 0, stderr)
  t.match(stderr, /"phase":"unpack","bytes":[1-9]\d*,"entries":[1-9]\d*/, 'progress comes from the worker')
  t.strictSame(tmp(), [], 'nothing is left')
  t.equal(statSync(join(stdout.trimEnd(), 'd42/42')).uid, outer(42))
  const ours = readdirSync('/proc').filter(pid => /^\d+$/.test(pid)).filter(pid => {
    try {
      return readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`SRCON_CACHE=${how.cache}`)
    } catch {
      return false
    }
  })
  t.strictSame(ours, [], 'and nobody')
  t.equal(fetchSync(['cache', 'clear'], how).status, 0)
})
