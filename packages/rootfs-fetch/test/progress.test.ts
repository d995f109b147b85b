// What is shown on stderr while it works, in each form; stdout is the path alone.
import { spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import t from 'tap'
import { barLine, formatTime, Rate } from '../src/progress.ts'
import { fetchAsync } from './fixtures/run.ts'
import { layMirror, scratch, smallRoot } from './fixtures/scratch.ts'
import { serve } from './fixtures/server.ts'

t.test('a line: share, rate, time left; never wider than the terminal', async t => {
  const half = { phase: 'download', label: 'layer 1/3', bytes: 512 << 10, total: 1 << 20 } as const
  t.match(barLine(half, 256 << 10, 79), /^fetching {2}layer 1\/3 \[=+ +\] {2}50% 512K\/1M 256K\/s 2s$/)
  t.notMatch(barLine(half, undefined, 79), /\/s/)
  t.match(barLine({ phase: 'download', label: 'x', bytes: 10 }, 1, 79), /^fetching {2}x 10 1\/s$/, 'without a length')
  t.match(barLine({ phase: 'unpack', label: 'x', bytes: 1, total: 2, entries: 7 }, 1, 79), /50% 1\/2, 7 entries$/)
  t.equal(barLine({ phase: 'copy', label: 'root', bytes: 0, entries: 7 }, undefined, 79), 'copying   root 7 entries')
  for (const columns of [10, 40, 79]) t.ok(barLine({ ...half, label: 'x'.repeat(200) }, 1, columns).length <= columns)
  t.notMatch(barLine({ ...half, label: '\u001b[2Jx' }, 1, 79), /\u001b/)
  t.strictSame([0.2, 59, 60, 185].map(formatTime), ['1s', '59s', '1m00s', '3m05s'])
})

t.test('the rate is that of the last seconds', async t => {
  const rate = new Rate()
  t.equal(rate.add(0, 0), undefined)
  t.equal(rate.add(1000, 1000), 1000)
  rate.add(1000, 5000)
  t.equal(rate.add(1000, 7000), 0, 'a stall shows')
})

t.test('plain, json, none, and bars on a terminal', async t => {
  const folder = scratch(t)
  const mirror = layMirror(join(folder, 'mirror'), 'v3.22', { '3.22.1': await smallRoot(folder, '3.22.1', 50) })
  const { url } = await serve(t, mirror)
  const call = async (form: string) => await fetchAsync(['alpine:3.22', '--mirror', url, `--progress=${form}`], { cache: join(folder, form) }).ended
  const [auto, plain, json, none] = [await call('auto'), await call('plain'), await call('json'), await call('none')]
  for (const { status, stdout } of [auto, plain, json, none]) t.match({ status, stdout }, { status: 0, stdout: /^\/[^\n]+\n$/ })
  t.equal(auto.stderr.replaceAll('/auto/', '/x/'), plain.stderr.replaceAll('/plain/', '/x/'), 'auto is plain into a pipe')
  t.match(plain.stderr, /downloading http:.*, \d/)
  const lines = json.stderr.split('\n').filter(line => line.startsWith('{')).map(line => JSON.parse(line) as { phase: string; bytes: number; total?: number })
  t.ok(lines.some(({ phase, bytes, total }) => phase === 'download' && bytes === total))
  t.notMatch(none.stderr, /downloading/)
})

t.test('bars on a terminal', { skip: spawnSync('script', ['--version']).status === 0 ? false : 'script(1) is not here' }, async t => {
  const folder = scratch(t)
  const bytes = await smallRoot(folder, '3.22.1', 50)
  const { url, faults } = await serve(t, layMirror(join(folder, 'mirror'), 'v3.22', { '3.22.1': bytes }))
  // Half of it, then nothing for a while.
  faults.set('.tar.gz', response => {
    response.writeHead(200, { 'content-length': bytes.length })
    response.write(bytes.subarray(0, 1024))
    setTimeout(() => response.end(bytes.subarray(1024)), 4200)
  })
  const cli = `stty cols 100 rows 20; ${process.execPath} --conditions=@srcon/source ${join(import.meta.dirname, '../src/cli.ts')} alpine:3.22 --mirror ${url} --cache ${join(folder, 'tty')} 2>&1 >/dev/null`
  const tty = spawn('script', ['-qec', cli, '/dev/null'], { env: { PATH: '/usr/bin:/bin', TERM: 'xterm' }, stdio: ['ignore', 'pipe', 'ignore'] })
  let shown = ''
  tty.stdout.on('data', (part: Buffer) => (shown += part.toString()))
  await new Promise(resolve => tty.once('close', resolve))
  t.match(shown, /fetching {2}alpine-minirootfs-3\.22\.1.*100%/)
  const rates = new Set([...shown.matchAll(/ 1K\/\S+ (\S+)\/s/g)].map(([, rate]) => rate))
  t.ok(rates.size >= 2, `meanwhile the rate sinks: ${[...rates].join(', ')}`)
})
