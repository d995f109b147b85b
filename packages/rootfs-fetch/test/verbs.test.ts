// The verbs: what there is, what would be fetched, what is here and whether it is still what it was, what is locked, what is kept.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { Cache } from '../src/cache.ts'
import { fetchRootfs } from '../src/index.ts'
import { fetchSync } from './fixtures/run.ts'
import { arch, isRoot, layFlat, layMirror, put, scratch, sha512, smallRoot } from './fixtures/scratch.ts'

async function lay(t: Test) {
  const folder = scratch(t)
  const archives = { '3.20.2': await smallRoot(folder, '3.20.2'), '3.20.3': await smallRoot(folder, '3.20.3') }
  const mirror = layMirror(join(folder, 'mirror'), 'v3.20', archives)
  layMirror(mirror, 'v3.22', { '3.22.1': await smallRoot(folder, '3.22.1') })
  const cache = join(folder, 'cache')
  const call = (...args: string[]) => fetchSync(args, { cache, cwd: folder, env: { SRCON_ALPINE_MIRROR: mirror } })
  const told = (...args: string[]) => JSON.parse(call(...args, '--json').stdout) as never
  return { folder, archives, mirror, cache, call, told }
}

t.test('list', async t => {
  const { call, told, mirror, folder } = await lay(t)
  put(join(mirror, 'releases.json'), JSON.stringify({ release_branches: [{ rel_branch: 'v3.22', eol_date: '2031-01-01' }, { rel_branch: '../../x' }, null] }))
  t.match(told('list', 'alpine'), [{ source: 'alpine:3.22', version: '3.22.1', eol: '2031-01-01', note: '' }, { source: 'alpine:3.20', version: '3.20.3', arch, eol: '2026-04-01', note: 'ended' }])
  const { stdout, status } = call('list', 'alpine')
  t.equal(status, 0)
  t.match(stdout, /source.*version.*\n.*alpine:3\.22.*\n.*alpine:3\.20.*2026-04-01/i)
  t.match(told('list', 'alpine', '--mirror', layFlat(join(folder, 'flat'), { '3.8.5': Buffer.from('x') })), [{ source: 'alpine:3.8', version: '3.8.5', eol: '2020-05-01' }])
  t.match(call('list', 'tar', 'x'), { status: 125, stderr: /has no list/ })
  t.match(call('list', 'alpin'), { status: 125, stderr: /did you mean alpine/ })
})

t.test('inspect fetches nothing', async t => {
  const { call, told, cache, archives } = await lay(t)
  t.match(told('inspect', 'alpine:3.20'), { source: 'alpine:3.20.3', verified: ['mirror'], cached: false, archives: [{ digests: [`sha512:${sha512(archives['3.20.3'])}`], cached: false }], warnings: [/since 2026-04-01/] })
  t.strictSame(readdirSync(join(cache, 'blobs/sha512')), [])
  const path = call('alpine:3.20').stdout.trimEnd()
  t.match(told('inspect', 'alpine:3.20'), { cached: true, path })
  t.match(call('inspect', 'alpine:3.20').stdout, /^alpine:3\.20\.3 for .*\n {2}archive .*\n[^]*cached {4}\//)
})

t.test('verify: a source, an archive, a tree', async t => {
  const { call, told, cache, archives, folder } = await lay(t)
  const path = call('alpine:3.20').stdout.trimEnd()
  t.match(told('verify', 'alpine:3.20'), { source: 'alpine:3.20.3', digests: [`sha512:${sha512(archives['3.20.3'])}`] })
  t.match(told('verify', path), { source: 'alpine:3.20.3', path })
  for (const [harm, why] of [
    [() => writeFileSync(join(path, 'bin/busybox'), 'pro9ram'), /bin\/busybox: (?:content|time)/], [() => writeFileSync(join(path, 'etc/new\u001b'), ''), /etc\/new\\x1b: is too many/], [() => chmodSync(join(path, 'bin'), 0o700), /bin: mode/],
  ] as const) {
    harm()
    t.match(call('verify', path), { status: 125, stderr: why })
    call('cache', 'clear')
    t.equal(call('alpine:3.20').stdout.trimEnd(), path)
    t.equal(call('verify', path).status, 0, 'whole again')
  }
  const blob = join(cache, 'blobs/sha512', sha512(archives['3.20.3']))
  chmodSync(blob, 0o644)
  writeFileSync(blob, archives['3.20.2'])
  t.match(call('verify', 'alpine:3.20'), { status: 125, stderr: /is not what .* says/ })
  const file = put(join(folder, 'x.tar.gz'), archives['3.20.2'])
  t.match(told('verify', file), { digests: [`sha512:${sha512(archives['3.20.2'])}`, `sha256:${createHash('sha256').update(archives['3.20.2']).digest('hex')}`] })
  t.match(call('verify', file, '--sha512', '0'.repeat(128)), { status: 125, stderr: /is not what the given sum says/ })
  t.match(call('verify', folder), { status: 125, stderr: /is no tree of a cache/ })
  t.match(call('verify', './none'), { status: 125, stderr: /does not exist/ })
})

t.test('lock, and nothing else', async t => {
  const { call, told, mirror, folder, archives } = await lay(t)
  t.equal(call('lock', 'alpine:3.20').stdout, `${join(folder, 'rootfs-fetch.lock.json')}\n`)
  t.match(JSON.parse(readFileSync(join(folder, 'rootfs-fetch.lock.json'), 'utf8')), { version: 1, sources: { 'alpine:3.20': { source: 'alpine:3.20.3', arch, digests: [`sha512:${sha512(archives['3.20.3'])}`] } } })
  const newer = await smallRoot(folder, '3.20.4')
  layMirror(mirror, 'v3.20', { '3.20.4': newer })
  t.match(told('alpine:3.20', '--locked'), { version: '3.20.3', verified: ['locked', 'mirror'] })
  t.match(told('alpine:3.20'), { version: '3.20.4' }, 'without it, the newest')
  // The mirror holds another archive under the locked name.
  layMirror(mirror, 'v3.20', { '3.20.3': newer })
  call('cache', 'clear')
  t.match(call('alpine:3.20', '--locked', '--cache', join(folder, 'fresh')), { status: 125, stderr: /is not what .*rootfs-fetch\.lock\.json says/ })
  t.match(call('alpine:3.22', '--locked'), { status: 125, stderr: /alpine:3\.22 is not in .*\n {2}why: it holds alpine:3\.20/ })
  t.match(call('alpine:3.20', '--locked=none.json'), { status: 125, stderr: /there is no lock file/ })
  writeFileSync(join(folder, 'bad.json'), '{"version":1,"sources":{"alpine:3.20":{}}}')
  t.match(call('alpine:3.20', '--locked=bad.json'), { status: 125, stderr: /is no lock file/ })
})

t.test('cache: list, gc by age and size, clear', async t => {
  const { call, told, cache } = await lay(t)
  const old = call('alpine:3.20.2').stdout.trimEnd()
  const recent = call('alpine:3.20.3').stdout.trimEnd()
  const then = new Date(Date.now() - 40 * 86_400_000)
  utimesSync(join(old, '..'), then, then)
  t.match(told('cache'), { cache, entries: { length: 4 } })
  t.match(call('cache', 'list').stdout, /alpine:3\.20\.3[^]*4 entries/)
  t.match(told('cache', 'gc', '--max-age', '30d'), { removed: [{ kind: 'tree', source: 'alpine:3.20.2' }] })
  t.notOk(existsSync(old))
  t.ok(existsSync(recent))
  t.match(call('cache', 'gc'), { status: 125, stderr: /needs a limit/ })
  t.match(call('cache', 'gcc'), { status: 125, stderr: /did you mean gc/ })
  t.match(call('cache', 'gc', '--max-size', '0'), { status: 0 })
  t.strictSame(['trees', 'blobs/sha512', 'tmp'].flatMap(name => readdirSync(join(cache, name))), [])
  t.equal(call('alpine:3.20.3').stdout.trimEnd(), recent, 'it works afterwards')
})

t.test('what is in use stays: a mount, a process in it, a lock', async t => {
  const { call, cache } = await lay(t)
  const path = call('alpine:3.20').stdout.trimEnd()
  const gone = () => {
    call('cache', 'clear')
    return !existsSync(path)
  }
  const inside = spawn('sleep', ['60'], { cwd: path })
  await new Promise(resolve => inside.once('spawn', resolve))
  t.notOk(gone(), 'a working directory')
  inside.kill()
  await new Promise(resolve => inside.once('exit', resolve))
  const name = path.split('/').at(-2) ?? ''
  const lock = await (await Cache.open(cache)).lock(name)
  t.notOk(gone(), 'a lock')
  lock.release()
  if (isRoot) {
    const point = join(cache, '../point')
    mkdirSync(point)
    const mounted = spawn('unshare', ['--mount', 'sh', '-c', 'mount --bind "$1" "$2" && echo && cd / && exec sleep 60', 'sh', path, point])
    await new Promise(resolve => mounted.stdout.once('data', resolve))
    t.notOk(gone(), 'a mount in a namespace of its own')
    mounted.kill()
    await new Promise(resolve => mounted.once('exit', resolve))
  }
  t.ok(gone(), 'positive control')
})

t.test('a cache of the first version is used', async t => {
  const { call, cache, archives } = await lay(t)
  const path = call('alpine:3.20').stdout.trimEnd()
  const sum = sha512(archives['3.20.3'])
  const report = { entries: 1, bytes: 1, devices: 0, owners: 0, setIds: 0, attributes: 0, replaced: 0, records: 0 }
  writeFileSync(join(path, '../tree.json'), JSON.stringify({ source: 'alpine:3.20.3', version: '3.20.3', sha512: sum, verified: 'mirror', report }))
  writeFileSync(join(cache, `refs/alpine/${arch}/3.20.3.json`), JSON.stringify({ sha512: sum, verified: 'mirror' }))
  t.match(await fetchRootfs('alpine:3.20.3', { cache, offline: true }), { path, cached: true, verified: ['mirror'], digest: `sha512:${sum}` })
})

t.test('--help loads nothing of it', async t => {
  const script = `
    import { registerHooks } from 'node:module'
    const loaded = []
    registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) })
    process.argv = [process.argv[0], ${JSON.stringify(join(import.meta.dirname, '../src/cli.ts'))}, '--help']
    process.on('exit', () => process.stderr.write(loaded.join('\\n')))
    await import(${JSON.stringify(join(import.meta.dirname, '../src/cli.ts'))})`
  const { stderr, stdout } = spawnSync(process.execPath, ['--conditions=@srcon/source', '--input-type=module', '-e', script], { encoding: 'utf8', env: { PATH: '/usr/bin:/bin' } })
  t.match(stdout, /SOURCE|source/)
  t.match(stderr, /rootfs-fetch\/src\/options\.ts/, 'positive control')
  const heavy = /node_modules\/(?:undici|openpgp|yaml|log-update)\/|\.node$|rootfs-fetch\/src\/(?:fetch|cache|archive|openpgp|native|unpack|download\/|source\/|verb\/)/
  t.strictSame(stderr.split('\n').filter(url => heavy.test(url)), [])
})
