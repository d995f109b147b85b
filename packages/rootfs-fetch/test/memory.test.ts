// Memory does not grow with the archive: the peak of a process that unpacks one small file, one that unpacks hundreds of
// megabytes, one that unpacks tens of thousands of entries. SRCON_MEMORY_MB=N makes the large file so many MiB.
import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { native } from '../src/native.ts'
import { end, member, type Member } from './fixtures/members.ts'
import { scratch } from './fixtures/scratch.ts'

const script = join(import.meta.dirname, 'fixtures/rss-run.ts')
const large = Number(process.env['SRCON_MEMORY_MB'] ?? 256)
const ENTRIES = 20_000
/** What the issue allows beside the process itself, KiB; and what an archive may add to that of a small one. */
const MOST = 64 << 10

interface Told {
  readonly entries: number
  readonly bytes: number
  readonly peak: number
}

t.test('the peak of memory is that of a small archive', { skip: spawnSync('zstd', ['--version']).status === 0 ? false : 'zstd is not installed', timeout: 300_000 }, async t => {
  const folder = scratch(t, true)
  const measure = async (file: string): Promise<Told> => {
    const tree = join(folder, 'tree')
    mkdirSync(tree)
    const { stdout, stderr } = spawnSync(process.execPath, ['--conditions=@srcon/source', script, file, tree], { encoding: 'utf8' })
    t.equal(stderr, '')
    t.equal(await native().removeTree(tree), null)
    return JSON.parse(stdout) as Told
  }
  const pack = (name: string, parts: string, input: Buffer): string => {
    const file = join(folder, name)
    const { status, stderr } = spawnSync('sh', ['-c', `{ ${parts} } | zstd -q -1 -o "$0"`, file], { input, encoding: 'utf8' })
    t.equal(status, 0, stderr)
    return file
  }
  const small = await measure(pack('small', 'cat;', Buffer.concat([member({ path: 'f', data: 'x' }), end])))
  const head = member({ path: 'zeros', change: head => head.write(`${(large * 2 ** 20).toString(8).padStart(11, '0')}\0`, 124, 'latin1') })
  const big = await measure(pack('large', `cat; head -c ${large}M /dev/zero; head -c 1024 /dev/zero;`, head))
  t.equal(big.bytes, large * 2 ** 20)
  const many = Array.from({ length: ENTRIES }, (_, i): Member => (i % 10 === 0 ? { path: `d${i}/`, type: 'Directory', mode: 0o750 } : { path: `d${i - (i % 10)}/a-file-with-a-name-${i}`, data: 'x', uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }))
  const wide = await measure(pack('many', 'cat;', Buffer.concat([...many.map(member), end])))
  t.equal(wide.entries, ENTRIES)
  const kib = (n: number): string => `${(n / 1024).toFixed(0)} MiB`
  t.ok(big.peak - small.peak < MOST / 2, `${kib(small.peak)} for one file, ${kib(big.peak)} for ${large} MiB`)
  t.ok(wide.peak - small.peak < MOST, `${kib(wide.peak)} for ${ENTRIES} entries`)
})
