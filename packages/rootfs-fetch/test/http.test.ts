// Servers with faults: each must end in an error that says what happened, soon, with nothing kept.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { get } from '../src/http.ts'
import { fetchRootfs } from '../src/index.ts'
import { arch, layMirror, nameOf, scratch, smallRoot } from './fixtures/scratch.ts'
import { serve, type Answer } from './fixtures/server.ts'

const archive = nameOf('3.20.3')

async function lay(t: Test) {
  const folder = scratch(t)
  const bytes = await smallRoot(folder, '3.20.3')
  const mirror = layMirror(join(folder, 'mirror'), 'v3.20', { '3.20.3': bytes })
  const server = await serve(t, mirror)
  const cache = join(folder, 'cache')
  const fetched = async (signal?: AbortSignal) => await fetchRootfs('alpine:3.20', { mirror: server.url, cache, signal })
  const kept = () => ['blobs/sha512', 'trees', 'tmp'].flatMap(name => readdirSync(join(cache, name)))
  return { ...server, bytes, cache, fetched, kept }
}

t.test('faults', async t => {
  const { faults, bytes, fetched, kept } = await lay(t)
  const half = bytes.subarray(0, bytes.length / 2)
  const cases: Record<string, [Answer, object]> = {
    'cut, with a length': [response => void response.writeHead(200, { 'content-length': bytes.length }).write(half, () => response.destroy()), { code: 'E_DOWNLOAD', why: /broke off after \d+ bytes/ }],
    'cut, without a length': [response => void response.writeHead(200, { connection: 'close' }).end(half), { code: 'E_CHECKSUM' }],
    'wrong bytes': [response => void response.writeHead(200).end(Buffer.from(bytes).fill(0, 100, 101)), { code: 'E_CHECKSUM' }],
    'too many bytes': [response => void response.writeHead(200).end(Buffer.concat([bytes, bytes])), { code: 'E_CHECKSUM' }],
    'a page': [response => void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>not here</html>'), { code: 'E_CHECKSUM' }],
    'a length that no disk holds': [response => void response.writeHead(200, { 'content-length': 2 ** 45 }).write('x'), { code: 'E_DOWNLOAD', message: /is larger than/ }],
    '404': [response => void response.writeHead(404).end(), { code: 'E_NOT_FOUND' }],
    '503': [response => void response.writeHead(503).end(), { code: 'E_DOWNLOAD', why: 'the server answered 503' }],
    '429': [response => void response.writeHead(429, { 'retry-after': '60' }).end(), { code: 'E_DOWNLOAD', why: /429/ }],
    'half of it': [response => void response.writeHead(206).end(half), { code: 'E_DOWNLOAD', why: /206/ }],
    'a circle': [(response, request) => void response.writeHead(302, { location: request.url }).end(), { code: 'E_DOWNLOAD', why: /redirects more than 5 times/ }],
    'away from http': [response => void response.writeHead(302, { location: 'file:///etc/passwd' }).end(), { code: 'E_DOWNLOAD', why: /file: is neither/ }],
    'hung up': [response => response.socket?.destroy(), { code: 'E_DOWNLOAD' }],
    'nonsense': [response => response.socket?.end('HTTP/9 what\r\n\r\n'), { code: 'E_DOWNLOAD' }],
  }
  for (const [name, [answer, error]] of Object.entries(cases)) {
    faults.set(archive, answer)
    await t.rejects(fetched(), { name: 'ToolError', ...error }, name)
    t.strictSame(kept(), [], `${name}: nothing is kept`)
  }
  faults.clear()
  t.match(await fetched(), { version: '3.20.3', cached: false }, 'positive control')
})

t.test('bytes are taken as they are sent', async t => {
  const { faults, bytes, fetched } = await lay(t)
  faults.set(archive, response => void response.writeHead(200, { 'content-encoding': 'gzip' }).end(bytes))
  t.match(await fetched(), { cached: false })
})

t.test('redirects are followed', async t => {
  const { faults, bytes, fetched, asked } = await lay(t)
  faults.set(archive, response => void response.writeHead(307, { location: '/elsewhere' }).end())
  faults.set('elsewhere', response => void response.writeHead(200).end(bytes))
  t.match(await fetched(), { cached: false })
  t.equal(asked.get('/elsewhere'), 1)
})

t.test('small files are small', async t => {
  const { faults, fetched } = await lay(t)
  faults.set('latest-releases.yaml', response => void response.writeHead(200).end(Buffer.alloc(2 << 20, 'x')))
  await t.rejects(fetched(), { code: 'E_DOWNLOAD', message: /is larger than 1048576 bytes/ })
})

t.test('silence ends', async t => {
  const { url, faults } = await serve(t)
  faults.set('headers', () => {})
  faults.set('body', response => void response.writeHead(200).write('x'))
  await t.rejects(get(new URL('headers', url), undefined, 100), { code: 'E_DOWNLOAD', why: 'no byte for 0.1 s' })
  const reply = await get(new URL('body', url), undefined, 100)
  await t.rejects((async () => {
    for await (const _ of reply?.body ?? []) continue
  })(), { code: 'E_DOWNLOAD', why: 'no byte for 0.1 s' })
})

t.test('an abort ends a download and leaves nothing', async t => {
  const { faults, bytes, fetched, kept } = await lay(t)
  const controller = new AbortController()
  faults.set(archive, response => void response.writeHead(200, { 'content-length': bytes.length }).write(bytes.subarray(0, 100), () => controller.abort(new Error('enough'))))
  await t.rejects(fetched(controller.signal), { message: 'enough' })
  t.strictSame(kept(), [])
  faults.clear()
  t.match(await fetched(), { arch, cached: false })
})

t.test('a name that does not resolve, a port that nobody listens on', async t => {
  const folder = scratch(t)
  for (const mirror of ['http://mirror.invalid/', 'http://127.0.0.1:9/']) await t.rejects(fetchRootfs('alpine', { mirror, cache: folder }), { code: 'E_DOWNLOAD', hint: /--mirror/ })
})
