// `ubuntu`, `lxc` and `tar URL`, each against a server that speaks as theirs does.
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { fetchRootfs } from '../src/index.ts'
import { withSource } from '../src/fetch.ts'
import { makeKey } from './fixtures/keys.ts'
import { put, scratch, sha512, smallRoot } from './fixtures/scratch.ts'
import { serve } from './fixtures/server.ts'

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const mark = (path: string) => readFileSync(join(path, 'etc/mark'), 'utf8')

t.test('ubuntu', async t => {
  const folder = scratch(t)
  const key = await makeKey(folder)
  const at = join(folder, 'mirror/releases/24.04/release')
  const archives = Object.fromEntries(await Promise.all(['24.04.1', '24.04.10', '24.04.2'].map(async version => [`ubuntu-base-${version}-base-amd64.tar.gz`, await smallRoot(folder, version)] as const)))
  for (const [name, bytes] of Object.entries(archives)) put(join(at, name), bytes)
  const sums = Object.entries(archives).map(([name, bytes]) => `${sha256(bytes)} *${name}\n`).join('')
  put(join(at, 'SHA256SUMS'), sums)
  put(join(at, 'SHA256SUMS.gpg'), await key.sign(Buffer.from(sums)))
  const { url, asked } = await serve(t, join(folder, 'mirror'))
  const options = { mirror: url, arch: 'amd64', cache: join(folder, 'cache') }
  for (const source of ['ubuntu:24.04', 'ubuntu:noble', 'ubuntu', 'ubuntu:latest', 'ubuntu:24.04.10']) {
    const found = await fetchRootfs(source, options)
    t.match(found, { source: 'ubuntu:24.04.10', version: '24.04.10', verified: ['mirror'], digest: /^sha256:/ }, source)
    t.equal(mark(found.path), '24.04.10', 'ten is more than two')
  }
  t.equal(asked.get('/releases/24.04/release/ubuntu-base-24.04.10-base-amd64.tar.gz'), 1, 'one download')
  t.match(await fetchRootfs('ubuntu:24.04.2', { ...options, key: key.file }), { version: '24.04.2', signedBy: key.fingerprint, verified: ['signature', 'mirror'] })
  t.match(await fetchRootfs('ubuntu:noble', { ...options, mirror: undefined, offline: true }), { cached: true })
  for (const [source, code] of [['ubuntu:24.04.9', 'E_NOT_FOUND'], ['ubuntu:10.04', 'E_NOT_FOUND'], ['ubuntu:x', 'E_USAGE'], ['ubuntu:../x', 'E_USAGE']] as const) await t.rejects(fetchRootfs(source, options), { code }, source)
  writeFileSync(join(at, 'SHA256SUMS'), sums.replace('24.04.1-', '24.04.3-'))
  await t.rejects(fetchRootfs('ubuntu:24.04', { ...options, key: key.file }), { code: 'E_SIGNATURE' }, 'a list that was changed')
  t.match(await withSource('ubuntu', options, async (wanted, ask) => await wanted.list?.(ask)), [{ source: 'ubuntu:24.04', version: '24.04.10', eol: '2029-05-31' }])
})

t.test('lxc', async t => {
  const folder = scratch(t)
  const key = await makeKey(folder)
  const bytes = await smallRoot(folder, 'lxc')
  const line = (build: string, more = 'alpine;3.22;amd64;default') => `${more};${build};/images/alpine/3.22/amd64/default/${build}/\n`
  const index = `${line('20260101_13:00')}${line('20260301_13:00')}alpine;3.22;amd64;default;20990101_00:00;/images/../../etc/\nnonsense\n${line('20260401_13:00', 'debian;trixie;amd64;default')}`
  const at = join(folder, 'mirror/images/alpine/3.22/amd64/default/20260301_13:00')
  put(join(at, 'rootfs.tar.xz'), bytes)
  put(join(at, 'SHA256SUMS'), `${sha256(bytes)}  rootfs.tar.xz\n`)
  put(join(at, 'rootfs.tar.xz.asc'), await key.sign(bytes))
  put(join(folder, 'mirror/meta/1.0/index-system'), index)
  put(join(folder, 'mirror/meta/1.0/index-system.asc'), await key.sign(Buffer.from(index)))
  const { url } = await serve(t, join(folder, 'mirror'))
  const options = { mirror: url, arch: 'amd64', cache: join(folder, 'cache') }
  const found = await fetchRootfs('lxc:alpine/3.22', options)
  t.match(found, { source: 'lxc:alpine/3.22', version: '20260301_13:00', verified: ['mirror'], cached: false })
  t.equal(mark(found.path), 'lxc')
  t.match(await fetchRootfs('lxc:alpine/3.22', { ...options, key: key.file }), { signedBy: key.fingerprint, verified: ['signature', 'mirror'], facts: { indexSignedBy: key.fingerprint } })
  t.match(await fetchRootfs('lxc:alpine/3.22', { ...options, offline: true }), { cached: true })
  for (const [source, code] of [['lxc:alpine/9', 'E_NOT_FOUND'], ['lxc', 'E_USAGE'], ['lxc:a/b/c/d', 'E_USAGE'], ['lxc:../x', 'E_USAGE']] as const) await t.rejects(fetchRootfs(source, options), { code }, source)
  t.match(await withSource('lxc:alpine', options, async (wanted, ask) => await wanted.list?.(ask)), [{ source: 'lxc:alpine/3.22' }, { source: 'lxc:alpine/3.22' }])
})

t.test('tar URL', async t => {
  const folder = scratch(t)
  const bytes = await smallRoot(folder, 'web')
  put(join(folder, 'www/x.tar.gz'), bytes)
  const { url, asked } = await serve(t, join(folder, 'www'))
  const cache = join(folder, 'cache')
  const at = `${url}x.tar.gz`
  await t.rejects(fetchRootfs(['tar', at], { cache }), { code: 'E_CHECKSUM', hint: /--sha256/ })
  await t.rejects(fetchRootfs(['tar', at], { cache, sha256: 'a'.repeat(64) }), { code: 'E_CHECKSUM', message: /is not what the given sum says/ })
  t.match(await fetchRootfs(['tar', at], { cache, sha256: sha256(bytes) }), { verified: ['pinned'], digest: `sha256:${sha256(bytes)}` })
  const before = asked.get('/x.tar.gz')
  t.match(await fetchRootfs(`tar:${at}`, { cache, sha256: sha256(bytes), offline: true }), { cached: true })
  t.equal(asked.get('/x.tar.gz'), before)
  t.match(await fetchRootfs(['tar', at], { cache, sha512: sha512(bytes), sha256: sha256(bytes) }), { verified: ['pinned'] })
  t.match(await fetchRootfs(['tar', at], { cache: join(folder, 'other'), insecure: true }), { verified: [], warnings: [/nobody vouches/] })
  await t.rejects(fetchRootfs(['tar', `${url}none`], { cache, insecure: true }), { code: 'E_NOT_FOUND' })
})
