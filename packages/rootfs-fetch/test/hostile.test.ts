// The hostile archives, as root and as an ordinary user, whole and split over two layers: what must come of each, and
// nothing outside touched.
import { spawnSync } from 'node:child_process'
import { chownSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { runHostile, type Result } from './fixtures/hostile-run.ts'
import { isRoot, scratch } from './fixtures/scratch.ts'
import { insideMap, noSubIds, subIdFile, userFolder } from './fixtures/user.ts'

const NOBODY = 65_534

function judge(t: Test, results: readonly Result[], who: string): void {
  t.equal(results.length, 2 * 58, 'all 58, twice')
  const wrong = results.filter(({ wrong }) => wrong !== undefined)
  const touched = results.filter(({ touched }) => touched !== undefined)
  t.strictSame(wrong, [])
  t.strictSame(touched, [], 'nothing outside')
  for (const how of ['whole', 'split'] as const) {
    const all = results.filter(one => one.how === how)
    t.comment(`${all.filter(one => one.wrong === undefined).length} of ${all.length} hostile archives as ${who}, ${how}; ${touched.length} files touched outside`)
  }
}

t.test('58 hostile archives as whoever runs this', async t => {
  judge(t, await runHostile(scratch(t, true)), isRoot ? 'root' : 'an ordinary user')
})

t.test('58 hostile archives as an ordinary user', { skip: isRoot ? false : 'done above: needs root, to become another' }, async t => {
  const folder = join(scratch(t, true), 'mine')
  mkdirSync(folder)
  chownSync(folder, NOBODY, NOBODY)
  const script = join(import.meta.dirname, 'fixtures/hostile-run.ts')
  const words = [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', process.execPath, '--conditions=@srcon/source', script, folder]
  const { stdout, stderr, status } = spawnSync('setpriv', words, { encoding: 'utf8', cwd: '/', maxBuffer: 1 << 26 })
  t.equal(status, 0, stderr)
  judge(t, JSON.parse(stdout) as Result[], 'an ordinary user')
})

t.test('58 hostile archives in a user namespace with subordinate ids', { skip: noSubIds }, async t => {
  const folder = scratch(t, true)
  const mine = userFolder(folder)
  const [file, ...words] = [...insideMap(subIdFile(folder)), process.execPath, '--conditions=@srcon/source', join(import.meta.dirname, 'fixtures/hostile-run.ts'), mine]
  const { stdout, stderr, status } = spawnSync(file, words, { encoding: 'utf8', cwd: '/', maxBuffer: 1 << 26 })
  t.equal(status, 0, stderr)
  judge(t, JSON.parse(stdout) as Result[], 'an ordinary user in a user namespace')
})
