// Random archives: what we make of each is what GNU tar and bsdtar make of it, to the last attribute. SRCON_ARCHIVES=N tries
// so many, SRCON_SEED=N begins at another; a failure names its seed.
import { spawnSync } from 'node:child_process'
import { closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { native } from '../src/native.ts'
import { unpack } from '../src/index.ts'
import { RandomArchive } from './fixtures/random-archive.ts'
import { isRoot, scratch } from './fixtures/scratch.ts'

const count = Number(process.env['SRCON_ARCHIVES'] ?? 20)
const first = Number(process.env['SRCON_SEED'] ?? 1)
/** How many are looked at together: a start of Python costs more than a dump. */
const BATCH = 10
const dumper = join(import.meta.dirname, 'fixtures/dump.py')

/** Each reader with the words that make it keep everything; GNU tar else sets the times of directories too early. */
const readers: Readonly<Record<string, string>> = {
  tar: 'tar -xp --warning=none --same-owner --numeric-owner --xattrs --xattrs-include=* --delay-directory-restore',
  bsdtar: 'bsdtar -xp --same-owner --numeric-owner --xattrs',
}

const has = (program: string): boolean => spawnSync(program, ['--version']).status === 0

async function unpackAll(folder: string, seeds: readonly number[]): Promise<number> {
  let entries = 0
  for (const seed of seeds) {
    const file = join(folder, `${seed}.tar`)
    writeFileSync(file, new RandomArchive(seed).make())
    for (const by of ['ours', ...Object.keys(readers)]) mkdirSync(join(folder, `${seed}-${by}`))
    const fd = openSync(file, 'r')
    try {
      entries += (await unpack(fd, join(folder, `${seed}-ours`), { sync: false })).entries
    } catch (cause) {
      throw new Error(`seed ${seed}`, { cause })
    } finally {
      closeSync(fd)
    }
  }
  return entries
}

function compare(t: Test, folder: string, seeds: readonly number[], reader: string): void {
  const script = `cd "$0" && for seed; do ${readers[reader]} -f $seed.tar -C $seed-${reader} || echo "of seed $seed"; done`
  const { stdout, stderr } = spawnSync('sh', ['-fc', script, folder, ...seeds.map(String)], { encoding: 'utf8', env: { PATH: process.env['PATH'], LC_ALL: 'C.UTF-8' } })
  t.equal(stdout, '', `${reader} takes all of them: ${stderr.slice(0, 2000)}`)
  const places = seeds.flatMap(seed => [join(folder, `${seed}-ours`), join(folder, `${seed}-${reader}`)])
  const dumps = spawnSync('python3', [dumper, ...places], { encoding: 'utf8', maxBuffer: 1 << 28 }).stdout.trimEnd().split('\n---\n')
  t.equal(dumps.length, places.length)
  for (const [i, seed] of seeds.entries()) if (dumps[2 * i] !== dumps[2 * i + 1]) t.equal(dumps[2 * i], dumps[2 * i + 1], `${reader}, seed ${seed}`)
}

t.test(`${count} random archives`, { skip: isRoot && has('python3') ? false : 'needs root, for owners, and python3', timeout: 60_000 + count * 1000 }, async t => {
  const there = Object.keys(readers).filter(has)
  t.ok(there.includes('tar'), `held against ${there.join(' and ')}`)
  let entries = 0
  for (let seed = first; seed < first + count; seed += BATCH) {
    const folder = scratch(t, true)
    const seeds = Array.from({ length: Math.min(BATCH, first + count - seed) }, (_, i) => seed + i)
    entries += await unpackAll(folder, seeds)
    for (const reader of there) compare(t, folder, seeds, reader)
    t.equal(await native().removeTree(folder), null)
  }
  t.ok(entries > 10 * count, `${entries} entries, all the same`)
})
