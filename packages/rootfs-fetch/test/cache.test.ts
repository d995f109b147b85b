// The cache under many at once, and under kill -9 at a chosen moment (at random ones: kill.test.ts): it always works afterwards, and nothing half made is ever seen.
import { lstatSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { Cache } from '../src/cache.ts'
import { fetchRootfs } from '../src/index.ts'
import { fetchAsync } from './fixtures/run.ts'
import { arch, layMirror, nameOf, put, scratch, sha512, smallRoot } from './fixtures/scratch.ts'
import { serve } from './fixtures/server.ts'

t.test('many at once: one download, one tree, the same path', async t => {
  const folder = scratch(t)
  const cache = join(folder, 'cache')
  const mirror = layMirror(join(folder, 'mirror'), 'v3.20', { '3.20.3': await smallRoot(folder, '3.20.3', 100) })
  const { url, asked } = await serve(t, mirror)
  const all = await Promise.all(Array.from({ length: 10 }, async () => await fetchAsync(['alpine:3.20', '--mirror', url, '--json'], { cache }).ended))
  t.strictSame(all.map(({ status }) => status), Array(10).fill(0))
  const told = all.map(({ stdout }) => JSON.parse(stdout) as { path: string; cached: boolean })
  t.equal(new Set(told.map(({ path }) => path)).size, 1)
  t.equal(told.filter(({ cached }) => !cached).length, 1)
  t.equal(asked.get(`/v3.20/releases/${arch}/${nameOf('3.20.3')}`), 1, 'one download')
  t.strictSame(readdirSync(join(cache, 'tmp')), [])
})

t.test('who waits for one that is killed takes over', async t => {
  const folder = scratch(t)
  const cache = join(folder, 'cache')
  const bytes = await smallRoot(folder, '3.20.3')
  const { url, faults } = await serve(t, layMirror(join(folder, 'mirror'), 'v3.20', { '3.20.3': bytes }))
  // The first one hangs in its download, holding the lock.
  const hanging = new Promise<void>(resolve => faults.set(nameOf('3.20.3'), response => void response.writeHead(200).write(bytes.subarray(0, 10), () => resolve())))
  const first = fetchAsync(['alpine:3.20', '--mirror', url], { cache })
  await hanging
  faults.clear()
  const second = fetchAsync(['alpine:3.20', '--mirror', url], { cache })
  await new Promise<void>(resolve => {
    second.child.stderr?.on('data', (part: string) => {
      if (part.includes('waiting: another process')) resolve()
    })
  })
  // Others are not held up.
  const other = put(join(folder, 'other.tar.gz'), await smallRoot(folder, 'other'))
  t.equal((await fetchRootfs(`tar:${other}`, { cache })).cached, false)
  first.child.kill('SIGKILL')
  t.match(await first.ended, { signal: 'SIGKILL' })
  t.match(await second.ended, { status: 0, stdout: /^\/.*\n$/ })
  t.strictSame(readdirSync(join(cache, 'tmp')), [])
})

t.test('kill -9 in a download: the next process asks for the rest only', async t => {
  const folder = scratch(t)
  const cache = join(folder, 'cache')
  const bytes = await smallRoot(folder, '3.20.3', 100)
  const { url, faults } = await serve(t, layMirror(join(folder, 'mirror'), 'v3.20', { '3.20.3': bytes }))
  const half = bytes.length >> 1
  const ranges: (string | undefined)[] = []
  faults.set(nameOf('3.20.3'), (response, { headers: { range } }) => {
    ranges.push(range)
    const head = { etag: '"one"', 'content-length': bytes.length }
    if (ranges.length === 1) {
      response.writeHead(200, head).write(bytes.subarray(0, half))
      return
    }
    const from = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0)
    response.writeHead(206, { etag: '"one"', 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` }).end(bytes.subarray(from))
  })
  const first = fetchAsync(['alpine:3.20', '--mirror', url], { cache })
  const partial = join(cache, `partial/blob-${sha512(bytes)}`)
  while (lstatSync(partial, { throwIfNoEntry: false })?.size !== half) await delay(10)
  first.child.kill('SIGKILL')
  await first.ended
  const { status, stdout } = await fetchAsync(['alpine:3.20', '--mirror', url], { cache }).ended
  t.equal(status, 0)
  t.strictSame(ranges, [undefined, `bytes=${half}-`])
  t.equal(readFileSync(join(stdout.trimEnd(), 'etc/mark'), 'utf8'), '3.20.3')
  t.strictSame([readdirSync(join(cache, 'partial')), readdirSync(join(cache, 'tmp'))], [[], []])
})

t.test('a signal ends it cleanly, as that signal', async t => {
  const folder = scratch(t)
  const cache = join(folder, 'cache')
  const { url, faults } = await serve(t, layMirror(join(folder, 'mirror'), 'v3.20', { '3.20.3': await smallRoot(folder) }))
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    const hanging = new Promise<void>(resolve => faults.set(nameOf('3.20.3'), response => void response.writeHead(200).write('x', () => resolve())))
    const { child, ended } = fetchAsync(['alpine:3.20', '--mirror', url], { cache })
    await hanging
    child.kill(signal)
    t.match(await ended, { signal, stdout: '' })
    t.strictSame(readdirSync(join(cache, 'tmp')), [], 'nothing is left for the next one')
  }
})

t.test('a lock is one at a time, also within a process, and can be given up', async t => {
  const cache = await Cache.open(join(scratch(t), 'cache'))
  const lock = await cache.lock('x')
  const controller = new AbortController()
  const waiting = cache.lock('x', controller.signal, () => controller.abort())
  await t.rejects(waiting, { name: 'AbortError' })
  const next = cache.lock('x', undefined, () => lock.release())
  ;(await next).release()
})
