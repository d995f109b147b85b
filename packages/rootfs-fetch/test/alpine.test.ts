// `alpine[:VERSION]`: which archive, whose sum, from directories and servers, and what is refused.
import { readFileSync, readdirSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import { withSource } from '../src/fetch.ts'
import { fetchRootfs, type FetchOptions } from '../src/index.ts'
import { fetchAsync, fetchSync } from './fixtures/run.ts'
import { arch, layFlat, layMirror, nameOf, scratch, sha512, smallRoot } from './fixtures/scratch.ts'
import { serve } from './fixtures/server.ts'

/** Two branches in Alpine's order; the index of v3.20 names the later one. */
async function mirrorIn(folder: string) {
  const archives = { '3.20.2': await smallRoot(folder, '3.20.2'), '3.20.3': await smallRoot(folder, '3.20.3') }
  const mirror = layMirror(join(folder, 'mirror'), 'v3.20', archives)
  layMirror(mirror, 'latest-stable', { '3.21.0': await smallRoot(folder, '3.21.0') })
  return { mirror, archives, at: join(mirror, `v3.20/releases/${arch}`) }
}
const markOf = (path: string) => readFileSync(join(path, 'etc/mark'), 'utf8')

t.test('directories and servers alike', async t => {
  const folder = scratch(t)
  const { mirror, archives } = await mirrorIn(folder)
  const { url } = await serve(t, mirror)
  for (const [kind, at] of Object.entries({ directory: mirror, file: pathToFileURL(mirror).href, http: url })) {
    const options: FetchOptions = { mirror: at, cache: join(folder, `cache-${kind}`) }
    for (const [source, version] of [['alpine:3.20', '3.20.3'], ['alpine:3.20.3', '3.20.3'], ['alpine:3.20.2', '3.20.2'], ['alpine', '3.21.0'], ['alpine:latest-stable', '3.21.0']] as const) {
      const found = await fetchRootfs(source, options)
      t.match(found, { version, verified: ['mirror'], source: `alpine:${version}`, arch }, `${kind} ${source}`)
      t.equal(markOf(found.path), version)
    }
    for (const source of ['alpine:3.20.9', 'alpine:3.19']) await t.rejects(fetchRootfs(source, options), { code: /E_NOT_FOUND|E_CHECKSUM/ }, `${kind} ${source}`)
    const pinned = { ...options, sha512: sha512(archives['3.20.3']) }
    t.strictSame((await fetchRootfs('alpine:3.20', pinned)).verified, ['pinned'])
    await t.rejects(fetchRootfs('alpine:3.20.2', pinned), { code: 'E_CHECKSUM' }, 'a pinned sum counts, cached or not')
  }
})

t.test('archives side by side', async t => {
  const folder = scratch(t)
  const flat = layFlat(join(folder, 'flat'), { '3.8.5': await smallRoot(folder, '3.8.5'), '3.20.3': await smallRoot(folder, '3.20.3') })
  const { url } = await serve(t, flat)
  for (const mirror of [flat, url]) {
    const options = { mirror, cache: join(folder, mirror === flat ? 'cache' : 'cache-http') }
    t.equal((await fetchRootfs('alpine', options)).version, '3.20.3')
    t.equal((await fetchRootfs('alpine:3.8', options)).version, '3.8.5')
    t.equal((await fetchRootfs('alpine:3.8.5', options)).cached, true)
    t.match(await withSource('alpine', options, async (wanted, ask) => await wanted.list?.(ask)), [{ source: 'alpine:3.20', version: '3.20.3' }, { source: 'alpine:3.8', eol: '2020-05-01' }])
    await t.rejects(fetchRootfs('alpine:3.2', options), { code: 'E_NOT_FOUND' })
    await t.rejects(fetchRootfs('alpine', { ...options, arch: 'riscv64' }), { code: 'E_NOT_FOUND' })
  }
  // Without the list, a sum beside the archive does; without any, nothing is taken.
  const bytes = readFileSync(join(flat, nameOf('3.8.5')))
  unlinkSync(join(flat, 'SHA512SUMS'))
  const options = { mirror: flat, cache: join(folder, 'cache-2') }
  await t.rejects(fetchRootfs('alpine:3.8', options), { code: 'E_CHECKSUM', hint: /--insecure/ })
  writeFileSync(join(flat, `${nameOf('3.8.5')}.sha512`), `${sha512(bytes)}\n`)
  t.strictSame((await fetchRootfs('alpine:3.8', options)).verified, ['mirror'])
  const trusting = await fetchRootfs('alpine:3.20', { ...options, insecure: true })
  t.match(trusting, { verified: [], version: '3.20.3', warnings: [/no security updates since 2026/, /nobody vouches/] })
  await t.rejects(fetchRootfs('alpine:3.20.3', options), { code: 'E_CHECKSUM' }, 'what was taken on trust once is not trusted later')
  t.match(await fetchRootfs('alpine:3.20.3', { ...options, insecure: true }), { cached: true, verified: [] })
})

t.test('a sum that does not fit', async t => {
  const folder = scratch(t)
  const { mirror, at } = await mirrorIn(folder)
  writeFileSync(join(at, nameOf('3.20.3')), await smallRoot(folder, 'forged'))
  const cache = join(folder, 'cache')
  for (const insecure of [false, true]) await t.rejects(fetchRootfs('alpine:3.20', { mirror, cache, insecure }), { code: 'E_CHECKSUM', message: /not what the mirror's own list says|and it must be/ })
  t.strictSame([readdirSync(join(cache, 'blobs/sha512')), readdirSync(join(cache, 'trees')), readdirSync(join(cache, 'tmp'))], [[], [], []])
})

t.test('offline, and without the mirror', async t => {
  const folder = scratch(t)
  const { mirror } = await mirrorIn(folder)
  const cache = join(folder, 'cache')
  await t.rejects(fetchRootfs('alpine:3.20.3', { cache, offline: true }), { code: 'E_NOT_FOUND', hint: /--offline/ })
  const { path } = await fetchRootfs('alpine:3.20', { mirror, cache })
  rmSync(mirror, { recursive: true })
  for (const offline of [false, true]) t.match(await fetchRootfs('alpine:3.20.3', { cache, offline, mirror }), { path, cached: true, verified: ['mirror'] })
  for (const source of ['alpine', 'alpine:3.20', 'alpine:latest-stable']) t.match(await fetchRootfs(source, { cache, offline: true }), { path, version: '3.20.3' }, 'the newest that there is')
  for (const source of ['alpine:3.19', 'alpine:edge', 'alpine:3.20.2']) await t.rejects(fetchRootfs(source, { cache, offline: true }), { code: 'E_NOT_FOUND' }, source)
  await t.rejects(fetchRootfs('alpine:3.20', { cache, mirror }), { code: 'ENOENT', message: /cannot use the mirror/ })
  // The tree is gone, the archive is there: made again without a mirror.
  rmSync(join(path, '..'), { recursive: true })
  t.match(await fetchRootfs('alpine:3.20.3', { cache, offline: true }), { path, cached: false })
})

t.test('an archive in the cache that went bad is fetched again', async t => {
  const folder = scratch(t)
  const { mirror, archives } = await mirrorIn(folder)
  const cache = join(folder, 'cache')
  const { path } = await fetchRootfs('alpine:3.20', { mirror, cache })
  const blob = join(cache, 'blobs/sha512', sha512(archives['3.20.3']))
  for (const bad of [Buffer.from('x'), archives['3.20.2']]) {
    rmSync(join(path, '..'), { recursive: true })
    rmSync(blob)
    writeFileSync(blob, bad)
    t.equal((await fetchRootfs('alpine:3.20', { mirror, cache })).path, path)
    t.equal(markOf(path), '3.20.3')
    t.equal(sha512(readFileSync(blob)), sha512(archives['3.20.3']))
  }
})

t.test('a tree in the cache that was taken apart is made again', async t => {
  const folder = scratch(t)
  const { mirror } = await mirrorIn(folder)
  const options = { mirror, cache: join(folder, 'cache') }
  const { path } = await fetchRootfs('alpine:3.20', options)
  const record = join(path, '../tree.json')
  for (const harm of [() => unlinkSync(record), () => writeFileSync(record, '{'), () => rmSync(path, { recursive: true })]) {
    harm()
    t.match(await fetchRootfs('alpine:3.20', options), { path, cached: false })
    t.equal(markOf(path), '3.20.3')
  }
})

t.test('an index that lies', async t => {
  const folder = scratch(t)
  const { mirror, at } = await mirrorIn(folder)
  const bomb = 'a: &a [x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a]\nc: [*b,*b,*b,*b]\n'
  const entry = (file: string) => `- flavor: alpine-minirootfs\n  file: ${file}\n  sha512: x\n`
  for (const index of [bomb, 'no: [list', '"text"', '- 1\n- null\n', entry(`../../../../etc/${nameOf('3.20.3')}`), entry('alpine-minirootfs-../x.tar.gz'), entry('[1]')]) {
    writeFileSync(join(at, 'latest-releases.yaml'), index)
    // Either it is refused, or passed over for what lies there with a sum of its own.
    const result = await fetchRootfs('alpine:3.20', { mirror, cache: join(folder, 'cache') }).catch((error: unknown) => error)
    t.match(result, result instanceof Error ? { name: 'ToolError', code: 'E_DOWNLOAD' } : { version: '3.20.3', verified: ['mirror'] }, JSON.stringify(index))
  }
})

t.test('the command line', async t => {
  const folder = scratch(t)
  const { mirror } = await mirrorIn(folder)
  const cache = join(folder, 'cache')
  const env = { SRCON_ALPINE_MIRROR: mirror }
  const first = fetchSync(['alpine:3.20', '-q'], { cache, env })
  t.match(first, { status: 0, stdout: /^\/[^\n]*\n$/, stderr: '' })
  t.equal(fetchSync(['alpine:3.20.3'], { cache }).stdout, first.stdout)
  const { url } = await serve(t, mirror)
  const { status, stderr } = await fetchAsync(['alpine:3.20.2', '--mirror', url], { cache }).ended
  t.equal(status, 0)
  t.match(stderr, /downloading http:.*, \d/)
  t.match(stderr, /plain http: that shows damage, not forgery/)
  for (const [bad, says] of [['ftp://x/', /ftp: is not known/], ['http://user:secret@x/', /with a password/], ['./none', /cannot use the mirror .*ENOENT/]] as const) {
    const { status, stderr } = fetchSync(['alpine', '--mirror', bad], { cache })
    t.equal(status, 125)
    t.match(stderr, says)
    t.notMatch(stderr, /secret/)
  }
})
