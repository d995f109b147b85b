// Servers with faults, one by one: each ends in the right bytes or in an error that says what happened, soon; and what came
// before a fault is used again wherever it is known to fit.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { connect, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import type { Digest } from '../src/digest.ts'
import { Client } from '../src/download/client.ts'
import type { DownloadLimits } from '../src/download/limits.ts'
import { cut, serveFile } from './fixtures/file-server.ts'
import { scratch } from './fixtures/scratch.ts'

const bytes = gzipSync(Buffer.from(Array.from({ length: 40_000 }, (_, i) => `${(i * 7919) % 65_521}`).join('')))
const half = bytes.subarray(0, bytes.length >> 1)
const sum = (file: Buffer): Digest => `sha256:${createHash('sha256').update(file).digest('hex')}`
const hurried: DownloadLimits = { retries: 2, backoff: 1, firstByteTimeout: 400, stallTimeout: 400, connectTimeout: 400 }

async function lay(t: Test, limits: DownloadLimits = {}) {
  const server = await serveFile(t, bytes)
  const folder = scratch(t)
  const to = join(folder, 'file')
  const get = async ({ digests = [sum(bytes)], size, signal, headers, url = server.url }: { digests?: Digest[]; size?: number; signal?: AbortSignal; headers?: Record<string, string>; url?: URL } = {}) => {
    const client = new Client({ ...hurried, ...limits })
    try {
      return await client.download({ url, to, digests, says: 'the list', size, headers, signal })
    } finally {
      await client.close()
    }
  }
  /** The file is whole, and nothing else is asked of it. */
  const whole = (t: Test, file = bytes) => t.ok(readFileSync(to).equals(file), 'the bytes are right')
  /** As the cache does with a file that is whole. */
  const take = () => renameSync(to, join(folder, 'taken'))
  return { server, get, to, folder, whole, take }
}

t.test('nothing wrong', async t => {
  const { get, whole, server } = await lay(t)
  t.match(await get(), { bytes: bytes.length, digest: sum(bytes), resumed: 0 })
  whole(t)
  t.equal(server.asked.length, 1)
})

t.test('cut at N bytes: the rest is asked for, of the same state of the file', async t => {
  for (const at of [0, 1, half.length, bytes.length - 1]) {
    const { server, get, whole } = await lay(t)
    server.fault = (response, _, nth) => nth === 0 && cut(response, bytes.subarray(0, at), { etag: '"one"', 'content-length': bytes.length })
    const { resumed } = (await get()) ?? {}
    whole(t)
    if (at > 1) t.match(server.asked[1], { range: `bytes=${resumed}-`, ifRange: '"one"' }, `${at}`)
    if (at === half.length) t.equal(resumed, half.length)
  }
})

t.test('cut every time', async t => {
  const { server, get, to } = await lay(t)
  server.fault = (response, _, nth) => nth >= 1 ? cut(response, Buffer.alloc(0), { 'content-length': 5 }) : cut(response, half, { etag: '"one"', 'content-length': bytes.length })
  await t.rejects(get(), { code: 'E_DOWNLOAD', message: /^cannot fetch http:.*file\.tar\.gz$/, why: /closed|broke off|must be|reset/i })
  server.fault = () => false
  // Another process: what is there is gone on with.
  t.ok(existsSync(`${to}.json`) || server.asked.length > 0)
})

t.test('resume across a restart of the process', async t => {
  const { server, get, whole, to } = await lay(t, { retries: 0 })
  server.fault = response => cut(response, half, { etag: '"one"', 'content-length': bytes.length })
  await t.rejects(get(), { code: 'E_DOWNLOAD' })
  t.equal(readFileSync(to).length, half.length)
  server.fault = () => false
  t.match(await get(), { resumed: half.length })
  whole(t)
  t.match(server.asked[1], { range: `bytes=${half.length}-`, ifRange: '"one"' })
})

t.test('close without a length', async t => {
  const { server, get, to } = await lay(t, { retries: 0 })
  server.fault = response => !!response.writeHead(200, { connection: 'close' }).end(half)
  await t.rejects(get(), { code: 'E_CHECKSUM', message: /is not what the list says/, why: /SHA-256 is/ }, 'the sum is the guard')
  t.notOk(existsSync(to), 'nothing of it is kept')
  await t.rejects(get({ size: bytes.length }), { code: 'E_DOWNLOAD', why: `the transfer broke off after ${half.length} of ${bytes.length} bytes` }, 'and a known size')
  server.fault = () => false
  t.match(await get({ size: bytes.length }), { resumed: half.length }, 'which makes it something to go on with')
})

t.test('wrong sum', async t => {
  const { server, get, to } = await lay(t)
  server.file = Buffer.from(bytes).fill(0, 100, 101)
  await t.rejects(get(), { code: 'E_CHECKSUM', message: /is not what the list says/, hint: /do not use it/ })
  t.notOk(existsSync(to))
  t.equal(server.asked.length, 1, 'once is enough')
})

t.test('the file changed between two tries: If-Range brings the new one whole', async t => {
  const { server, get, whole } = await lay(t)
  const next = gzipSync(Buffer.from('another file '.repeat(5000)))
  server.fault = (response, _, nth) => {
    if (nth > 0) return false
    server.file = next
    server.etag = '"two"'
    return cut(response, half, { etag: '"one"', 'content-length': bytes.length })
  }
  t.match(await get({ digests: [sum(next)] }), { resumed: 0 })
  whole(t, next)
  t.match(server.asked[1], { ifRange: '"one"' })
})

t.test('206 with another ETag, a wrong offset, another length: from the first byte', async t => {
  const answers = {
    'changed ETag': { etag: '"two"', 'content-range': `bytes ${half.length}-${bytes.length - 1}/${bytes.length}` },
    'wrong offset': { etag: '"one"', 'content-range': `bytes 7-${bytes.length - 1}/${bytes.length}` },
    'no offset': { etag: '"one"' },
    'another length': { etag: '"one"', 'content-range': `bytes ${half.length}-${bytes.length}/${bytes.length + 1}` },
  }
  for (const [name, head] of Object.entries(answers)) {
    const { server, get, whole } = await lay(t)
    server.fault = (response, _, nth) => {
      if (nth === 0) return cut(response, half, { etag: '"one"', 'content-length': bytes.length })
      if (nth > 1) return false
      response.writeHead(206, head as unknown as Record<string, string>).end(bytes.subarray(half.length))
      return true
    }
    t.match(await get(), { resumed: 0 }, name)
    whole(t)
    t.equal(server.asked[2]?.range, undefined)
  }
})

t.test('206 that lies in its bytes: the sum tells, and one whole try follows', async t => {
  const { server, get, whole } = await lay(t)
  server.fault = (response, request, nth) => {
    if (nth === 0) return cut(response, half, { etag: '"one"', 'content-length': bytes.length })
    if (request.headers.range === undefined) return false
    const rest = Buffer.alloc(bytes.length - half.length, 1)
    return !!response.writeHead(206, { etag: '"one"', 'content-range': `bytes ${half.length}-${bytes.length - 1}/${bytes.length}` }).end(rest)
  }
  t.match(await get(), { resumed: 0 })
  whole(t)
})

t.test('200 to a Range request: taken from the first byte', async t => {
  const { server, get, whole } = await lay(t)
  server.fault = (response, _, nth) => (nth === 0 ? cut(response, half, { 'content-length': bytes.length }) : !!response.writeHead(200).end(bytes))
  t.match(await get(), { resumed: 0 })
  whole(t)
})

t.test('206 that nobody asked for', async t => {
  const { server, get } = await lay(t)
  server.fault = response => !!response.writeHead(206).end(half)
  await t.rejects(get(), { code: 'E_DOWNLOAD', why: 'the server answered 206' })
})

t.test('what is here is longer than the file', async t => {
  const { server, get, to, whole } = await lay(t)
  writeFileSync(to, Buffer.concat([bytes, bytes]))
  writeFileSync(`${to}.json`, JSON.stringify({ url: server.url.href, tag: '"one"', total: bytes.length * 3 }))
  await get()
  whole(t)
  t.equal(server.asked.length, 2)
})

t.test('404, 410', async t => {
  for (const status of [404, 410]) {
    const { server, get, folder } = await lay(t)
    server.fault = response => !!response.writeHead(status).end()
    t.equal(await get(), undefined)
    t.strictSame(readdirSync(folder), [])
  }
})

t.test('429 with Retry-After is obeyed, in seconds and as a date, and refused where it is too long', async t => {
  const { server, get } = await lay(t)
  let came = 0
  server.fault = (response, _, nth) => nth === 0 && ((came = Date.now()), !!response.writeHead(429, { 'retry-after': '1' }).end())
  await get()
  t.ok(Date.now() - came >= 990, 'it waited a second')
  server.fault = response => !!response.writeHead(429, { 'retry-after': '3600' }).end()
  const other = await lay(t)
  other.server.fault = response => !!response.writeHead(429, { 'retry-after': new Date(Date.now() + 3_600_000).toUTCString() }).end()
  await t.rejects(other.get(), { code: 'E_DOWNLOAD', why: /^the server answered 429, and asks to wait (?:3600|3599) s$/, hint: /come back then/ })
})

t.test('5xx, then well; 5xx for ever; what will not get better', async t => {
  const { server, get, whole } = await lay(t)
  server.fault = (response, _, nth) => nth < 2 && !!response.writeHead([502, 503][nth] ?? 500).end()
  await get()
  whole(t)
  for (const [status, tries, why] of [[503, 3, 'the server answered 503 (3 tries)'], [403, 1, 'the server answered 403'], [401, 1, 'the server answered 401'], [501, 1, 'the server answered 501']] as const) {
    const { server, get } = await lay(t)
    server.fault = response => !!response.writeHead(status).end()
    await t.rejects(get(), { code: 'E_DOWNLOAD', why })
    t.equal(server.asked.length, tries)
  }
})

t.test('redirects: followed; in a circle; out of http; to nonsense', async t => {
  const { server, get, whole, take } = await lay(t)
  for (const status of [301, 302, 303, 307, 308]) {
    server.fault = (response, request) => request.url !== '/else' && !!response.writeHead(status, { location: '/else' }).end()
    await get()
    whole(t)
    take()
  }
  t.equal(server.asked.filter(({ path }) => path === '/else').length, 5)
  const bad: [string, RegExp][] = [['/file.tar.gz', /redirects more than 5 times/], ['file:///etc/passwd', /file: is neither http: nor https:/], ['http://[', /redirects to something that is no address/], ['http://user:secret@127.0.0.1/', /with a password/]]
  for (const [location, why] of bad) {
    const { server, get } = await lay(t)
    server.fault = response => !!response.writeHead(302, { location }).end()
    const error = (await get().catch((cause: unknown) => cause)) as { why?: string }
    t.match(error, { code: 'E_DOWNLOAD', why })
    t.notMatch(error.why, /secret/)
  }
})

t.test('https to http is refused; https to https is not', { skip: spawnSync('openssl', ['version']).status === 0 ? false : 'openssl is not here' }, async t => {
  const { server, folder, get, whole } = await lay(t)
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  spawnSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=127.0.0.1', '-keyout', key, '-out', cert])
  const secure = createSecureServer({ key: readFileSync(key), cert: readFileSync(cert) }, (request, response) => {
    if (request.url === '/away') response.writeHead(302, { location: server.url.href }).end()
    else if (request.url === '/near') response.writeHead(302, { location: '/file' }).end()
    else response.writeHead(200).end(bytes)
  })
  await new Promise<void>(resolve => secure.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    delete process.env['NODE_TLS_REJECT_UNAUTHORIZED']
    secure.closeAllConnections()
    secure.close()
  })
  const at = (path: string) => new URL(path, `https://127.0.0.1:${(secure.address() as AddressInfo).port}/`)
  await t.rejects(get({ url: at('near') }), { code: 'E_DOWNLOAD', why: /self-signed/ }, 'a certificate that nobody vouches for')
  process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0'
  await t.rejects(get({ url: at('away') }), { code: 'E_DOWNLOAD', why: 'it redirects from https to http', hint: /stays on https/ })
  t.equal(server.asked.length, 0)
  await get({ url: at('near') })
  whole(t)
})

t.test('credentials stay with their host', async t => {
  const [near, far] = [await lay(t), await lay(t)]
  const headers = { authorization: 'Bearer secret' }
  near.server.fault = (response, request) => request.url === '/file.tar.gz' && !!response.writeHead(307, { location: '/same' }).end()
  await near.get({ headers })
  t.strictSame(near.server.asked.map(({ authorization }) => authorization), ['Bearer secret', 'Bearer secret'], 'the same origin')
  near.take()
  near.server.fault = response => !!response.writeHead(307, { location: far.server.url.href }).end()
  await near.get({ headers })
  t.strictSame(far.server.asked.map(({ authorization }) => authorization), [undefined], 'another one')
})

t.test('a stalled body, a silent server, a byte now and then', async t => {
  const { server, get, to } = await lay(t, { retries: 0 })
  server.fault = response => (response.writeHead(200, { etag: '"one"', 'content-length': bytes.length }).write(half), true)
  await t.rejects(get(), { code: 'E_DOWNLOAD', why: 'no byte for 0.4 s' })
  t.equal(readFileSync(to).length, half.length, 'kept')
  server.fault = () => false
  t.match(await get(), { resumed: half.length }, 'and gone on with')
  const silent = await lay(t, { retries: 1 })
  silent.server.fault = () => true
  await t.rejects(silent.get(), { code: 'E_DOWNLOAD', why: 'no answer within 0.4 s (2 tries)' })
  const drip = await lay(t, { retries: 0, ratePeriod: 200, minRate: 1000 })
  drip.server.fault = response => {
    response.writeHead(200)
    const timer = setInterval(() => response.write('x'), 40)
    response.on('close', () => clearInterval(timer))
    return true
  }
  await t.rejects(drip.get(), { code: 'E_DOWNLOAD', why: 'the server sends less than 1000 bytes a second' })
})

t.test('gzip Content-Encoding on a .gz is not applied', async t => {
  const { server, get, whole } = await lay(t)
  server.fault = response => !!response.writeHead(200, { 'content-encoding': 'gzip' }).end(bytes)
  await get()
  whole(t)
})

t.test('a length that lies: too long, too short, other than known, more than any disk', async t => {
  const long = await lay(t, { retries: 0 })
  long.server.fault = response => cut(response, bytes, { 'content-length': bytes.length + 10 })
  await t.rejects(long.get(), { code: 'E_DOWNLOAD' })
  const short = await lay(t)
  short.server.fault = response => {
    response.socket?.end(Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\ncontent-length: ${half.length}\r\n\r\n`), bytes]))
    return true
  }
  await t.rejects(short.get(), { code: 'E_CHECKSUM' })
  await t.rejects(short.get({ size: bytes.length }), { code: 'E_DOWNLOAD', why: `the server offers ${half.length} bytes, and it must be ${bytes.length}` })
  const endless = await lay(t)
  endless.server.fault = response => !!response.writeHead(200).end(Buffer.concat([bytes, bytes]))
  await t.rejects(endless.get({ size: bytes.length }), { code: 'E_DOWNLOAD', why: /sends more than the \d+ bytes/ })
  const huge = await lay(t, { maxDownload: 1000 })
  await t.rejects(huge.get(), { code: 'E_DOWNLOAD', message: /is larger than 1000 bytes/, hint: /--max-download/ })
})

t.test('an abort ends it at once and keeps what came', async t => {
  const { server, get, to } = await lay(t)
  const controller = new AbortController()
  server.fault = response => (response.writeHead(200, { etag: '"one"', 'content-length': bytes.length }).write(half, () => setTimeout(() => controller.abort(new Error('enough')), 100)), true)
  await t.rejects(get({ signal: controller.signal }), { message: 'enough' })
  t.equal(readFileSync(to).length, half.length)
})

t.test('no such host, no such port', async t => {
  const { get } = await lay(t, { retries: 0 })
  for (const url of ['http://mirror.invalid/x', 'http://127.0.0.1:9/x']) await t.rejects(get({ url: new URL(url) }), { code: 'E_DOWNLOAD', why: /ENOTFOUND|EAI_AGAIN|ECONNREFUSED/ })
})

t.test('proxies: http_proxy is used, no_proxy is not, CONNECT tunnels', async t => {
  const { server, get, take } = await lay(t)
  const seen: string[] = []
  const proxy = createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`)
    server.answer(response, request)
  })
  proxy.on('connect', (request, socket) => {
    seen.push(`CONNECT ${request.url}`)
    const [host = '', port] = (request.url ?? '').split(':')
    const out = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      out.pipe(socket).pipe(out)
    })
    for (const end of [out, socket]) end.on('error', () => end.destroy())
  })
  await new Promise<void>(resolve => proxy.listen(0, '127.0.0.1', resolve))
  const at = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
  t.teardown(() => {
    proxy.closeAllConnections()
    proxy.close()
    for (const name of ['http_proxy', 'no_proxy']) delete process.env[name]
  })
  process.env['http_proxy'] = at
  await get()
  t.equal(seen.length, 1)
  t.match(seen[0], server.url.host)
  take()
  process.env['no_proxy'] = '127.0.0.1'
  await get()
  t.equal(seen.length, 1, 'no_proxy')
  t.equal(server.asked.length, 2)
})
