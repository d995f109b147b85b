// `pack`: the same bytes every time, and back again; compression by name; and streams into the unpacker.
import { spawnSync } from 'node:child_process'
import { createReadStream, lstatSync, mkdirSync, readFileSync, readdirSync, statSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import t from 'tap'
import { unpack } from '../src/index.ts'
import { fetchSync } from './fixtures/run.ts'
import { archiveOf, put, scratch } from './fixtures/scratch.ts'

t.test('pack', async t => {
  const folder = scratch(t, true)
  const tree = join(folder, 'tree')
  put(join(tree, 'etc/motd'), 'welcome')
  utimesSync(join(tree, 'etc/motd'), 2e9, 2e9)
  const how = { cache: join(folder, 'cache'), cwd: folder }
  const once = (file: string, env: Record<string, string> = {}) => {
    const { status, stdout, stderr } = fetchSync(['pack', 'tree', '-o', file], { ...how, env })
    t.equal(status, 0, stderr)
    t.match(stdout, new RegExp(`^[0-9a-f]{64}  ${file}\n$`))
    return readFileSync(join(folder, file))
  }
  const plain = once('a.tar')
  t.strictSame(once('b.tar'), plain)
  t.strictSame(spawnSync('zstd', ['-dc', join(folder, (once('a.tar.zst'), 'a.tar.zst'))]).stdout, plain)
  t.match(once('a.tgz').subarray(0, 2), Buffer.from([0x1f, 0x8b]))
  t.match(spawnSync('tar', ['-tvf', join(folder, 'a.tgz')], { encoding: 'utf8' }).stdout, /etc\/motd/)
  t.notSame(once('c.tar', { SOURCE_DATE_EPOCH: '1000000000' }), plain)
  const back = join(folder, 'back')
  mkdirSync(back)
  t.match(await unpack(createReadStream(join(folder, 'c.tar')), back), { entries: 2, bytes: 7 })
  t.equal(statSync(join(back, 'etc/motd')).mtimeMs, 1e12)
  t.equal(readFileSync(join(back, 'etc/motd'), 'utf8'), 'welcome')
  const told = JSON.parse(fetchSync(['pack', 'tree', '-o', 'd.tar.gz', '--json'], how).stdout) as Record<string, unknown>
  t.match(told, { path: 'd.tar.gz', entries: 2, skipped: 0, sha256: /^[0-9a-f]{64}$/, diffId: /^[0-9a-f]{64}$/ })
  t.match(fetchSync(['pack', 'tree', '-o', 'x.zip'], how), { status: 125, stderr: /end it in \.tar/ })
  t.match(fetchSync(['pack', 'tree'], how), { status: 125, stderr: /needs a file to write/ })
  t.match(fetchSync(['pack', 'none', '-o', 'x.tar'], how), { status: 125, stderr: /cannot pack none: none: ENOENT/ })
  t.strictSame(readdirSync(folder).filter(name => name.endsWith('.part') || name === 'x.tar'), [], 'nothing half made')
})

t.test('a stream that breaks, or is no archive, is an error', async t => {
  const folder = scratch(t, true)
  const whole = archiveOf({ path: 'f', data: 'x'.repeat(200_000) })
  const into = (name: string): string => {
    mkdirSync(join(folder, name))
    return join(folder, name)
  }
  await t.rejects(unpack(Readable.from([whole.subarray(0, -8)]), into('cut')), { code: 'E_ARCHIVE_TRUNCATED' })
  await t.rejects(unpack(Readable.from([Buffer.from('BZh9')]), into('other')), { code: 'E_ARCHIVE_UNSUPPORTED' })
  const broken = new Readable({ read() { this.push(whole.subarray(0, 100)); this.destroy(new Error('the net is gone')) } })
  await t.rejects(unpack(broken, into('broken')))
  const stalled = new Readable({ read: () => {} })
  const aborted = unpack(stalled, into('aborted'), { signal: AbortSignal.timeout(100) })
  await t.rejects(aborted, { name: 'TimeoutError' })
  // Positive control.
  await unpack(Readable.from([whole]), into('good'))
  t.equal(lstatSync(join(folder, 'good/f')).size, 200_000)
})

t.test('every bound is an option', async t => {
  const folder = scratch(t, true)
  const how = { cache: join(folder, 'cache') }
  const file = put(join(folder, 'x.tar.gz'), archiveOf({ path: 'a/b/c/long-name', data: 'x' }))
  for (const [option, says] of [['--max-depth=3', /4 directories deep, more than 3/], ['--max-path=10', /name of 15 bytes, more than 10/], ['--max-name=5', /a component of 9 bytes/]] as const) {
    t.match(fetchSync(['tar', file, option], how), { status: 125, stderr: says }, option)
  }
  const bomb = put(join(folder, 'y.tar.gz'), archiveOf({ path: 'f', data: '0'.repeat(65 << 20) }))
  t.match(fetchSync(['tar', bomb], how), { status: 125, stderr: /swells more than 200 times/ })
  t.match(fetchSync(['tar', bomb, '--max-ratio=2000', '--xattrs=user.*'], how), { status: 0 })
  t.match(fetchSync(['tar', file, '--xattrs=trusted.overlay'], how), { status: 125, stderr: /is not set from an archive/ })
})
