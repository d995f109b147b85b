// From index to image: which one is chosen, and what is refused before any layer is looked at.
import t from 'tap'
import { Cache } from '../src/cache.ts'
import { Client } from '../src/download/client.ts'
import { chooseImage, imageFound, type Descriptor } from '../src/source/oci/image.ts'
import { dockerConfig, dockerList, dockerManifest, ociLayer } from '../src/source/oci/media-type.ts'
import { candidates, wantedPlatform } from '../src/source/oci/platform.ts'
import type { Ask } from '../src/source/kind.ts'
import { Blobs } from './fixtures/image.ts'
import { archiveOf, scratch } from './fixtures/scratch.ts'

const layer = { bytes: archiveOf({ path: 'etc/', type: 'Directory', mode: 0o755 }, { path: 'etc/mark', data: 'x' }) }
const about = { source: 'x', arch: 'amd64', verified: [] }
const at = (arch: string) => {
  const [architecture, variant] = arch.split('/')
  return { os: 'linux', architecture, ...(variant === undefined ? {} : { variant }) }
}

t.test('architectures by our names and by OCI\'s', async t => {
  for (const [ours, theirs] of [['x86_64', 'amd64'], ['aarch64', 'arm64'], ['armv7', 'arm/v7'], ['i686', '386'], ['ppc64el', 'ppc64le'], ['loongarch64', 'loong64'], ['linux/arm64/v8', 'arm64']] as const) {
    t.equal(wantedPlatform(ours).architecture, wantedPlatform(theirs).architecture, ours)
  }
  t.strictSame(wantedPlatform('arm/v6').variants, ['v6', 'v5', 'v4', 'v3', 'v2', 'v1', ''])
  for (const word of ['', 'toString', 'amd64/../x', 'linux/amd64/v2/x', 'windows/amd64']) t.throws(() => wantedPlatform(word), { code: 'E_USAGE' }, word)
  const digest = (n: number) => `sha256:${`${n}`.repeat(64)}` as const
  const list = ['arm/v6', 'arm/v7', 'arm', 'amd64', 'arm64/v8'].map((arch, n): Descriptor => ({ mediaType: '', digest: digest(n), size: 0, platform: at(arch) as Descriptor['platform'] }))
  t.strictSame(candidates(list, wantedPlatform('armhf')).map(({ digest: found }) => found), [1, 0, 2].map(digest), 'the newest that runs')
  t.strictSame(candidates(list, wantedPlatform('arm/v6')).map(({ digest: found }) => found), [0, 2].map(digest))
  t.strictSame(candidates(list, wantedPlatform('x86_64')).map(({ digest: found }) => found), [digest(3)])
})

t.test('chosen', async t => {
  const folder = scratch(t)
  const blobs = new Blobs()
  const choose = async (root: Descriptor, arch = 'amd64') => (await chooseImage(blobs.content(folder), root, { ...about, arch }, undefined)).descriptor.digest
  const [amd, arm] = ['amd64', 'arm64'].map(arch => blobs.image([layer], { platform: at(arch), config: { created: arch } })) as [Descriptor, Descriptor]
  const attested = { ...amd, platform: { architecture: 'unknown', os: 'unknown' } }
  const index = blobs.index([attested, { ...arm, platform: at('arm64') }, { ...amd, platform: at('amd64') }] as Descriptor[])
  t.equal(await choose(index), amd.digest)
  t.equal(await choose(index, 'aarch64'), arm.digest)
  t.equal(await choose(amd), amd.digest)
  t.equal(await choose(blobs.index([blobs.index([arm]), blobs.index([amd])])), amd.digest, 'nested, and no platform said: the config tells')
  const docker = blobs.image([{ ...layer, mediaType: 'application/vnd.docker.image.rootfs.diff.tar.gzip' }], { types: [dockerManifest, dockerConfig] })
  t.equal(await choose(docker), docker.digest)
  t.equal(await choose(blobs.json({ schemaVersion: 2, mediaType: dockerList, manifests: [{ ...docker, platform: at('amd64') }] }, dockerList)), docker.digest)
  await t.rejects(choose(index, 's390x'), { code: 'E_NOT_FOUND', message: 'x is not there for linux/s390x', why: 'it is there for linux/arm64, linux/amd64', hint: '--arch arm64' })
  await t.rejects(choose(arm), { code: 'E_NOT_FOUND', why: 'it is there for linux/arm64' })
  await t.rejects(choose(blobs.index([])), { code: 'E_NOT_FOUND', why: 'its index names no image' })
})

t.test('refused', async t => {
  const folder = scratch(t)
  const blobs = new Blobs()
  const good = blobs.image([layer])
  const { config } = JSON.parse(String(blobs.all.get(good.digest))) as { config: Descriptor }
  let deep = good
  for (let i = 0; i < 6; i++) deep = blobs.index([deep])
  const many = blobs.index(Array.from({ length: 40 }, (_, i) => blobs.image([layer], { platform: at('arm64'), config: { created: `${i}` } })))
  const schema1 = 'application/vnd.docker.distribution.manifest.v1+prettyjws'
  const typed = (mediaType: string) => blobs.image([{ ...layer, mediaType }])
  const run = (value: object) => blobs.image([layer], { config: { config: value } })
  const cases: [string, Descriptor, { code: string; message?: RegExp; why?: RegExp }][] = [
    ['size', { ...good, size: good.size + 1 }, { code: 'E_CHECKSUM' }],
    ['digest', { ...good, digest: `sha256:${'a'.repeat(64)}`, size: 0 }, { code: 'E_CHECKSUM' }],
    ['too large', { ...good, size: 1e9 }, { code: 'E_IMAGE', message: /1000000000 bytes/ }],
    ['media type of the body', blobs.image([layer], { change: { mediaType: dockerManifest } }), { code: 'E_IMAGE', message: /its media type is/ }],
    ['unknown media type', { ...good, mediaType: 'text/html' }, { code: 'E_IMAGE' }],
    ['index and manifest at once', blobs.image([layer], { change: { manifests: [] } }), { code: 'E_IMAGE', message: /at once/ }],
    ['schema 1', blobs.json({ schemaVersion: 1, fsLayers: [] }, schema1), { code: 'E_UNSUPPORTED', message: /schema 1/, why: /digest/ }],
    ['no schema', blobs.image([layer], { change: { schemaVersion: 3 } }), { code: 'E_IMAGE' }],
    ['deep', deep, { code: 'E_IMAGE', message: /deep/ }],
    ['many', many, { code: 'E_IMAGE', message: /more than 32/ }],
    ['entries', blobs.index(Array.from({ length: 1001 }, () => good)), { code: 'E_IMAGE', message: /1001 entries/ }],
    ['layers', blobs.image(Array.from({ length: 128 }, () => layer)), { code: 'E_IMAGE', message: /128 entries/ }],
    ['no layers', blobs.image([]), { code: 'E_IMAGE', message: /no layers/ }],
    ['artifact', blobs.image([layer], { change: { config: { ...config, mediaType: 'application/vnd.cncf.helm.config.v1+json' } } }), { code: 'E_UNSUPPORTED', why: /artifact/ }],
    ['digest of an unknown kind', blobs.image([layer], { change: { layers: [{ mediaType: ociLayer, size: 1, digest: 'md5:aa' }] } }), { code: 'E_IMAGE', message: /no digest/ }],
    ['digest that climbs', blobs.image([layer], { change: { layers: [{ mediaType: ociLayer, size: 1, digest: 'sha256:../../../etc/passwd' }] } }), { code: 'E_IMAGE', message: /no digest/ }],
    ['negative size', blobs.image([layer], { change: { layers: [{ mediaType: ociLayer, size: -1, digest: config.digest }] } }), { code: 'E_IMAGE', message: /no size/ }],
    ['diff_ids', blobs.image([layer], { config: { rootfs: { type: 'layers', diff_ids: [] } } }), { code: 'E_IMAGE', message: /1 layers, and the config has 0/ }],
    ['history', blobs.image([layer], { config: { history: [{}, {}] } }), { code: 'E_IMAGE', message: /history/ }],
    ['foreign', typed('application/vnd.docker.image.rootfs.foreign.diff.tar.gzip'), { code: 'E_UNSUPPORTED', message: /not part of the image/ }],
    ['encrypted', typed(`${ociLayer}+gzip+encrypted`), { code: 'E_UNSUPPORTED', message: /encrypted/ }],
    ['unknown', typed('application/x\u001b[2J'), { code: 'E_UNSUPPORTED', why: /application\/x\\x1b\[2J/ }],
    ['env', run({ Env: ['=x'] }), { code: 'E_IMAGE', message: /NAME=VALUE/ }],
    ['NUL', run({ Cmd: ['a\0b'] }), { code: 'E_IMAGE' }],
    ['user', run({ User: 1 }), { code: 'E_IMAGE' }],
  ]
  const ask: Ask = { cache: await Cache.open(folder), client: new Client({}), options: {}, owners: { kind: 'given' }, signal: undefined }
  for (const [name, root, expected] of cases) {
    let closed = 0
    const content = { ...blobs.content(folder), close: async () => await Promise.resolve(void closed++) }
    await t.rejects(imageFound(content, root, about, ask), expected, name)
    t.equal(closed, 1, `${name}: closed`)
  }
  // The same parts, right.
  const found = await imageFound(blobs.content(folder), blobs.image([layer], { config: { history: [{ empty_layer: true }, {}], config: { Env: ['A=b='], Cmd: ['sh'], User: '1:2', WorkingDir: '/w', Entrypoint: null } } }), about, ask)
  t.match(found, { archives: [{ label: 'layer 1/1', compression: 'gzip', says: 'its manifest' }], config: { env: ['A=b='], cmd: ['sh'], user: '1:2', workdir: '/w' }, arch: 'amd64' })
  for (const { from } of found.archives) if (from && 'file' in from) await from.file.close()
  await found.close?.()
  await ask.client.close()
})
