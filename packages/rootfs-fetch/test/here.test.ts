// Sources that are on this host already, `dir`, `busybox`, `host`: what is told, what is refused, what is made.
import { spawnSync } from 'node:child_process'
import { chmodSync, lstatSync, mkdirSync, readFileSync, readdirSync, readlinkSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { withRoot } from '../src/config.ts'
import { withSource } from '../src/fetch.ts'
import { fetchRootfs } from '../src/index.ts'
import { parseOsRelease } from '../src/os-release.ts'
import { fetchSync } from './fixtures/run.ts'
import { put, scratch } from './fixtures/scratch.ts'

const program = ['/bin/busybox', '/usr/bin/busybox'].find(path => spawnSync(path, ['true']).status === 0 && spawnSync('ldd', [path]).status !== 0)
const noBusybox = program === undefined ? 'there is no static busybox here: apt-get install busybox-static' : false

t.test('dir: as it is, and what it says it is', async t => {
  const folder = scratch(t)
  const cache = join(folder, 'cache')
  put(join(folder, 'root/etc/os-release'), 'ID=x\nVERSION_ID="1.2"\nPRETTY_NAME=\'X 1\'\n')
  put(join(folder, 'root/bin/sh'), '')
  chmodSync(join(folder, 'root'), 0o755)
  symlinkSync('root', join(folder, 'link'))
  const path = join(folder, 'root')
  for (const source of [['dir', path], [`dir:${path}`], ['dir', join(folder, 'link')]] as const) {
    t.match(await fetchRootfs([...source] as [string, string?], { cache }), { path, source: `dir:${path}`, version: '1.2', use: 'own', digests: [], warnings: [], facts: { mode: '0755', shell: true, os: { id: 'x', name: 'X 1' } } })
  }
  t.strictSame(readdirSync(join(cache, 'trees')), [], 'nothing is kept')
  chmodSync(path, 0o777)
  t.match((await fetchRootfs(`dir:${path}`, { cache })).warnings, [/everybody may write/])
  chmodSync(path, 0o1777)
  t.strictSame((await fetchRootfs(`dir:${path}`, { cache })).warnings, [])
  put(join(folder, 'file'), '')
  const refused: [string, string, object][] = [
    ['dir', 'E_USAGE', {}], ['dir:', 'E_USAGE', {}], [`dir:${folder}/none`, 'ENOENT', {}], [`dir:${folder}/file`, 'ENOTDIR', {}], ['dir:/', 'E_REFUSED', {}], ['dir:/usr/..', 'E_REFUSED', {}],
    ...[{ sha512: 'a'.repeat(128) }, { sha256: 'a'.repeat(64) }, { stripSetId: true }, { xattrs: [] }, { maxBytes: 1 }, { limits: { depth: 3 } }].map((more): [string, string, object] => [`dir:${path}`, 'E_USAGE', more]),
  ]
  for (const [source, code, more] of refused) await t.rejects(fetchRootfs(source, { cache, ...more }), { code }, `${source} ${JSON.stringify(more)}`)
  t.match(fetchSync(['lock', 'dir', path], { cache, cwd: folder }), { status: 125, stderr: /cannot be locked\n {2}why: a directory has no sum/ })
  t.match(fetchSync(['verify', 'dir', path], { cache }), { status: 125, stderr: /nothing says what should be in/ })
  t.match(fetchSync(['dir', path, '--mirror', 'x'], { cache }), { status: 125, stderr: /--mirror is not for dir/ })
})

t.test('dir: the tree is hostile', async t => {
  const folder = scratch(t)
  const cache = join(folder, 'cache')
  const path = join(folder, 'root')
  const secret = put(join(folder, 'secret'), 'ID=secret\n')
  mkdirSync(join(path, 'etc'), { recursive: true })
  symlinkSync(secret, join(path, 'etc/os-release'))
  t.equal((await fetchRootfs(`dir:${path}`, { cache })).facts?.['os'], undefined, 'a link that leads out leads nowhere')
  put(join(path, secret), 'ID=inside\n')
  t.match((await fetchRootfs(`dir:${path}`, { cache })).facts, { os: { id: 'inside' } }, 'or to the same below the root')
  rmSync(join(path, 'etc/os-release'))
  spawnSync('mkfifo', [join(path, 'etc/os-release')])
  t.equal((await fetchRootfs(`dir:${path}`, { cache })).facts?.['os'], undefined, 'a FIFO is not waited for')
  const odd = parseOsRelease('ID="a\u001b[2J"\nVERSION_ID=$(id)\nPRETTY_NAME="a \\"b\\" \\$c"\nNAME=`x`\n')
  t.strictSame(odd, { id: undefined, version: undefined, name: 'a "b" $c' })
})

t.test('config: whose tree it is', async t => {
  const config = { ociVersion: '1.2.0', root: { path: '/x', more: 1 } }
  t.strictSame(withRoot(config, '/r', 'own'), { ...config, root: { path: '/r', more: 1 } }, 'changes are the user\'s own')
  t.match(withRoot(config, '/r'), { annotations: { 'dev.srcon.chroot-fs.overlay': '{}' } })
  t.strictSame(withRoot(config, '/', 'host'), { ...config, root: { path: '/', more: 1, readonly: true }, annotations: { 'dev.srcon.chroot-fs.host': 'true' } })
})

t.test('host: one line, a config', async t => {
  const cache = join(scratch(t), 'cache')
  const { stdout, status } = fetchSync(['host'], { cache })
  t.equal(status, 0)
  t.strictSame(JSON.parse(stdout), { ociVersion: (JSON.parse(stdout) as { ociVersion: string }).ociVersion, root: { path: '/', readonly: true }, annotations: { 'dev.srcon.chroot-fs.host': 'true' } })
  t.equal(stdout.indexOf('\n'), stdout.length - 1)
  for (const [source, more] of [['host:x', {}], ['host', { stripSetId: true }]] as const) await t.rejects(fetchRootfs(source, { cache, ...more }), { code: 'E_USAGE' })
})

t.test('busybox: made once, the same wherever it is made', { skip: noBusybox }, async t => {
  const folder = scratch(t)
  const [cache, other] = [join(folder, 'cache'), join(folder, 'other')]
  const first = await fetchRootfs('busybox', { cache })
  t.match(first, { source: 'busybox', version: /^1\.\d+/, cached: false, use: 'shared', facts: { programDigest: /^sha256:/ } })
  t.match(await fetchRootfs('busybox', { cache }), { cached: true, path: first.path })
  // Another time, another place, another umask, another name of the program.
  const copy = join(folder, 'mine')
  writeFileSync(copy, readFileSync(program ?? ''), { mode: 0o700 })
  utimesSync(copy, 1, 1)
  const before = process.umask(0o077)
  t.teardown(() => process.umask(before))
  t.equal((await fetchRootfs(`busybox:${copy}`, { cache: other })).digest, first.digest)
  const look = (path: string) => lstatSync(join(first.path, path))
  t.equal(look('tmp').mode & 0o7777, 0o1777)
  t.equal(look('root').mode & 0o7777, 0o700)
  t.equal(readlinkSync(join(first.path, 'bin/sh')), '/bin/busybox')
  t.ok(readFileSync(join(first.path, 'bin/busybox')).equals(readFileSync(program ?? '')))
  t.match(readFileSync(join(first.path, 'etc/passwd'), 'utf8'), /^root:x:0:0:/)
  t.strictSame(readdirSync(join(cache, 'tmp')), [], 'nothing is left')
  await t.rejects(fetchRootfs('busybox', { cache, sha512: 'a'.repeat(128) }), { code: 'E_CHECKSUM' })
  t.match(await fetchRootfs('busybox', { cache, sha512: first.digest?.slice(7) }), { verified: ['pinned'], cached: true })
  t.equal(await withSource('busybox', { cache }, async (wanted, ask) => (await wanted.find(ask)).archives.length), 1)
})

t.test('busybox: none, and one that needs libraries', async t => {
  const folder = scratch(t)
  const cache = join(folder, 'cache')
  put(join(folder, 'text'), 'hello')
  t.match(fetchSync([`busybox:${process.execPath}`], { cache }), { status: 125, stderr: /needs libraries\n {2}why: it is linked dynamically.*\n {2}fix: apt-get install busybox-static/ })
  t.match(fetchSync([`busybox:${folder}/text`], { cache }), { status: 125, stderr: /is no program/ })
  t.match(fetchSync([`busybox:${folder}/none`], { cache }), { status: 125, stderr: /ENOENT/ })
  t.match(fetchSync(['busybox:'], { cache }), { status: 125, stderr: /needs a file/ })
})
