// The build's own promises: one at a time in a checkout, however the one before ended; nothing to do costs nothing; what
// is left out of a lock comes back; no ordinary call of a tool loads what only people read.
import { spawn, spawnSync } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { once } from 'node:events'
import t from 'tap'
import { cleanEnv } from './support/clean-env.ts'

const root = join(import.meta.dirname, '..')

/** A builder of a checkout in `folder` that says when it has the lock, and ends when its stdin does. */
function builder(folder: string) {
  const script = `import { oneAtATime } from './scripts/one-at-a-time.mjs'; await oneAtATime(); console.log('mine'); process.stdin.resume().on('end', () => process.exit())`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { cwd: folder, env: cleanEnv(), stdio: ['pipe', 'pipe', 'pipe'] })
  let mine = false
  const has = once(child.stdout, 'data').then(() => (mine = true))
  const waits = once(child.stderr, 'data').then(([line]) => String(line))
  return { child, has, waits, ended: once(child, 'exit'), isMine: () => mine }
}

t.test('one build of a checkout at a time', async t => {
  const scripts = Object.fromEntries(['one-at-a-time.mjs', 'run.mjs'].map(name => [name, readFileSync(join(root, 'scripts', name), 'utf8')]))
  const both = t.testdir({ here: { scripts: { ...scripts } }, elsewhere: { scripts: { ...scripts } } })
  const folder = join(both, 'here')
  const first = builder(folder)
  await first.has
  const second = builder(folder)
  t.match(await second.waits, 'another build of this checkout is running')
  t.notOk(second.isMine())
  first.child.kill('SIGKILL')
  await second.has
  t.ok(second.isMine(), 'a builder that was killed leaves no lock behind')
  const elsewhere = builder(join(both, 'elsewhere'))
  await elsewhere.has
  t.ok(elsewhere.isMine(), 'another checkout is no matter')
  for (const { child, ended } of [second, elsewhere]) {
    child.stdin.end()
    await ended
  }
  await first.ended
})

t.test('the stubs of foreign platforms', async t => {
  const { completeLock } = (await import(join(root, 'scripts/complete-lock.mjs'))) as { completeLock: (lock: object) => string[] }
  const lock = {
    packages: {
      '': {},
      'node_modules/x': { version: '1.0.0', resolved: 'https://registry.example/x.tgz', optionalDependencies: { '@x/linux-arm64-musl': '1.2.3', '@x/wasm32-wasi': '1.2.3', '@x/win32-x64': '1.2.3' } },
      'node_modules/@x/win32-x64': { version: '1.2.3' },
    },
  }
  t.strictSame(completeLock(lock), ['@x/linux-arm64-musl', '@x/wasm32-wasi'])
  t.strictSame((lock.packages as Record<string, unknown>)['node_modules/@x/linux-arm64-musl'], { version: '1.2.3', cpu: ['arm64'], dev: true, libc: ['musl'], optional: true, os: ['linux'] })
  t.notOk('resolved' in lock.packages['node_modules/x'])
})

t.test('what was built', async t => {
  const again = spawnSync(process.execPath, ['scripts/setup.mjs'], { cwd: root, encoding: 'utf8', env: cleanEnv() })
  t.equal(again.stdout + again.stderr, '', 'nothing is built that is built')
  for (const name of readdirSync(join(root, 'packages'))) {
    const { bin = {} } = JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8')) as { bin?: Readonly<Record<string, string>> }
    if (!bin[name]) continue
    const program = join(root, 'packages', name, bin[name])
    const { stdout, status } = spawnSync(program, ['--version'], { encoding: 'utf8', env: cleanEnv() })
    t.equal(status, 0)
    t.match(stdout, new RegExp(`^${name} \\d+\\.\\d+\\.\\d+\\n$`), `${name} starts`)
  }
})
