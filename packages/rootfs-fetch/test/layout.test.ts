// Images on disk: which one is meant, what it unpacks to, and layouts that are damaged or hostile.
import { chmodSync, cpSync, lstatSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import t from 'tap'
import { create } from 'tar'
import { fetchRootfs } from '../src/index.ts'
import { withSource } from '../src/fetch.ts'
import { dockerConfig, dockerManifest, ociLayer } from '../src/source/oci/media-type.ts'
import { splitPlace } from '../src/source/oci/store.ts'
import { Blobs, sha256Of, tagged } from './fixtures/image.ts'
import { fetchSync } from './fixtures/run.ts'
import { archiveOf, scratch } from './fixtures/scratch.ts'

const dir = (path: string) => ({ path, type: 'Directory', mode: 0o755 } as const)
const base = { bytes: archiveOf(dir('etc/'), { path: 'etc/mark', data: 'base' }, { path: 'etc/gone', data: 'x' }, dir('lib/'), { path: 'lib/a', data: 'a' }) }
const upper = { bytes: archiveOf({ path: 'etc/.wh.gone' }, { path: 'etc/mark', data: 'upper' }, { path: 'lib/.wh..wh..opq' }, { path: 'lib/b', data: 'b' }) }
const options = { arch: 'amd64' }
const mark = (path: string) => readFileSync(join(path, 'etc/mark'), 'utf8')

t.test('a place and what is behind it', async t => {
  const at = (...places: string[]) => (path: string) => places.includes(path)
  t.strictSame(splitPlace('a:b', at('a')), { path: 'a', tag: 'b' })
  t.strictSame(splitPlace('a:b', at('a', 'a:b')), { path: 'a:b' })
  t.strictSame(splitPlace('a:docker.io/x/y:1', at('a')), { path: 'a', tag: 'docker.io/x/y:1' })
  t.strictSame(splitPlace(`a:b@sha256:${'0'.repeat(64)}`, at('a:b')), { path: 'a:b', digest: `sha256:${'0'.repeat(64)}` })
  t.strictSame(splitPlace('/x/y:tag', at()), { path: '/x/y' }, 'nothing is there')
})

t.test('by tag, by digest, the only one', async t => {
  const folder = scratch(t)
  const cache = join(folder, 'cache')
  const blobs = new Blobs()
  const one = blobs.image([base], { config: { config: { Cmd: ['a'] } } })
  const two = blobs.image([base, upper], { config: { config: { Cmd: ['b'], Env: ['X=1'] } } })
  const lay = (name: string, ...list: Parameters<Blobs['layout']>[1][]) => blobs.layout(join(folder, name), list.flat())
  const all = lay('all', [tagged(one, 'one'), tagged(two, 'v1:2/x')])
  const found = await fetchRootfs(`oci:${all}:v1:2/x`, { ...options, cache })
  t.match(found, { source: `oci:${all}:v1:2/x`, version: 'v1:2/x', verified: [], config: { cmd: ['b'], env: ['X=1'] }, facts: { manifest: two.digest, platform: 'linux/amd64' }, report: { whiteouts: 2 } })
  t.equal(mark(found.path), 'upper')
  t.strictSame(readdirSync(join(found.path, 'etc')), ['mark'])
  t.strictSame(readdirSync(join(found.path, 'lib')), ['b'], 'opaque')
  t.match(await fetchRootfs(`oci:${all}:v1:2/x`, { ...options, cache }), { cached: true, path: found.path })
  t.strictSame(readdirSync(join(cache, 'blobs/sha256')), [], 'nothing was copied')
  t.match(await fetchRootfs(`oci:${all}@${one.digest}`, { ...options, cache }), { verified: ['digest'], config: { cmd: ['a'] } })
  await t.rejects(fetchRootfs(`oci:${all}`, { ...options, cache }), { code: 'E_NOT_FOUND', message: /has 2 images/, why: 'it has \'one\', \'v1:2/x\'' })
  await t.rejects(fetchRootfs(`oci:${all}:onf`, { ...options, cache }), { code: 'E_NOT_FOUND', why: /'one'/, hint: 'did you mean one?' })
  await t.rejects(fetchRootfs(`oci:${all}@sha256:${'0'.repeat(64)}`, { ...options, cache }), { code: 'E_NOT_FOUND' })
  t.match(await fetchRootfs(`oci:${lay('single', [one])}`, { ...options, cache }), { config: { cmd: ['a'] } }, 'no tag is needed')
  const arm = blobs.image([base], { platform: { os: 'linux', architecture: 'arm64' } })
  const several = lay('several', [{ ...one, platform: { os: 'linux', architecture: 'amd64' } }, { ...arm, platform: { os: 'linux', architecture: 'arm64' } }])
  t.match(await fetchRootfs(`oci:${several}`, { cache, arch: 'aarch64' }), { arch: 'arm64', facts: { manifest: arm.digest } }, 'index.json as the index of platforms')
  t.match(await fetchRootfs(`oci:${lay('nested', [tagged(blobs.index([arm, one]), 'x')])}@${one.digest}`, { ...options, cache }), { verified: ['digest'] }, 'a digest behind an index')
  t.match(await withSource(`oci:${all}`, options, async (wanted, ask) => await wanted.list?.(ask)), [{ version: 'one' }, { version: 'v1:2/x' }])
  t.match(await withSource(`oci:${all}:one`, options, async (wanted, ask) => await wanted.inspect?.(ask)), { manifest: { schemaVersion: 2 }, imageConfig: { architecture: 'amd64' } })
  await t.rejects(fetchRootfs(`oci:${all}:one`, { ...options, cache, sha256: 'a'.repeat(64) }), { code: 'E_USAGE', hint: /@sha256/ })
  // The same tar, as an archive of its own, is another tree: there a whiteout is a file.
  const plain = join(folder, 'upper.tar.gz')
  writeFileSync(plain, upper.bytes)
  const alone = await fetchRootfs(`oci:${lay('upper', [blobs.image([upper])])}`, { ...options, cache })
  const tar = await fetchRootfs(['tar', plain], { cache })
  t.strictSame([readdirSync(join(alone.path, 'etc')), readdirSync(join(tar.path, 'etc'))], [['mark'], ['.wh.gone', 'mark']])
})

t.test('forms of layers', async t => {
  const folder = scratch(t)
  const tar = gunzipSync(base.bytes)
  const zstd = spawnSync('zstd', ['-q', '-c'], { input: tar }).stdout
  const docker = 'application/vnd.docker.image.rootfs.diff.tar.gzip'
  for (const [name, layer, types] of [
    ['none', { bytes: tar, mediaType: ociLayer }], ['zstd', { bytes: zstd, mediaType: `${ociLayer}+zstd`, diffId: sha256Of(tar) }], ['docker', { ...base, mediaType: docker }, [dockerManifest, dockerConfig]],
  ] as const) {
    const blobs = new Blobs()
    const found = await fetchRootfs(`oci:${blobs.layout(join(folder, name), [blobs.image([layer], types ? { types } : {})])}`, { ...options, cache: join(folder, `cache-${name}`) })
    t.equal(mark(found.path), 'base', name)
  }
})

t.test('damaged and hostile layouts', async t => {
  const folder = scratch(t)
  const secret = join(folder, 'secret')
  writeFileSync(secret, base.bytes)
  const blobs = new Blobs()
  const root = tagged(blobs.image([base, upper]), 'x')
  const whole = blobs.layout(join(folder, 'whole'), [root])
  const hex = (bytes: Buffer) => sha256Of(bytes).slice(7)
  const layerAt = (at: string) => join(at, 'blobs/sha256', hex(base.bytes))
  const link = (path: string, to: string) => {
    rmSync(path, { recursive: true })
    symlinkSync(to, path)
  }
  const noise = gzipSync(gunzipSync(base.bytes), { level: 1 })
  const other = new Blobs()
  const cases: [string, (at: string) => void, { code: string | RegExp; message?: RegExp; why?: RegExp }][] = [
    ['a layer that is a link', at => link(layerAt(at), secret), { code: 'E_REFUSED', why: /symbolic link/ }],
    ['blobs elsewhere', at => (renameSync(join(at, 'blobs'), `${at}.blobs`), symlinkSync(`${at}.blobs`, join(at, 'blobs'))), { code: 'E_REFUSED', why: /symbolic link/ }],
    ['the manifest is a link', at => link(join(at, 'blobs/sha256', root.digest.slice(7)), join(whole, 'blobs/sha256', root.digest.slice(7))), { code: 'E_REFUSED' }],
    ['index.json is a link', at => link(join(at, 'index.json'), join(whole, 'index.json')), { code: 'E_REFUSED' }],
    ['a layer that is a FIFO', at => (rmSync(layerAt(at)), spawnSync('mkfifo', [layerAt(at)])), { code: 'E_REFUSED', why: /no regular file/ }],
    ['a layer that is missing', at => rmSync(layerAt(at)), { code: 'E_IMAGE', message: /is missing/ }],
    ['a digest that climbs', at => writeFileSync(join(at, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [{ ...root, digest: 'sha256:../../../secret' }] })), { code: 'E_IMAGE', message: /no digest/ }],
    ['a huge index', at => truncateSync(join(at, 'index.json'), 1 << 30), { code: 'E_IMAGE', why: /at most/ }],
    ['an index that is its own entry', at => (other.layout(at, [blobs.index([{ ...root, size: 1 }])])), { code: /E_CHECKSUM|E_IMAGE/ }],
    ['no JSON', at => writeFileSync(join(at, 'index.json'), '{'), { code: 'E_IMAGE', message: /not JSON/ }],
    ['no layout', at => rmSync(join(at, 'oci-layout')), { code: 'E_IMAGE', message: /no OCI layout/ }],
    ['another version', at => writeFileSync(join(at, 'oci-layout'), '{"imageLayoutVersion":"2.0.0"}'), { code: 'E_UNSUPPORTED' }],
    ['a layer cut short', at => truncateSync(layerAt(at), 100), { code: 'E_CHECKSUM', message: /layer 1\/2 has 100 bytes/ }],
    ['a layer of the right size that is another', at => writeFileSync(layerAt(at), Buffer.concat([noise, Buffer.alloc(base.bytes.length)]).subarray(0, base.bytes.length)), { code: /E_CHECKSUM|E_ARCHIVE_/ }],
    ['another manifest', at => writeFileSync(join(at, 'blobs/sha256', root.digest.slice(7)), '{}'), { code: 'E_CHECKSUM' }],
  ]
  for (const [name, harm, expected] of cases) {
    const at = join(folder, name.replaceAll(' ', '-'))
    cpSync(whole, at, { recursive: true })
    harm(at)
    const cache = join(folder, 'cache')
    await t.rejects(fetchRootfs(`oci:${at}`, { ...options, cache }), expected, name)
    t.strictSame([readdirSync(join(cache, 'trees')), readdirSync(join(cache, 'tmp'))], [[], []], `${name}: nothing is kept`)
  }
  const lies: [string, Parameters<Blobs['image']>[0][number], object][] = [
    ['diff_id', { ...base, diffId: `sha256:${'0'.repeat(64)}` }, { code: 'E_CHECKSUM', message: /what is in layer 1\/1 is not what the image's config says/ }],
    ['media type', { ...base, mediaType: `${ociLayer}+zstd` }, { code: 'E_IMAGE', message: /compressed by gzip/ }],
    ['not compressed', { bytes: gunzipSync(base.bytes) }, { code: 'E_IMAGE', message: /not compressed/ }],
  ]
  for (const [name, layer, expected] of lies) {
    const made = new Blobs()
    await t.rejects(fetchRootfs(`oci:${made.layout(join(folder, `lie-${name}`), [made.image([layer])])}`, { ...options, cache: join(folder, 'cache') }), expected as { code: string }, name)
  }
  const cache = join(folder, 'cache')
  const good = await fetchRootfs(`oci:${whole}`, { ...options, cache })
  t.equal(mark(good.path), 'upper', 'the same, unharmed')
  // A tree that is there already does not make a lie true.
  const made = new Blobs()
  await t.rejects(fetchRootfs(`oci:${made.layout(join(folder, 'late-lie'), [made.image([base, { ...upper, diffId: sha256Of(Buffer.alloc(1)) }])])}`, { ...options, cache }), { code: 'E_CHECKSUM' })
  t.ok(lstatSync(secret).isFile())
})

t.test('archives', async t => {
  const folder = scratch(t)
  const cache = join(folder, 'cache')
  const blobs = new Blobs()
  const image = blobs.image([base, upper], { config: { config: { Cmd: ['b'] } } })
  const at = blobs.layout(join(folder, 'layout'), [tagged(image, 'x')])
  const tar = join(folder, 'o:1.tar')
  await create({ file: tar, cwd: at }, ['.'])
  const found = await fetchRootfs(`oci-archive:${tar}:x`, { ...options, cache })
  t.match(found, { source: `oci-archive:${tar}:x`, version: 'x', verified: [], config: { cmd: ['b'] } })
  t.equal(mark(found.path), 'upper')
  t.equal(readdirSync(join(cache, 'blobs/sha256')).length, 2, 'the layers')
  const sum = sha256Of(readFileSync(tar)).slice(7)
  t.match(await fetchRootfs(`oci-archive:${tar}`, { ...options, cache, sha256: sum }), { cached: true, verified: ['pinned'], path: found.path })
  await t.rejects(fetchRootfs(`oci-archive:${tar}`, { ...options, cache, sha256: 'a'.repeat(64) }), { code: 'E_CHECKSUM' })
  writeFileSync(`${tar}.gz`, gzipSync(readFileSync(tar)))
  t.match(await fetchRootfs(`oci-archive:${tar}.gz`, { ...options, cache: join(folder, 'cache-gz') }), { digests: found.digests })
  t.strictSame(readdirSync(join(folder, 'cache-gz/tmp')), [])
  await t.rejects(fetchRootfs(`oci-archive:${tar}.gz`, { ...options, cache, maxBytes: 1000 }), { code: 'E_ARCHIVE_LIMIT' })
  truncateSync(`${tar}.gz`, 200)
  await t.rejects(fetchRootfs(`oci-archive:${tar}.gz`, { ...options, cache }), { code: 'E_ARCHIVE_TRUNCATED' })
  t.strictSame(readdirSync(join(cache, 'tmp')), [])

  // As docker save writes it, with a layer that is a link to another, and one that is compressed.
  const old = join(folder, 'old')
  const config = Buffer.from(JSON.stringify({ os: 'linux', architecture: 'amd64', config: { Cmd: ['old'] }, rootfs: { type: 'layers', diff_ids: [base, upper, upper].map(({ bytes }) => sha256Of(gunzipSync(bytes))) } }))
  mkdirSync(join(old, 'a'), { recursive: true })
  mkdirSync(join(old, 'b'))
  writeFileSync(join(old, 'a/layer.tar'), gunzipSync(base.bytes))
  writeFileSync(join(old, 'b/layer.tar'), upper.bytes)
  symlinkSync('b/layer.tar', join(old, 'c.tar'))
  const name = `${sha256Of(config).slice(7)}.json`
  writeFileSync(join(old, name), config)
  const saved = [{ Config: name, RepoTags: ['some/name:1', 'alpine:latest'], Layers: ['a/layer.tar', 'b/layer.tar', 'c.tar'] }]
  const pack = async (list: object, file = join(folder, 'd.tar')) => {
    writeFileSync(join(old, 'manifest.json'), JSON.stringify(list))
    await create({ file, cwd: old }, ['.'])
    return file
  }
  const file = await pack(saved)
  const docker = await fetchRootfs(`docker-archive:${file}:docker.io/library/alpine`, { ...options, cache })
  t.match(docker, { config: { cmd: ['old'] }, facts: { image: sha256Of(config) }, report: { whiteouts: 3 } })
  t.equal(mark(docker.path), 'upper')
  t.match(await fetchRootfs(`docker-archive:${file}`, { ...options, cache }), { cached: true, path: docker.path })
  t.match(await withSource(`docker-archive:${file}`, options, async (wanted, ask) => await wanted.list?.(ask)), [{ version: 'some/name:1' }, { version: 'alpine:latest' }])
  await t.rejects(fetchRootfs(`docker-archive:${file}:some/name:2`, { ...options, cache }), { code: 'E_NOT_FOUND', why: /'some\/name:1'/ })
  await t.rejects(fetchRootfs(`docker-archive:${file}`, { cache, arch: 'arm64' }), { code: 'E_NOT_FOUND', why: 'it is for linux/amd64' })
  await t.rejects(fetchRootfs(`docker-archive:${tar}`, { ...options, cache }), { code: 'E_IMAGE', why: 'it is an OCI layout' })
  await t.rejects(fetchRootfs(`docker-archive:${await pack([{ ...saved[0], Layers: ['../../../etc/passwd', 'a/layer.tar', 'c.tar'] }])}`, { ...options, cache }), { code: 'E_IMAGE', message: /is missing/ })
  await t.rejects(fetchRootfs(`docker-archive:${await pack([{ ...saved[0], Layers: ['b/layer.tar', 'b/layer.tar', 'c.tar'] }])}`, { ...options, cache: join(folder, 'c2') }), { code: 'E_CHECKSUM' })
  writeFileSync(join(old, name), config.toString().replace('old', 'new'))
  await t.rejects(fetchRootfs(`docker-archive:${await pack(saved)}`, { ...options, cache }), { code: 'E_CHECKSUM', message: /config/ })
  // Docker's form of today: a layout that has manifest.json too, its layers by digest, one of them compressed.
  const today = join(folder, 'today')
  const plain = new Blobs()
  const layers = [plain.add(gunzipSync(base.bytes), ociLayer), plain.add(upper.bytes, ociLayer)]
  const about = plain.json({ os: 'linux', architecture: 'amd64', config: { Cmd: ['today'] }, rootfs: { type: 'layers', diff_ids: [base, upper].map(({ bytes }) => sha256Of(gunzipSync(bytes))) } }, '')
  plain.layout(today, [])
  writeFileSync(join(today, 'manifest.json'), JSON.stringify([{ Config: `blobs/sha256/${about.digest.slice(7)}`, RepoTags: ['x:1'], Layers: layers.map(({ digest }) => `blobs/sha256/${digest.slice(7)}`) }]))
  const newer = join(folder, 'newer.tar')
  await create({ file: newer, cwd: today }, ['.'])
  const now = await fetchRootfs(`docker-archive:${newer}:x:1`, { ...options, cache })
  t.match(now, { config: { cmd: ['today'] }, digests: layers.map(({ digest }) => digest) })
  t.equal(mark(now.path), 'upper')
  const inspected = fetchSync(['inspect', `docker-archive:${newer}`, '--arch', 'amd64'], { cache })
  t.match(inspected.stdout, new RegExp(`cached +${now.path}\\n +runs +today\\n`), inspected.stderr)
  chmodSync(file, 0o644)
  truncateSync(file, 5000)
  await t.rejects(fetchRootfs(`docker-archive:${file}`, { ...options, cache }), { code: 'E_ARCHIVE_TRUNCATED' })
})

t.test('verify: a tree of layers', async t => {
  const folder = scratch(t)
  const cache = join(folder, 'cache')
  const blobs = new Blobs()
  const at = blobs.layout(join(folder, 'layout'), [tagged(blobs.image([base, upper]), 'x')])
  const tar = join(folder, 'o.tar')
  await create({ file: tar, cwd: at }, ['.'])
  const verify = (...words: string[]) => fetchSync(['verify', ...words], { cache })
  for (const source of [`oci:${at}:x`, `oci-archive:${tar}:x`]) {
    await fetchRootfs(source, { ...options, cache: `${cache}-${source.slice(0, 5)}` })
    const { path } = await fetchRootfs(source, { ...options, cache: `${cache}-${source.slice(0, 5)}` })
    t.match(verify(path), { status: 0, stdout: new RegExp(`^path: ${path}\nsource: ${source}\n`) }, 'whiteouts and all')
    const copy = lstatSync(join(path, 'etc/mark'))
    writeFileSync(join(path, 'etc/gone'), 'back again')
    t.match(verify(path), { status: 125, stderr: /is not what its layers say\n {2}why: 1 differ, first etc\/gone: is too many/ }, 'what a whiteout took away is too many')
    rmSync(join(path, 'etc/gone'))
    writeFileSync(join(path, 'etc/mark'), 'other')
    utimesSync(join(path, 'etc/mark'), copy.atime, copy.mtime)
    t.match(verify(path), { status: 125, stderr: /first etc\/mark: content/ })
    writeFileSync(join(path, 'etc/mark'), 'upper')
    utimesSync(join(path, 'etc/mark'), copy.atime, copy.mtime)
    t.equal(verify(path).status, 0, 'whole again')
    t.match(verify(source, '--arch', 'amd64'), { status: 0 }, 'the source')
  }
  // A cache that has no copy of the layers.
  const { path } = await fetchRootfs(`oci:${at}:x`, { ...options, cache: `${cache}-own` })
  const layer = join(at, 'blobs/sha256', sha256Of(base.bytes).slice(7))
  const bytes = Buffer.from(base.bytes)
  bytes[9] = 7
  writeFileSync(layer, bytes)
  t.match(verify(path), { status: 125, stderr: /layer 1\/2 is not what its name says/ })
  t.match(verify(`oci:${at}:x`, '--arch', 'amd64'), { status: 125, stderr: /layer 1\/2 is not what its manifest says/ })
  writeFileSync(layer, base.bytes)
  blobs.layout(at, [tagged(blobs.image([base]), 'x')])
  t.match(verify(path), { status: 125, stderr: /is not in the cache\n {2}why: it came from oci:/ }, 'the tag is another image now')
  t.strictSame(readdirSync(`${cache}-own/tmp`), [])
})
