// What a registry may say, and what is made of it: names, challenges, and a server that lies. Nothing here needs another program.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { readChallenges } from '../src/source/docker/challenge.ts'
import { credentialsFor } from '../src/source/docker/credentials.ts'
import { baseOf, nameOf, readReference } from '../src/source/docker/reference.ts'
import { withSource } from '../src/fetch.ts'
import { fetchRootfs } from '../src/index.ts'
import { fake, send, type Fake } from './fixtures/fake-registry.ts'
import { scratch } from './fixtures/scratch.ts'

t.test('names, as Docker reads them', async t => {
  const digest = `sha256:${'a'.repeat(64)}` as const
  const rows: readonly (readonly [string, string, string, string | undefined, string])[] = [
    ['alpine', 'docker.io', 'library/alpine', 'latest', 'docker://alpine:latest'],
    ['alpine:3.20', 'docker.io', 'library/alpine', '3.20', 'docker://alpine:3.20'],
    ['some/image', 'docker.io', 'some/image', 'latest', 'docker://some/image:latest'],
    ['docker.io/alpine', 'docker.io', 'library/alpine', 'latest', 'docker://alpine:latest'],
    ['index.docker.io/a/b', 'docker.io', 'a/b', 'latest', 'docker://a/b:latest'],
    ['quay.io/a/b/c:1', 'quay.io', 'a/b/c', '1', 'docker://quay.io/a/b/c:1'],
    ['localhost/a', 'localhost', 'a', 'latest', 'docker://localhost/a:latest'],
    ['localhost:5000/a:b', 'localhost:5000', 'a', 'b', 'docker://localhost:5000/a:b'],
    ['[::1]:5000/a', '[::1]:5000', 'a', 'latest', 'docker://[::1]:5000/a:latest'],
    [`alpine@${digest}`, 'docker.io', 'library/alpine', undefined, `docker://alpine@${digest}`],
    [`alpine:3@${digest}`, 'docker.io', 'library/alpine', '3', `docker://alpine:3@${digest}`],
    ['a__b/c--d/e.f', 'docker.io', 'a__b/c--d/e.f', 'latest', 'docker://a__b/c--d/e.f:latest'],
  ]
  for (const [word, domain, path, tag, name] of rows) {
    const reference = readReference(word)
    t.match(reference, { domain, path, tag }, word)
    t.equal(nameOf(reference), name)
  }
  for (const word of ['', '/', 'a/', '/a', 'Alpine', 'a:', 'a:-x', 'a@', 'a@sha256:00', 'a@md5:00', 'a..b', 'a/../b', 'a b', 'a\n', 'host:99999999/a', '-a.com/b', 'a.com/b/', 'a'.repeat(256), 'https://a.com/b', 'user:pass@host/a']) {
    t.throws(() => readReference(word), { code: 'E_USAGE' }, word)
  }
  t.equal(baseOf(readReference('alpine')).href, 'https://registry-1.docker.io/')
  t.equal(baseOf(readReference('quay.io/a')).href, 'https://quay.io/')
  for (const host of ['localhost:5000', '127.0.0.1:5000', '[::1]:5000', 'localhost']) t.match(baseOf(readReference(`${host}/a`)).href, /^http:/, host)
  for (const host of ['localhost.example.com', '127.0.0.1.nip.io', '10.0.0.1:5000']) t.match(baseOf(readReference(`${host}/a`)).href, /^https:/, host)
})

t.test('challenges', async t => {
  const parse = (header: string) => readChallenges(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)])
  t.strictSame(parse('Bearer realm="https://auth.example/token",service="a \\"b\\", c",scope="repository:x:pull"'), [['bearer', { realm: 'https://auth.example/token', service: 'a "b", c', scope: 'repository:x:pull' }]])
  t.strictSame(parse('Basic realm=x, Bearer realm="y" , service=z'), [['basic', { realm: 'x' }], ['bearer', { realm: 'y', service: 'z' }]])
  t.strictSame(parse('Negotiate, Basic realm="x"'), [['negotiate', {}], ['basic', { realm: 'x' }]])
  t.strictSame(parse('Bearer realm="a",realm="b"'), [['bearer', { realm: 'a' }]])
  for (const odd of ['', ',,,', '"', 'Bearer realm="', 'Bearer =', `Bearer ${'a="'.repeat(10_000)}`, `${' ,'.repeat(10_000)}x`]) t.ok(Array.isArray(parse(odd)), odd.slice(0, 20))
})

t.test('where credentials are kept', async t => {
  const folder = scratch(t)
  const auth = (user: string) => ({ auth: Buffer.from(`${user}:a:b`).toString('base64') })
  const file = (name: string, value: unknown) => {
    mkdirSync(join(folder, name, '..'), { recursive: true })
    writeFileSync(join(folder, name), typeof value === 'string' ? value : JSON.stringify(value))
    return join(folder, name)
  }
  file('run/containers/auth.json', { auths: { 'quay.io': auth('run') } })
  file('home/.docker/config.json', { auths: { 'https://index.docker.io/v1/': auth('hub'), 'quay.io': auth('home'), 'quay.io/own': auth('own') } })
  const env = { XDG_RUNTIME_DIR: join(folder, 'run'), HOME: join(folder, 'home') }
  t.strictSame(await credentialsFor(readReference('alpine'), env), { user: 'hub', password: 'a:b' })
  t.strictSame(await credentialsFor(readReference('quay.io/a'), env), { user: 'run', password: 'a:b' })
  t.strictSame(await credentialsFor(readReference('quay.io/own/a'), { HOME: env.HOME, XDG_RUNTIME_DIR: '/nowhere' }), { user: 'own', password: 'a:b' })
  t.equal(await credentialsFor(readReference('other.io/a'), env), undefined)
  t.equal(await credentialsFor(readReference('quay.io.evil.example/a'), env), undefined)
  t.strictSame(await credentialsFor(readReference('quay.io/a'), { ...env, REGISTRY_AUTH_FILE: file('named', { auths: { 'quay.io': { identitytoken: 'r' } } }) }), { identityToken: 'r' })
  const broken = await credentialsFor(readReference('quay.io/a'), { REGISTRY_AUTH_FILE: file('broken', '{"auths": "p4ssword') }).then(() => undefined, (thrown: unknown) => thrown as Error)
  t.match(broken, { code: 'E_INPUT', why: 'it is no JSON object' })
  t.notMatch(JSON.stringify(broken) + String(broken?.stack), /p4ssword/)
})

t.test('a registry that lies', async t => {
  const folder = scratch(t)
  process.env['REGISTRY_AUTH_FILE'] = join(folder, 'none')
  t.teardown(() => Reflect.deleteProperty(process.env, 'REGISTRY_AUTH_FILE'))
  let n = 0
  const get = async ({ host }: Fake, tag = ':1') => await fetchRootfs(`docker://${host}/x/y${tag}`, { cache: join(folder, `cache${n++}`), arch: 'amd64', retries: 1, backoff: 5, maxWait: 100 })
  const fakes = await fake(t)
  const { image, blobs } = fakes
  const layerDigest = [...blobs.all.keys()][0] ?? ''
  t.match(await get(fakes), { verified: ['mirror'] }, 'the control')

  const rows: readonly (readonly [string, Fake['answer'], object, string?])[] = [
    ['another manifest than the digest', (request, response) => request.url?.includes('manifests/sha256') === true && send(response, 200, { 'content-type': image.mediaType, 'docker-content-digest': image.digest }, `${blobs.all.get(image.digest)?.toString()} `), { code: 'E_CHECKSUM' }, `@${image.digest}`],
    ['another layer', (request, response) => request.url?.endsWith(layerDigest) === true && send(response, 200, {}, Buffer.alloc(blobs.all.get(layerDigest)?.length ?? 0)), { code: 'E_CHECKSUM' }],
    ['a layer of another length', (request, response) => request.url?.endsWith(layerDigest) === true && send(response, 200, {}, 'short'), { code: 'E_DOWNLOAD', why: /must be|broke off after 5 of/ }],
    ['a layer without end', (request, response) => {
      if (!request.url?.endsWith(layerDigest)) return false
      response.writeHead(200)
      const write = (): void => {
        if (!response.destroyed) response.write(Buffer.alloc(1 << 16), write)
      }
      write()
      return true
    }, { code: 'E_DOWNLOAD', why: /more than/ }],
    ['a manifest without end', (request, response) => request.url?.includes('manifests') === true && send(response, 200, { 'content-type': image.mediaType }, Buffer.alloc(5 << 20, ' ')), { code: 'E_DOWNLOAD', message: /larger than/ }],
    ['no JSON', (request, response) => request.url?.includes('manifests') === true && send(response, 200, { 'content-type': image.mediaType }, '<html>'), { code: 'E_IMAGE' }],
    ['another type', (request, response) => request.url?.includes('manifests') === true && send(response, 200, { 'content-type': 'text/html' }, blobs.all.get(image.digest)), { code: 'E_IMAGE' }],
    ['schema 1', (request, response) => request.url?.includes('manifests') === true && send(response, 200, { 'content-type': 'application/vnd.docker.distribution.manifest.v1+prettyjws' }, '{"schemaVersion":1,"fsLayers":[]}'), { code: 'E_UNSUPPORTED' }],
    ['too many requests', (_, response) => send(response, 429, { 'retry-after': '3600' }), { code: 'E_DOWNLOAD', why: /429, and asks to wait 3600 s/ }],
    ['a challenge that is none', (_, response) => send(response, 401, { 'www-authenticate': 'Negotiate \u0085x' }), { code: 'E_AUTH', why: /asks for 'Negotiate \\x85x'/ }],
    ['no challenge', (_, response) => send(response, 401, {}), { code: 'E_AUTH', why: /asks for nothing/ }],
    ['a challenge again and again', (request, response) => (request.url?.startsWith('/t') ? send(response, 200, {}, '{"token":"t"}') : send(response, 401, { 'www-authenticate': `Bearer realm="http://${fakes.host}/t"` })), { code: 'E_AUTH', why: /401/ }],
    ['a realm in the network of this machine', (_, response) => send(response, 401, { 'www-authenticate': 'Bearer realm="http://169.254.169.254/latest"' }), { code: 'E_AUTH', why: /network/ }],
    ['a realm with a password', (_, response) => send(response, 401, { 'www-authenticate': 'Bearer realm="http://a:b@127.0.0.1/"' }), { code: 'E_AUTH', why: /password/ }],
    ['a realm that is a file', (_, response) => send(response, 401, { 'www-authenticate': 'Bearer realm="file:///etc/passwd"' }), { code: 'E_AUTH', why: /https/ }],
    ['a token that breaks a line', (request, response) => (request.url?.startsWith('/t') ? send(response, 200, {}, '{"token":"a\\r\\nb: c"}') : send(response, 401, { 'www-authenticate': `Bearer realm="http://${fakes.host}/t"` })), { code: 'E_AUTH' }],
    ['a message with control characters', (request, response) => request.url?.includes('manifests') === true && send(response, 404, {}, '{"errors":[{"code":"MANIFEST_UNKNOWN","message":"a\\u001b[2Jb"}]}'), { code: 'E_NOT_FOUND', why: /a\\x1b\[2Jb/ }],
  ]
  for (const [what, answer, expected, tag] of rows) {
    fakes.answer = answer
    await t.rejects(get(fakes, tag), expected as { code: string }, what)
  }
})

t.test('a password stays where it is meant for', async t => {
  const folder = scratch(t)
  const [registry, other] = [await fake(t), await fake(t)]
  const config = join(folder, 'auth.json')
  writeFileSync(config, JSON.stringify({ auths: { [registry.host]: { auth: Buffer.from('alice:secret').toString('base64') } } }))
  process.env['REGISTRY_AUTH_FILE'] = config
  t.teardown(() => Reflect.deleteProperty(process.env, 'REGISTRY_AUTH_FILE'))
  const seen: (string | undefined)[] = []
  registry.answer = (request, response) => {
    if (request.headers.authorization === undefined) return send(response, 401, { 'www-authenticate': 'Basic realm="x"' })
    seen.push(request.headers.authorization)
    return request.url?.includes('blobs') === true && send(response, 307, { location: `http://localhost:${other.host.split(':')[1]}${request.url}` })
  }
  t.match(await fetchRootfs(`docker://${registry.host}/x/y:1`, { cache: join(folder, 'cache'), arch: 'amd64' }), { cached: false })
  t.ok(seen.length >= 3 && seen.every(header => header?.startsWith('Basic ')), 'the control: the registry gets it')
  t.ok(other.asked.length >= 2, 'config and layer came from elsewhere')
  t.ok(other.asked.every(({ headers }) => headers.authorization === undefined), 'the other host does not')
})

t.test('tags, page by page', async t => {
  const folder = scratch(t)
  const registry = await fake(t)
  const list = async () => await withSource(`docker://${registry.host}/x/y`, { cache: join(folder, 'cache') }, async (wanted, ask) => await wanted.list?.(ask))
  registry.answer = (request, response) => {
    const last = new URL(request.url ?? '/', 'http://x').searchParams.get('last')
    return send(response, 200, last === null ? { link: '</v2/x/y/tags/list?n=1000&last=b>; rel="next"' } : {}, JSON.stringify({ name: 'x/y', tags: last === null ? ['a', 'b', 'not a tag', 7] : ['c'] }))
  }
  t.strictSame((await list())?.map(({ source }) => source.replace(/.*:/, '')), ['a', 'b', 'c'])
  registry.answer = (_, response) => send(response, 200, {}, '{"tags":null}')
  t.strictSame(await list(), [])
  for (const [what, link] of [['itself', '</v2/x/y/tags/list?n=1000>; rel="next"'], ['elsewhere', '<http://localhost:1/v2/x/y/tags/list?last=a>; rel="next"'], ['another list', '</v2/other/tags/list>; rel="next"']] as const) {
    registry.answer = (_, response) => send(response, 200, { link }, '{"tags":["a"]}')
    await t.rejects(list(), { code: 'E_DOWNLOAD' }, what)
  }
  let page = 0
  registry.answer = (_, response) => send(response, 200, { link: `</v2/x/y/tags/list?n=1000&last=${page++}>; rel="next"` }, '{"tags":["a"]}')
  await t.rejects(list(), { code: 'E_DOWNLOAD', message: /does not end/ })
})
