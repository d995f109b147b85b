// What goes to whom: passwords, tokens, names that look like others; and what is asked for again, how often, how many at a time.
import { readdirSync, readFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { withSource } from '../src/fetch.ts'
import { fetchRootfs } from '../src/index.ts'
import { askHelper } from '../src/source/docker/credential-helper.ts'
import { readReference, refOf } from '../src/source/docker/reference.ts'
import { fake, hurried, passwords, send, wantsPassword, type Fake } from './fixtures/fake-registry.ts'
import { end, member } from './fixtures/members.ts'
import { scratch } from './fixtures/scratch.ts'

t.test('a mirror of docker.io gets its own password, never that of docker.io', async t => {
  const folder = scratch(t)
  const mirror = await fake(t)
  mirror.answer = (request, response) => wantsPassword(request, response)
  passwords(t, folder, { 'https://index.docker.io/v1/': 'hub:SECRET', 'docker.io': 'hub:SECRET' })
  const get = async () => await fetchRootfs('docker://x/y:1', { ...hurried, cache: join(folder, 'cache'), mirror: `http://${mirror.host}` })
  await t.rejects(get(), { code: 'E_AUTH', message: /wants a name and a password/, hint: new RegExp(`login ${mirror.host}`) })
  t.ok(mirror.asked.length > 0 && mirror.asked.every(({ headers }) => headers.authorization === undefined))
  passwords(t, folder, { 'https://index.docker.io/v1/': 'hub:SECRET', [mirror.host]: 'own:own' })
  t.match(await get(), { source: 'docker://x/y:1' }, 'the control')
  t.ok(mirror.asked.every(({ headers }) => [undefined, `Basic ${Buffer.from('own:own').toString('base64')}`].includes(headers.authorization)))
})

t.test('a tag that looks like a digest does not pass for one', async t => {
  const folder = scratch(t)
  const registry = await fake(t)
  const cache = join(folder, 'cache')
  const hex = registry.image.digest.slice(7)
  // Under the tag lies another image than under the digest.
  const other = registry.blobs.image([{ bytes: gzipSync(Buffer.concat([member({ path: 'other', data: 'x' }), end])) }])
  registry.answer = (request, response) => request.url?.endsWith(`manifests/sha256-${hex}`) === true && send(response, 200, { 'content-type': other.mediaType }, registry.blobs.all.get(other.digest))
  const tagged = await fetchRootfs(`docker://${registry.host}/x/y:sha256-${hex}`, { ...hurried, cache })
  t.strictSame(readdirSync(tagged.path), ['other'])
  const pinned = await fetchRootfs(`docker://${registry.host}/x/y@${registry.image.digest}`, { ...hurried, cache })
  t.strictSame(readdirSync(pinned.path), ['file'], 'the digest is what counts')
  t.match(pinned, { verified: ['digest'] })
  t.strictSame(readdirSync((await fetchRootfs(`docker://${registry.host}/x/y:sha256-${hex}`, { ...hurried, cache, offline: true })).path), ['other'])
  const refs = ['a.b:5000/x', 'a.b-5000/x', 'a.b/x:sha256-1', 'a.b/5000/x', 'a.b/x', 'a.b/x:x', 'a.b/x/x'].map(word => refOf(readReference(word), 'linux/arm/v7'))
  t.equal(new Set(refs).size, refs.length)
})

t.test('a password in the clear goes no further than the registry\'s own host', async t => {
  const folder = scratch(t)
  const registry = await fake(t)
  passwords(t, folder, { [registry.host]: 'alice:SECRET' })
  registry.answer = (_, response) => send(response, 401, { 'www-authenticate': 'Bearer realm="http://auth.example/token",service="x"' })
  await t.rejects(fetchRootfs(`docker://${registry.host}/x/y:1`, { ...hurried, cache: join(folder, 'cache') }), { code: 'E_AUTH', why: /http:\/\/auth\.example\/token is not https/ })
})

t.test('a secret that the server repeats is not shown', async t => {
  const folder = scratch(t)
  const registry = await fake(t)
  passwords(t, folder, { [registry.host]: 'alice:SECRETWORD' })
  const encoded = Buffer.from('alice:SECRETWORD').toString('base64')
  const told = JSON.stringify({ errors: [{ code: 'DENIED', message: `not for SECRETWORD, ${encoded} or TOKENWORD` }] })
  const error = async () => await fetchRootfs(`docker://${registry.host}/x/y:1`, { ...hurried, cache: join(folder, 'cache') }).then(() => undefined, (thrown: unknown) => thrown as Error)
  const rows: Fake['answer'][] = [
    (request, response) => wantsPassword(request, response) || send(response, 403, {}, told),
    (request, response) => request.url?.startsWith('/t') === true ? send(response, 403, {}, told) : send(response, 401, { 'www-authenticate': `Bearer realm="http://${registry.host}/t"` }),
    (request, response) => request.url?.startsWith('/t') === true ? send(response, 200, {}, '{"token":"TOKENWORD"}') : request.headers.authorization === undefined ? send(response, 401, { 'www-authenticate': `Bearer realm="http://${registry.host}/t"` }) : send(response, 403, {}, told),
  ]
  for (const [i, answer] of rows.entries()) {
    registry.answer = answer
    const thrown = await error()
    t.match(thrown, { code: 'E_AUTH', why: /DENIED, not for \*\*\*/ }, `${i}`)
    t.notMatch(JSON.stringify(thrown) + String(thrown?.stack), i === 2 ? /SECRETWORD|TOKENWORD|YWxpY2/ : /SECRETWORD|YWxpY2/, `${i}`)
  }
})

t.test('a token that ends before its time, at a layer: another one, once', async t => {
  const folder = scratch(t)
  const registry = await fake(t)
  const [layer = ''] = [...registry.blobs.all.keys()]
  let [tokens, good, fail] = [0, '', 1]
  registry.answer = (request, response) => {
    if (request.url?.startsWith('/t')) return send(response, 200, {}, JSON.stringify({ token: (good = `T${++tokens}`), expires_in: 3600 }))
    if (request.url?.endsWith(layer) && fail-- > 0) good = 'another'
    return request.headers.authorization !== `Bearer ${good}` && send(response, 401, { 'www-authenticate': `Bearer realm="http://${registry.host}/t"` })
  }
  process.env['REGISTRY_AUTH_FILE'] = join(folder, 'none')
  t.teardown(() => Reflect.deleteProperty(process.env, 'REGISTRY_AUTH_FILE'))
  t.strictSame(readdirSync((await fetchRootfs(`docker://${registry.host}/x/y:1`, { ...hurried, cache: join(folder, 'cache') })).path), ['file'])
  t.equal(tokens, 2)
  fail = Infinity
  await t.rejects(fetchRootfs(`docker://${registry.host}/x/y:1`, { ...hurried, cache: join(folder, 'other') }), { code: 'E_DOWNLOAD', why: /401/ })
  t.equal(tokens, 4, 'one at the start and one at the layer')
  // A host that it leads to gets none and cannot ask for one.
  const elsewhere = await fake(t)
  elsewhere.answer = (_, response) => send(response, 401, { 'www-authenticate': `Bearer realm="http://${registry.host}/t"` })
  good = ''
  registry.answer = (request, response) => request.url?.endsWith(layer) === true && send(response, 307, { location: `http://${elsewhere.host}${request.url}` })
  await t.rejects(fetchRootfs(`docker://${registry.host}/x/y:1`, { ...hurried, cache: join(folder, 'third') }), { code: 'E_DOWNLOAD', why: /401/ })
  t.equal(tokens, 4)
  t.ok(elsewhere.asked.every(({ headers }) => headers.authorization === undefined))
})

t.test('too often: what remains to do', async t => {
  const folder = scratch(t)
  const registry = await fake(t)
  process.env['REGISTRY_AUTH_FILE'] = join(folder, 'none')
  t.teardown(() => Reflect.deleteProperty(process.env, 'REGISTRY_AUTH_FILE'))
  registry.answer = (_, response) => send(response, 429, { 'retry-after': '900' })
  await t.rejects(fetchRootfs(`docker://${registry.host}/x/y:1`, { ...hurried, cache: join(folder, 'cache') }), { code: 'E_DOWNLOAD', message: /asked too often/, why: /429, and asks to wait 900 s/, hint: /log in .*wait/ })
  let n = 0
  registry.answer = (_, response) => n++ % 2 === 0 && send(response, 429, { 'retry-after': '0' })
  t.match(await fetchRootfs(`docker://${registry.host}/x/y:1`, { ...hurried, cache: join(folder, 'cache') }), { cached: false }, 'one that passes')
})

t.test('many layers, some at a time; a config that changes alone', async t => {
  const folder = scratch(t)
  const registry = await fake(t, blobs => blobs.image(Array.from({ length: 20 }, (_, i) => ({ bytes: gzipSync(Buffer.concat([member({ path: `file${i}`, data: `${i}` }), end])) }))))
  process.env['REGISTRY_AUTH_FILE'] = join(folder, 'none')
  t.teardown(() => Reflect.deleteProperty(process.env, 'REGISTRY_AUTH_FILE'))
  let [open, most] = [0, 0]
  registry.answer = (request, response) => {
    if (!request.url?.includes('/blobs/')) return false
    most = Math.max(most, ++open)
    response.on('close', () => open--)
    const bytes = registry.blobs.all.get(request.url.split('/').at(-1) ?? '')
    setTimeout(() => response.writeHead(200).end(bytes), 10)
    return true
  }
  const get = async (more = {}) => await fetchRootfs(`docker://${registry.host}/x/y:1`, { ...hurried, cache: join(folder, 'cache'), ...more })
  t.equal(readdirSync((await get()).path).length, 20)
  t.ok(most > 1 && most <= 6, `${most} at a time`)
  const manifest = JSON.parse(registry.blobs.all.get(registry.image.digest)?.toString() ?? '') as { config: { digest: string } }
  const config = JSON.parse(registry.blobs.all.get(manifest.config.digest)?.toString() ?? '') as object
  const changed = registry.blobs.json({ ...manifest, config: registry.blobs.json({ ...config, config: { User: '7' } }, 'application/vnd.oci.image.config.v1+json') }, registry.image.mediaType)
  registry.answer = (request, response) => request.url?.endsWith('/manifests/1') === true && send(response, 200, { 'content-type': changed.mediaType }, registry.blobs.all.get(changed.digest))
  t.match(await get(), { cached: true, config: { user: '7' } })
  t.match(await get({ offline: true }), { cached: true, config: { user: '7' } }, 'it is remembered')
  const told = await withSource(`docker://${registry.host}/x/y:1`, { ...hurried, cache: join(folder, 'cache') }, async (wanted, ask) => await wanted.inspect?.(ask))
  t.match(told, { manifest: { layers: { length: 20 } }, imageConfig: { config: { User: '7' } } }, 'inspect shows the documents')
})

t.test('an answer that breaks off is asked for again', async t => {
  const folder = scratch(t)
  const registry = await fake(t)
  process.env['REGISTRY_AUTH_FILE'] = join(folder, 'none')
  t.teardown(() => Reflect.deleteProperty(process.env, 'REGISTRY_AUTH_FILE'))
  const cut = (response: ServerResponse): true => {
    response.writeHead(200, { 'content-type': registry.image.mediaType, 'content-length': 1000 })
    response.write('{"half":', () => response.destroy())
    return true
  }
  const config = [...registry.blobs.all.keys()][1] ?? ''
  const broken = new Set<string>()
  /** Each path breaks off once, `for ever` each time. */
  const breaking = (forEver: boolean): Fake['answer'] => (request, response) => {
    const path = request.url ?? ''
    if (path.startsWith('/t?') || path.includes('/tags/') || path.endsWith('/1') || path.endsWith(config)) {
      if (forEver || !broken.has(path)) {
        broken.add(path)
        return cut(response)
      }
      if (path.startsWith('/t?')) return send(response, 200, {}, '{"token":"t"}')
      if (path.includes('/tags/') && request.headers.authorization !== undefined) return send(response, 200, {}, '{"tags":["a"]}')
    }
    return request.headers.authorization === undefined && send(response, 401, { 'www-authenticate': `Bearer realm="http://${registry.host}/t"` })
  }
  const options = { ...hurried, cache: join(folder, 'cache') }
  const list = async () => await withSource(`docker://${registry.host}/x/y`, options, async (wanted, ask) => await wanted.list?.(ask))
  registry.answer = breaking(false)
  t.match(await fetchRootfs(`docker://${registry.host}/x/y:1`, options), { cached: false })
  t.strictSame(await list(), [{ source: `docker://${registry.host}/x/y:a` }])
  t.equal(broken.size, 4, 'the manifest, the token, the config and the list broke off')
  registry.answer = breaking(true)
  await t.rejects(fetchRootfs(`docker://${registry.host}/x/y:1`, options), { name: 'ToolError', code: 'E_DOWNLOAD' })
  await t.rejects(list(), { name: 'ToolError', code: 'E_DOWNLOAD' })
})

t.test('no secret is kept, told as progress, or written into a lock', async t => {
  const folder = scratch(t)
  const cache = join(folder, 'cache')
  const registry = await fake(t)
  passwords(t, folder, { [registry.host]: 'alice:SECRETWORD' })
  registry.answer = (request, response) => {
    if (request.url?.startsWith('/t')) return send(response, 200, {}, '{"token":"TOKENWORD"}')
    return request.headers.authorization === undefined && send(response, 401, { 'www-authenticate': `Bearer realm="http://${registry.host}/t"` })
  }
  const told: unknown[] = []
  told.push(await fetchRootfs(`docker://${registry.host}/x/y:1`, { ...hurried, cache, onProgress: progress => void told.push(progress) }))
  t.ok(registry.asked.some(({ headers }) => headers.authorization === 'Bearer TOKENWORD'), 'the control: they were used')
  const secrets = /SECRETWORD|TOKENWORD|YWxpY2U6/
  t.notMatch(JSON.stringify(told), secrets)
  const files = readdirSync(cache, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile()).map(entry => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
  t.ok(files.some(text => text.includes('docker://')), 'the control: records were read')
  t.notOk(files.some(text => secrets.test(text)))
})

t.test('a helper that is not there keeps nobody waiting', async t => {
  const folder = scratch(t)
  const timers = (): number => process.getActiveResourcesInfo().filter(name => name === 'Timeout').length
  const before = timers()
  await t.rejects(askHelper('that-is-nowhere', 'r.example', folder), { code: 'E_AUTH', why: /is not installed/ })
  t.equal(timers(), before, 'no timer holds the process')
})
