// An image of several layers, which come side by side: one line a layer, in each form of --progress.
import { spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import t from 'tap'
import { gzipSync } from 'node:zlib'
import { inOrder } from '../src/progress.ts'
import { Blobs, tagged } from './fixtures/image.ts'
import { end, member } from './fixtures/members.ts'
import { noRegistry, startRegistry } from './fixtures/registry.ts'
import { fetchAsync } from './fixtures/run.ts'
import { scratch } from './fixtures/scratch.ts'

const LABELS = ['layer 1/3', 'layer 2/3', 'layer 3/3']

t.test('bars are in the order of the layers, whichever begins first', async t => {
  t.strictSame(inOrder(new Map(['layer 10/12', 'layer 2/12', 'layer 1/12'].map(label => [label, label]))), ['layer 1/12', 'layer 2/12', 'layer 10/12'])
})

t.test('one line a layer', { skip: noRegistry ?? false }, async t => {
  const folder = scratch(t)
  const registry = await startRegistry(t, join(folder, 'registry'))
  const blobs = new Blobs()
  const layers = ['a', 'b', 'c'].map(path => ({ bytes: gzipSync(Buffer.concat([member({ path, data: randomBytes(200_000).toString('base64') }), end])) }))
  await registry.fill(blobs.layout(join(folder, 'layout'), [tagged(blobs.image(layers), 'latest')]), 'three:1')
  const name = `docker://${registry.host}/three:1`
  const call = async (form: string) => await fetchAsync([name, '--arch', 'amd64', `--progress=${form}`], { cache: join(folder, form), env: { HOME: folder } }).ended

  t.test('plain: each once', async t => {
    const { status, stderr } = await call('plain')
    t.equal(status, 0, stderr)
    const lines = stderr.split('\n').filter(line => line.includes('downloading'))
    t.equal(lines.length, 3)
    for (const label of LABELS) t.equal(lines.filter(line => line.startsWith(`rootfs-fetch: downloading ${label} from http:`)).length, 1, label)
  })

  t.test('json: each to its end', async t => {
    const { status, stderr } = await call('json')
    t.equal(status, 0, stderr)
    const documents = stderr.split('\n').filter(line => line.startsWith('{')).map(line => JSON.parse(line) as { phase: string; label?: string; bytes: number; total?: number })
    const downloads = documents.filter(({ phase }) => phase === 'download')
    t.strictSame(new Set(downloads.map(({ label }) => label)), new Set(LABELS))
    for (const label of LABELS) t.ok(downloads.some(each => each.label === label && each.bytes === each.total), `${label} has ended`)
  })

  t.test('bars: each to its end', { skip: spawnSync('script', ['--version']).status === 0 ? false : 'script(1) is not here' }, async t => {
    const cli = `stty cols 100 rows 20; ${process.execPath} --conditions=@srcon/source ${join(import.meta.dirname, '../src/cli.ts')} ${name} --arch amd64 --cache ${join(folder, 'tty')} 2>&1 >/dev/null`
    const tty = spawn('script', ['-qec', cli, '/dev/null'], { env: { PATH: '/usr/bin:/bin', TERM: 'xterm', HOME: folder }, stdio: ['ignore', 'pipe', 'ignore'] })
    let shown = ''
    tty.stdout.on('data', (part: Buffer) => (shown += part.toString()))
    await once(tty, 'close')
    // Only what has changed is drawn again, so the last of each is looked for, not one picture.
    for (const label of LABELS) t.match(shown, new RegExp(`fetching {2}${label} \\[=+\\] 100%`), `${label} has ended`)
  })
})
