// `tar FILE`: the tree as the archive says, as root and as an ordinary user; and archives that lie.
import { spawnSync } from 'node:child_process'
import { chmodSync, chownSync, lstatSync, mkdirSync, readFileSync, readdirSync, readlinkSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { list } from 'tar'
import { fetchRootfs } from '../src/index.ts'
import { fetchSync } from './fixtures/run.ts'
import { archiveOf, isRoot, put, scratch, sha512, smallRoot } from './fixtures/scratch.ts'

const NOBODY = 65_534

t.test('one line on stdout: the path of a whole tree', async t => {
  const folder = scratch(t)
  const file = put(join(folder, 'x.tar.gz'), await smallRoot(folder, 'first'))
  const cache = join(folder, 'cache')
  const first = fetchSync(['tar', 'x.tar.gz'], { cache, cwd: folder })
  t.match(first, { status: 0, stdout: /^\/[^\n]+\n$/ })
  const tree = first.stdout.trimEnd()
  t.equal(readlinkSync(join(tree, 'bin/sh')), '/bin/busybox', 'an absolute link stays as it is')
  t.equal(lstatSync(join(tree, 'proc')).mode & 0o7777, 0o555)
  t.equal(readFileSync(join(tree, 'etc/mark'), 'utf8'), 'first')
  t.equal(lstatSync(cache).mode & 0o7777, 0o700)
  t.match(fetchSync([`tar:${file}`, '--sha512', sha512(readFileSync(file))], { cache }), { status: 0, stdout: first.stdout, stderr: '' })
  const told = JSON.parse(fetchSync(['tar', file, '--json'], { cache }).stdout) as Record<string, unknown>
  t.match(told, { path: tree, cached: true, digest: `sha512:${sha512(readFileSync(file))}`, verified: [], report: { devices: 0 } })
  t.strictSame(readdirSync(join(cache, 'tmp')), [])
})

t.test('a wrong sum leaves nothing', async t => {
  const folder = scratch(t)
  const file = put(join(folder, 'x.tar.gz'), await smallRoot(folder))
  const cache = join(folder, 'cache')
  t.match(fetchSync(['tar', file, '--sha512', '0'.repeat(128)], { cache }), { status: 125, stdout: '', stderr: /is not what the given sum says\n {2}why: its SHA-512 is/ })
  t.strictSame(readdirSync(join(cache, 'trees')), [])
})

t.test('as an ordinary user', { skip: isRoot ? false : 'needs root, to become that user' }, async t => {
  const folder = scratch(t)
  const members = [
    { path: 'su', mode: 0o4755 }, { path: 'at', mode: 0o4755, uid: 2 }, { path: 'f', uid: 1000 },
    { path: 'closed/', type: 'Directory', mode: 0o500 } as const, { path: 'closed/in', data: 'x' },
  ]
  const file = put(join(folder, 'x.tar.gz'), archiveOf(...members))
  const mine = join(folder, 'mine')
  mkdirSync(mine)
  chownSync(mine, NOBODY, NOBODY)
  const { status, stdout, stderr } = fetchSync(['tar', file], { cache: join(mine, 'cache'), uid: NOBODY })
  t.equal(status, 0)
  t.match(stderr, /^rootfs-fetch: all files belong to uid 65534: /)
  t.match(stderr, /set-id bits were left out on 1 entry/)
  const stat = (name: string) => lstatSync(join(stdout.trimEnd(), name))
  t.match(stat('f'), { uid: NOBODY, gid: NOBODY })
  t.equal(stat('su').mode & 0o7777, 0o4755, 'what meant root stays')
  t.equal(stat('at').mode & 0o7777, 0o755, 'what meant another does not')
  t.equal(stat('closed').mode & 0o7777, 0o500)
  t.equal(fetchSync(['tar', file], { cache: join(mine, 'cache'), uid: NOBODY }).stdout, stdout)
  // Positive control: root keeps owners, in a tree of another name.
  const root = fetchSync(['tar', file], { cache: join(folder, 'cache') })
  t.match(root, { status: 0, stderr: '' })
  t.equal(lstatSync(join(root.stdout.trimEnd(), 'f')).uid, 1000)
  t.equal(lstatSync(join(root.stdout.trimEnd(), 'at')).mode & 0o7777, 0o4755)
})

t.test('an archive that reaches out, or is not whole, is an error and leaves nothing', async t => {
  const folder = scratch(t)
  const cache = join(folder, 'cache')
  const outside = join(folder, 'outside')
  const victim = put(join(outside, 'victim'), 'intact')
  const whole = await smallRoot(folder)
  const cases: Record<string, [Buffer, RegExp]> = {
    'climbs': [archiveOf({ path: '../../../../outside/new' }), /'\.\.' in the name\n {2}why: the archive reaches out/],
    'hard link out': [archiveOf({ path: 'h', type: 'Link', linkpath: victim }), /hard link to .*victim|ENOENT/],
    'link as root': [archiveOf({ path: './', type: 'SymbolicLink', linkpath: '/' }), /the root as something else/],
    'cut': [whole.subarray(0, whole.length - 20), /ends too early/],
    'no archive': [Buffer.from('<html>404</html>'), /ends too early/],
    'empty': [Buffer.alloc(0), /is empty/],
    'bzip2': [Buffer.from('BZh91AY'), /unpack it first with bzip2 -dc/],
  }
  for (const [name, [bytes, says]] of Object.entries(cases)) {
    const { status, stdout, stderr } = fetchSync(['tar', put(join(folder, 'bad.tar.gz'), bytes)], { cache })
    t.equal(status, 125, name)
    t.equal(stdout, '', name)
    t.match(stderr, says, name)
  }
  t.strictSame([readdirSync(join(cache, 'trees')), readdirSync(join(cache, 'tmp'))], [[], []])
  t.equal(readFileSync(victim, 'utf8'), 'intact')
  // What only looks like it: a link out, and a file that goes through it, stay inside.
  const { stdout } = fetchSync(['tar', put(join(folder, 'l.tar.gz'), archiveOf({ path: 'l', type: 'SymbolicLink', linkpath: outside }, { path: 'l/new', data: 'x' }))], { cache })
  t.strictSame(readdirSync(outside), ['victim'])
  t.equal(readlinkSync(join(stdout.trimEnd(), 'l')), outside)
  t.equal(readFileSync(join(stdout.trimEnd(), outside, 'new'), 'utf8'), 'x')
})

t.test('devices are skipped and told; limits hold', async t => {
  const folder = scratch(t)
  const cache = join(folder, 'cache')
  const file = put(join(folder, 'd.tar.gz'), archiveOf({ path: 'null', type: 'CharacterDevice' }, { path: 'f', data: 'x'.repeat(100_000) }))
  const { status, stdout, stderr } = fetchSync(['tar', file], { cache })
  t.equal(status, 0)
  t.match(stderr, /1 entry left out: devices and FIFOs/)
  t.strictSame(readdirSync(stdout.trimEnd()), ['f'])
  t.match(fetchSync(['tar', file, '--max-bytes', '10K', '--strip-set-id'], { cache }), { status: 125, stderr: /more than 10240 bytes\n.*\n {2}fix: .*--max-bytes/ })
  if (isRoot) t.ok(lstatSync(join(fetchSync(['tar', file, '--devices=keep'], { cache }).stdout.trimEnd(), 'null')).isCharacterDevice())
})

t.test('--config sets the root and keeps the rest', async t => {
  const folder = scratch(t)
  const how = { cache: join(folder, 'cache') }
  const file = put(join(folder, 'x.tar.gz'), await smallRoot(folder))
  const path = fetchSync(['tar', file], how).stdout.trimEnd()
  const config = (args: string[], input?: string) => fetchSync(['tar', file, ...args], { ...how, ...(input === undefined ? {} : { input }) })
  t.strictSame(JSON.parse(config(['--config', 'new']).stdout), { ociVersion: '1.2.0', root: { path }, annotations: { 'dev.srcon.chroot-fs.overlay': '{}' } })
  const given = { ociVersion: '1.0.2', root: { path: 'rootfs', readonly: true }, hostname: 'box' }
  t.strictSame(JSON.parse(config(['--config', '-'], JSON.stringify(given)).stdout), { ...given, root: { path, readonly: true } })
  t.strictSame(JSON.parse(config(['--config', put(join(folder, 'config.json'), JSON.stringify(given))]).stdout), { ...given, root: { path, readonly: true } })
  t.match(config(['--config', '-'], ''), { status: 125, stdout: '', stderr: /stdin: no config/ })
  t.match(config(['--config', '-'], '[]'), { status: 125, stderr: /not a config/ })
  t.match(config(['--config', '-'], '{"ociVersion":"1","x":{"y":9223372036854775807}}'), { status: 125, stderr: /number at x\.y/ })
})

t.test('wrong words and files', async t => {
  const folder = scratch(t)
  const how = { cache: join(folder, 'cache') }
  t.match(fetchSync(['tar', join(folder, 'none')], how), { status: 125, stderr: /cannot open .*none: ENOENT \(open\)/ })
  t.match(fetchSync(['tar', folder], how), { status: 125, stderr: /is no regular file/ })
  t.match(fetchSync([], how), { status: 125, stderr: /source is missing/ })
  t.match(fetchSync(['alpine', '--', 'sh'], how), { status: 125, stderr: /takes no command/ })
  t.match(fetchSync(['nowhere', '--json'], how), { status: 125, stderr: /"code": "E_USAGE"/ })
  t.match(fetchSync(['--help'], how), { status: 0, stdout: /SOURCE|source/ })
})

t.test('a cache that others can write, or that is theirs, is refused', async t => {
  const folder = scratch(t)
  const file = put(join(folder, 'x.tar.gz'), await smallRoot(folder))
  const cache = join(folder, 'cache')
  mkdirSync(cache)
  chmodSync(cache, 0o777)
  t.match(fetchSync(['tar', file], { cache }), { status: 125, stderr: /is not safe\n {2}why: its mode 777 lets others write/ })
  chmodSync(cache, 0o755)
  t.equal(fetchSync(['tar', file], { cache }).status, 0)
  if (!isRoot) return
  chownSync(cache, 1000, 1000)
  t.match(fetchSync(['tar', file], { cache }), { status: 125, stderr: /why: it belongs to uid 1000/ })
})

t.test('a full disk is an error that says so', { skip: isRoot ? false : 'needs root, for a mount' }, async t => {
  const folder = scratch(t)
  const file = put(join(folder, 'x.tar.gz'), archiveOf({ path: 'big', data: 'x'.repeat(2 << 20) }))
  // A mount namespace of its own, gone with the shell.
  const cli = join(import.meta.dirname, '../src/cli.ts')
  const script = 'mkdir -p "$1" && mount -t tmpfs -o size=1m,mode=700 tmpfs "$1" && SRCON_CACHE="$1" "$2" --conditions=@srcon/source "$3" tar "$4"; echo "status $?"; find "$1/trees" "$1/tmp"'
  const { stdout, stderr } = spawnSync('unshare', ['--mount', 'sh', '-c', script, 'sh', join(folder, 'small'), process.execPath, cli, file], { encoding: 'utf8', cwd: '/' })
  t.match(stderr, /cannot unpack tar:.*big: ENOSPC \(write\)\n {2}why: the file system of .* has .* left\n {2}fix: make room/)
  t.match(stdout, /^status 125\n[^\n]*trees\n[^\n]*tmp\n$/)
})

t.test('as a library: progress, an abort, a tree that is there', async t => {
  const folder = scratch(t)
  const file = put(join(folder, 'x.tar.gz'), await smallRoot(folder, 'library'))
  const options = { cache: join(folder, 'cache') }
  await t.rejects(fetchRootfs(['tar', file], { ...options, signal: AbortSignal.abort(new Error('enough')) }), { message: 'enough' })
  const made = await fetchRootfs(['tar', file], options)
  t.equal(made.cached, false)
  t.match(await fetchRootfs(`tar:${file}`, options), { cached: true, path: made.path, report: { entries: made.report.entries } })
  // Two in one process: one of them waits.
  const other = put(join(folder, 'y.tar.gz'), await smallRoot(folder, 'other'))
  const both = await Promise.all([fetchRootfs(`tar:${other}`, options), fetchRootfs(`tar:${other}`, options)])
  t.strictSame(both.map(({ cached }) => cached).sort((a, b) => Number(a) - Number(b)), [false, true])
  truncateSync(other, 100)
  await t.rejects(fetchRootfs(`tar:${other}`, options), { name: 'ToolError', code: 'E_ARCHIVE_TRUNCATED' })
})

const data = process.env['SRCON_TEST_DATA']
t.test('the real Alpine: every member that npm tar sees is there, and runs', { skip: data === undefined ? 'SRCON_TEST_DATA is not set' : false }, async t => {
  const folder = scratch(t)
  for (const version of ['3.20.3', '3.8.5']) {
    const file = join(data ?? '', 'alpine', `alpine-minirootfs-${version}-x86_64.tar.gz`)
    const { path } = await fetchRootfs(`tar:${file}`, { cache: join(folder, 'cache') })
    const wrong: string[] = []
    await list({
      file,
      onReadEntry: ({ path: name, type, linkpath, size, mode }) => {
        const stat = lstatSync(join(path, name), { throwIfNoEntry: false })
        const ok = stat && (type === 'SymbolicLink' ? readlinkSync(join(path, name)) === linkpath : name === './' || (stat.mode & 0o7777) === mode) && (type !== 'File' || stat.size === size)
        if (!ok) wrong.push(`${type} ${name}`)
      },
    })
    t.strictSame(wrong, [], version)
    if (isRoot && process.arch === 'x64') t.equal(spawnSync('chroot', [path, '/bin/sh', '-c', 'cat /etc/alpine-release'], { encoding: 'utf8' }).stdout, `${version}\n`)
  }
})
