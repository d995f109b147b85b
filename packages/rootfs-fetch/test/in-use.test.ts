// A tree that a container has is never collected, whatever namespaces the container is in; afterwards it is.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import { Cache } from '../src/cache.ts'
import { entriesOf } from '../src/cache/entries.ts'
import { treesInUse } from '../src/cache/in-use.ts'
import { copyTree } from '../src/index.ts'
import { fetchSync } from './fixtures/run.ts'
import { isRoot, scratch } from './fixtures/scratch.ts'

const program = ['/bin/busybox', '/usr/bin/busybox'].find(path => spawnSync(path, ['true']).status === 0 && spawnSync('ldd', [path]).status !== 0)
const skip = program === undefined ? 'there is no static busybox here: apt-get install busybox-static' : isRoot ? false : 'needs root, for containers without a user namespace'
const words = (tool: string): string[] => [process.execPath, '--conditions=@srcon/source', join(import.meta.dirname, `../../${tool}/src/cli.ts`)]

function lay(t: Test) {
  const how = { cache: join(scratch(t, true), 'cache') }
  const path = fetchSync(['busybox'], how).stdout.trim()
  return { how, path, name: basename(dirname(path)), clear: () => JSON.parse(fetchSync(['cache', 'clear', '--json'], how).stdout) as { removed: { kind: string }[] } }
}

/** A container that has said that it runs; it reads a file of its tree when it is told to. */
async function contain(path: string, before: readonly string[], options: readonly string[]): Promise<{ child: ChildProcess; goOn: () => Promise<string> }> {
  const [file, ...rest] = [...before, ...words('chroot-fs'), path, ...options, '--', '/bin/sh', '-c', 'echo ready; read x; cat /etc/passwd; ls /bin/busybox']
  const child = spawn(file, rest, { cwd: '/', env: { PATH: '/usr/bin:/bin' }, stdio: ['pipe', 'pipe', 'ignore'] })
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (part: string) => (said += part))
  while (!said.includes('ready') && child.exitCode === null) await Promise.race([once(child.stdout, 'data'), once(child, 'exit')])
  return {
    child, goOn: async () => {
      child.stdin.end('\n')
      await once(child, 'close')
      return said
    },
  }
}

/** Kernel state has no event for a lock that is free. */
async function until(condition: () => boolean): Promise<boolean> {
  for (const end = Date.now() + 10_000; Date.now() < end; await new Promise(resolve => setTimeout(resolve, 5))) if (condition()) return true
  return false
}

const chains = [
  ['an overlay', [], ['--overlay']], ['as it is, read-only', [], ['--read-only']], ['plain chroot', [], ['--chroot']],
  ['pid and mount namespaces', [...words('ns-unshare'), '--pid', '--mount', '--'], ['--overlay', '--proc']], ['a user namespace', [...words('ns-unshare'), '--map-root-user', '--pid', '--'], ['--read-only']],
] as const
for (const [what, before, options] of chains) {
  t.test(`gc beside a container: ${what}`, { skip }, async t => {
    const { how, path, name, clear } = lay(t)
    const { child, goOn } = await contain(path, before, options)
    t.equal(child.exitCode, null)
    const cache = await Cache.open(how.cache)
    t.equal(cache.takeTree(name), undefined, 'its lock is taken')
    t.equal(entriesOf(cache).find(each => each.name === name)?.inUse, true)
    if (what === 'an overlay') t.equal(treesInUse(cache.root).has(name), false, 'the mounts alone do not show it')
    t.strictSame(clear().removed.filter(each => each.kind === 'tree'), [])
    const read = await goOn()
    t.match(read, /root:[^]*\/bin\/busybox/, 'it reads on')
    t.equal(child.exitCode, 0)
    t.ok(await until(() => clear().removed.some(each => each.kind === 'tree')), 'then it is collected')
    t.equal(existsSync(path), false)
  })
}

t.test('a collector in another pid namespace sees it too', { skip }, async t => {
  const { how, path } = lay(t)
  const { goOn } = await contain(path, [...words('ns-unshare'), '--pid', '--'], ['--overlay'])
  const elsewhere = ['--pid', '--fork', '--mount', '--mount-proc', ...words('rootfs-fetch'), 'cache', 'clear', '--json', '--cache', how.cache]
  const { status, stdout } = spawnSync('unshare', elsewhere, { encoding: 'utf8', cwd: '/' })
  t.equal(status, 0)
  t.notMatch(stdout, /"kind": ?"tree"/)
  t.match(await goOn(), /root:/)
})

t.test('kill -9 of who waits frees it, and the container with it', { skip }, async t => {
  const { path, name, how } = lay(t)
  const { child } = await contain(path, [], ['--overlay'])
  const cache = await Cache.open(how.cache)
  t.equal(cache.takeTree(name), undefined)
  child.kill('SIGKILL')
  await once(child, 'exit')
  t.ok(await until(() => {
    const lock = cache.takeTree(name)
    lock?.release()
    return lock !== undefined
  }), 'free again')
})

t.test('a tree of an older cache, a tree that is just taken away', { skip }, async t => {
  const { how, path, name } = lay(t)
  rmSync(`${path}.lock`)
  t.equal(fetchSync(['busybox'], how).stdout.trim(), path)
  t.ok(existsSync(`${path}.lock`), 'made when it is handed out')
  // As long as a collector has it, a container waits; it comes to nothing half removed.
  const cache = await Cache.open(how.cache)
  const lock = cache.takeTree(name)
  const waiting = contain(path, [], ['--overlay'])
  await cache.remove(join(cache.root, 'trees', name))
  lock?.release()
  const { child } = await waiting
  if (child.exitCode === null) await once(child, 'exit')
  t.equal(child.exitCode, 125)
})

t.test('a copy holds what it copies', { skip }, async t => {
  const { how, path, name } = lay(t)
  const cache = await Cache.open(how.cache)
  const copying = copyTree(path, join(how.cache, '../copy'))
  t.equal(cache.takeTree(name), undefined)
  await copying
  const lock = cache.takeTree(name)
  t.ok(lock)
  lock?.release()
  t.equal(readFileSync(join(how.cache, '../copy/etc/passwd'), 'utf8'), readFileSync(join(path, 'etc/passwd'), 'utf8'))
})
