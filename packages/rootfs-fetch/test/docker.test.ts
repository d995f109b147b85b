// `docker://`: from Debian's docker-registry, filled by skopeo, with the three ways in: for everybody, with a password, with a token.
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, readdirSync, writeFileSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { gzipSync } from 'node:zlib'
import { withSource } from '../src/fetch.ts'
import { fetchRootfs, type FetchOptions, type Rootfs } from '../src/index.ts'
import { Blobs, tagged } from './fixtures/image.ts'
import { end, member, type Member } from './fixtures/members.ts'
import { alice, makeCertificate, noRegistry, startRegistry, startTokenServer } from './fixtures/registry.ts'
import { fetchSync } from './fixtures/run.ts'
import { put, scratch } from './fixtures/scratch.ts'

const skip = noRegistry ?? false
const layer = (...members: readonly Member[]) => ({ bytes: gzipSync(Buffer.concat([...members.map(member), end])) })
const directory = (path: string): Member => ({ path, type: 'Directory' })

/** Three layers: the second hides a file and a directory of the first, the third replaces a file. */
function threeLayers(folder: string, mark: string): string {
  const blobs = new Blobs()
  const image = blobs.image([
    layer(directory('etc'), { path: 'etc/mark', data: 'old' }, { path: 'etc/gone', data: 'x' }, directory('opt'), { path: 'opt/hidden', data: 'x' }, { path: 'set', mode: 0o4755, data: 'x' }),
    layer({ path: 'etc/.wh.gone' }, directory('opt'), { path: 'opt/.wh..wh..opq' }, { path: 'opt/seen', data: 'y' }, { path: 'link', type: 'Link', linkpath: 'opt/seen' }),
    layer({ path: 'etc/mark', data: mark }),
  ], { config: { config: { Env: ['PATH=/bin', 'A=b'], Cmd: ['/bin/sh'], User: '7', WorkingDir: '/opt' } } })
  return blobs.layout(folder, [tagged(image, 'latest')])
}
const filesOf = ({ path }: Rootfs) => readdirSync(path, { recursive: true }).map(String).sort()
const mark = ({ path }: Rootfs) => readFileSync(join(path, 'etc/mark'), 'utf8')

/** Credentials of the caller are not those of the tests. */
function home(t: Test, folder: string, config?: object): void {
  const before = { ...process.env }
  mkdirSync(folder, { recursive: true })
  const file = join(folder, 'auth.json')
  if (config) writeFileSync(file, JSON.stringify(config))
  Object.assign(process.env, { REGISTRY_AUTH_FILE: file, HOME: folder })
  t.teardown(() => {
    for (const name of ['REGISTRY_AUTH_FILE', 'HOME']) if (before[name] === undefined) Reflect.deleteProperty(process.env, name)
    else process.env[name] = before[name]
  })
}

t.test('for everybody', { skip }, async t => {
  const folder = scratch(t)
  home(t, join(folder, 'home'))
  const registry = await startRegistry(t, join(folder, 'registry'))
  await registry.fill(threeLayers(join(folder, 'one'), 'one'), 'some/image:1.0')
  const options: FetchOptions = { cache: join(folder, 'cache'), arch: 'amd64' }
  const name = `docker://${registry.host}/some/image:1.0`
  const found = await fetchRootfs(name, options)
  t.match(found, { source: name, version: '1.0', arch: 'amd64', cached: false, verified: ['mirror'], facts: { manifest: /^sha256:/, digest: /^sha256:/ }, config: { env: ['PATH=/bin', 'A=b'], cmd: ['/bin/sh'], user: '7', workdir: '/opt' } })
  t.equal(found.digests.length, 3)
  t.strictSame(filesOf(found), ['etc', 'etc/mark', 'link', 'opt', 'opt/seen', 'set'])
  t.equal(mark(found), 'one')
  t.match(await fetchRootfs(name, options), { cached: true, path: found.path })
  t.match(await fetchRootfs(name, { ...options, offline: true }), { cached: true, path: found.path, config: { user: '7' }, verified: ['mirror'] })

  const digest = `docker://${registry.host}/some/image@${String(found.facts?.['digest'])}`
  t.match(await fetchRootfs(digest, options), { verified: ['digest'], cached: true, path: found.path })
  await t.rejects(fetchRootfs(`docker://${registry.host}/some/image@sha256:${'0'.repeat(64)}`, options), { code: 'E_NOT_FOUND' })

  t.test('a tag that moves', async t => {
    await registry.fill(threeLayers(join(folder, 'two'), 'two'), 'some/image:1.0')
    t.equal(mark(await fetchRootfs(name, options)), 'two')
    t.equal(mark(await fetchRootfs(digest, options)), 'one', 'a digest stays')
  })

  t.test('Docker\'s own types', async t => {
    await registry.fill(join(folder, 'one'), 'some/image:v2s2', '--format', 'v2s2')
    t.strictSame(filesOf(await fetchRootfs(`docker://${registry.host}/some/image:v2s2`, options)), filesOf(found))
  })

  t.test('list, inspect, lock', async t => {
    t.strictSame(await withSource(`docker://${registry.host}/some/image`, options, async (wanted, ask) => (await wanted.list?.(ask))?.map(({ source }) => source).sort()), ['1.0', 'v2s2'].map(tag => `docker://${registry.host}/some/image:${tag}`))
    const cache = join(folder, 'cache')
    const inspected = JSON.parse(fetchSync(['inspect', '--json', '--arch', 'amd64', name], { cache }).stdout) as Record<string, unknown>
    t.match(inspected, { archives: [{ label: 'layer 1/3' }, { label: 'layer 2/3' }, { label: 'layer 3/3' }], config: { user: '7' }, facts: { platform: 'linux/amd64' } })
    const cwd = join(folder, 'work')
    mkdirSync(cwd)
    t.match(fetchSync(['lock', '--arch', 'amd64', name], { cache, cwd }), { status: 0 })
    t.match(fetchSync(['--locked', '--arch', 'amd64', name], { cache, cwd }), { status: 0 })
    await registry.fill(threeLayers(join(folder, 'three'), 'three'), 'some/image:1.0')
    for (const words of [[], ['--offline'], ['--cache', join(folder, 'fresh')]]) {
      const { status, stdout, stderr } = fetchSync(['--locked', '--arch', 'amd64', ...words, name], { cache, cwd })
      t.equal(status, 0, stderr)
      t.equal(readFileSync(join(stdout.trimEnd(), 'etc/mark'), 'utf8'), 'two', 'the tag has moved, and what it was locked to is taken')
    }
    const lock = join(cwd, 'rootfs-fetch.lock.json')
    writeFileSync(lock, readFileSync(lock, 'utf8').replace(/sha256:[0-9a-f]{64}(?="\s*\])/, `sha256:${'0'.repeat(64)}`))
    t.match(fetchSync(['--locked', '--arch', 'amd64', name], { cache, cwd }), { status: 125, stderr: /is not what .*lock.* says/ })
  })

  t.test('what is not there', async t => {
    for (const [source, code] of [[`docker://${registry.host}/some/image:none`, 'E_NOT_FOUND'], [`docker://${registry.host}/nothing`, 'E_NOT_FOUND']] as const) await t.rejects(fetchRootfs(source, options), { code, why: /404: (?:MANIFEST|NAME)_UNKNOWN/ }, source)
    await t.rejects(fetchRootfs(name, { ...options, arch: 'arm64' }), { code: 'E_NOT_FOUND', message: /linux\/arm64/, why: /linux\/amd64/ })
    await t.rejects(fetchRootfs(name, { ...options, sha256: '0'.repeat(64) }), { code: 'E_USAGE' })
  })
})

const alpine = join(process.env['SRCON_TEST_DATA'] ?? '/nowhere', 'alpine/alpine-minirootfs-3.20.3-x86_64.tar.gz')

t.test('a container of it', { skip: skip || !existsSync(alpine) || process.arch !== 'x64' || (process.getuid?.() !== 0 && 'only root') }, async t => {
  const folder = scratch(t)
  home(t, join(folder, 'home'))
  const registry = await startRegistry(t, join(folder, 'registry'))
  const blobs = new Blobs()
  const image = blobs.image([{ bytes: readFileSync(alpine) }, layer({ path: 'etc/.wh.motd' }, { path: 'etc/.wh.shadow' }), layer({ path: 'etc/motd', data: 'a layer\n' })])
  await registry.fill(blobs.layout(join(folder, 'image'), [tagged(image, 'latest')]), 'library/alpine:3.20')
  const bin = join(folder, 'bin')
  for (const [name, path] of [['rootfs-fetch', '../src/cli.ts'], ['srcon', '../../srcon/src/cli.ts']] as const) {
    put(join(bin, name), `#!/bin/sh\nexec '${process.execPath}' --conditions=@srcon/source '${join(import.meta.dirname, path)}' "$@"\n`)
    chmodSync(join(bin, name), 0o755)
  }
  const env = { PATH: `${bin}:/usr/sbin:/usr/bin:/sbin:/bin`, SRCON_CACHE: join(folder, 'cache'), REGISTRY_AUTH_FILE: join(folder, 'none') }
  const ended = spawnSync('sh', ['-c', `rootfs-fetch docker://${registry.host}/library/alpine:3.20 --config new | srcon run -- sh -c 'head -3 /etc/os-release; cat /etc/motd; ls /etc/shadow'`], { encoding: 'utf8', cwd: '/', env })
  t.match(ended.stdout, /^NAME="Alpine Linux"\nID=alpine\nVERSION_ID=3\.20\.3\na layer\n$/)
  t.match(ended.stderr, /\/etc\/shadow: No such file/)

  // The README's lines, as they stand; docker.io is this registry.
  const [, block = ''] = /## Registries[^`]*```sh\n([^]*?)```/.exec(readFileSync(join(import.meta.dirname, '../README.md'), 'utf8')) ?? []
  const lines = block.split('\n').filter(line => line !== '' && !line.startsWith('#'))
  const said = lines.map(line => spawnSync('sh', ['-c', line], { encoding: 'utf8', cwd: '/', env: { ...env, SRCON_DOCKER_MIRROR: `http://${registry.host}` } }))
  t.strictSame(said.map(({ status }) => status), [0, 0, 0], said.map(({ stderr }) => stderr).join(''))
  t.match(said[0]?.stdout, /^NAME="Alpine Linux"/)
  t.match(said[1]?.stdout, /docker:\/\/alpine:3\.20/)
  t.match(JSON.parse(said[2]?.stdout ?? ''), { source: 'docker://alpine:3.20', archives: [{ label: 'layer 1/3' }, {}, {}], verified: ['mirror'] })
})

t.test('with a password', { skip }, async t => {
  const folder = scratch(t)
  const registry = await startRegistry(t, join(folder, 'registry'), { htpasswd: { realm: 'test', path: join(folder, 'registry/htpasswd') } })
  await registry.fill(threeLayers(join(folder, 'image'), 'secret'), 'private/image:1')
  const name = `docker://${registry.host}/private/image:1`
  const options = { cache: join(folder, 'cache'), arch: 'amd64' }
  const auth = Buffer.from(`${alice.user}:${alice.password}`).toString('base64')
  await t.test('none', async t => {
    home(t, join(folder, 'none'))
    await t.rejects(fetchRootfs(name, options), { code: 'E_AUTH', message: /wants a name and a password/ })
  })
  await t.test('a wrong one', async t => {
    home(t, join(folder, 'wrong'), { auths: { [registry.host]: { auth: Buffer.from('alice:wr0ng').toString('base64') } } })
    const error = await fetchRootfs(name, options).then(() => undefined, (thrown: unknown) => thrown as Error)
    t.match(error, { code: 'E_AUTH', why: /401/ })
    t.notMatch(JSON.stringify(error) + String(error?.stack), /wr0ng|YWxpY2/, 'no message shows it')
  })
  await t.test('of the registry, of the repository, of a helper', async t => {
    for (const [i, config] of [{ auths: { [`https://${registry.host}/v1/`]: { auth } } }, { auths: { [`${registry.host}/private`]: { auth }, [registry.host]: { auth: Buffer.from('a:b').toString('base64') } } }].entries()) {
      home(t, join(folder, `right${i}`), config)
      t.equal(mark(await fetchRootfs(name, { ...options, cache: join(folder, `cache${i}`) })), 'secret')
    }
    const bin = join(folder, 'bin')
    mkdirSync(bin)
    writeFileSync(join(bin, 'docker-credential-test'), `#!/bin/sh\nread -r server\n[ "$1 $server" = "get ${registry.host}" ] && printf '{"Username":"alice","Secret":"secret"}' || { echo 'credentials not found in native keychain'; exit 1; }\n`, { mode: 0o755 })
    const path = process.env['PATH']
    process.env['PATH'] = `${bin}:${path}`
    t.teardown(() => (process.env['PATH'] = path))
    for (const [i, config] of [{ credHelpers: { [registry.host]: 'test' } }, { credsStore: 'test', auths: { [registry.host]: {} } }].entries()) {
      home(t, join(folder, `helper${i}`), config)
      t.equal(mark(await fetchRootfs(name, { ...options, cache: join(folder, `helped${i}`) })), 'secret')
    }
    home(t, join(folder, 'missing'), { credsStore: 'nowhere' })
    await t.rejects(fetchRootfs(name, options), { code: 'E_AUTH', why: 'docker-credential-nowhere is not installed' })
    home(t, join(folder, 'hostile'), { credsStore: '../../bin/sh' })
    await t.rejects(fetchRootfs(name, options), { code: 'E_AUTH', why: /other characters/ })
  })
  t.notOk(readdirSync(join(folder, 'cache'), { recursive: true }).some(file => /secret/.test(existsSync(join(folder, 'cache', String(file))) ? String(file) : '')), 'nothing is kept under its name')
})

t.test('with a token', { skip }, async t => {
  const folder = scratch(t)
  const tokens = await startTokenServer(t, join(folder, 'tokens'))
  const registry = await startRegistry(t, join(folder, 'registry'), tokens.auth)
  await registry.fill(threeLayers(join(folder, 'image'), 'token'), 'private/image:1')
  await registry.fill(join(folder, 'image'), 'public/image:1')
  const options = { cache: join(folder, 'cache'), arch: 'amd64' }
  tokens.asked.length = 0
  await t.test('without a name', async t => {
    home(t, join(folder, 'none'))
    t.equal(mark(await fetchRootfs(`docker://${registry.host}/public/image:1`, options)), 'token')
    t.strictSame(tokens.asked, [{ method: 'GET', authorization: undefined, scope: 'repository:public/image:pull', grant: null }], 'one token for manifest, config and three layers')
    await t.rejects(fetchRootfs(`docker://${registry.host}/private/image:1`, options), { code: 'E_AUTH', why: /401: UNAUTHORIZED/, hint: /log in/ })
  })
  await t.test('with one', async t => {
    home(t, join(folder, 'alice'), { auths: { [registry.host]: { auth: Buffer.from('alice:secret').toString('base64') } } })
    t.equal(mark(await fetchRootfs(`docker://${registry.host}/private/image:1`, { ...options, cache: join(folder, 'own') })), 'token')
    home(t, join(folder, 'eve'), { auths: { [registry.host]: { auth: Buffer.from('eve:secret').toString('base64') } } })
    await t.rejects(fetchRootfs(`docker://${registry.host}/private/image:1`, options), { code: 'E_AUTH', message: /gives no token/, why: /401: UNAUTHORIZED, authentication required/ })
  })
  await t.test('a refresh token; tokens that end soon', async t => {
    tokens.asked.length = 0
    tokens.life = 1
    home(t, join(folder, 'refresh'), { auths: { [registry.host]: { identitytoken: 'refresh' } } })
    t.equal(mark(await fetchRootfs(`docker://${registry.host}/private/image:1`, { ...options, cache: join(folder, 'short') })), 'token')
    t.ok(tokens.asked.length >= 1 && tokens.asked.every(({ method, grant, authorization }) => method === 'POST' && grant === 'refresh_token' && authorization === undefined))
    tokens.life = 300
  })
})

t.test('with TLS and a certificate of one\'s own', { skip }, async t => {
  const folder = scratch(t)
  const tls = makeCertificate(join(folder, 'tls'))
  const registry = await startRegistry(t, join(folder, 'registry'), {}, tls)
  await registry.fill(threeLayers(join(folder, 'image'), 'tls'), 'image:1')
  const cache = join(folder, 'cache')
  const words = ['--arch', 'amd64', '--mirror', `https://${registry.host}`, '--retries', '0', 'docker://example.com/image:1']
  t.match(fetchSync(words, { cache }), { status: 125, stderr: /self-signed certificate/ })
  t.match(fetchSync(words, { cache, env: { NODE_EXTRA_CA_CERTS: tls.certificate } }), { status: 0 })
})
