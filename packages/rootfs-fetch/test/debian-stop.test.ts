// A Debian in the making: stopped half way by a signal, by `kill -9`, by the library's caller; and without root. Nothing of it is left.
import { spawn } from 'node:child_process'
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { fetchRootfs } from '../src/index.ts'
import { noMirror } from './fixtures/debian-mirror.ts'
import { layServed, makeWork, nothing } from './fixtures/debian-work.ts'
import { fetchAsync } from './fixtures/run.ts'
import { isRoot, put } from './fixtures/scratch.ts'

const missing = noMirror('mmdebstrap', 'debootstrap')
const skip = missing !== false ? missing : isRoot ? false : 'needs root: debootstrap makes devices'
const programs = ['mmdebstrap', 'debootstrap'] as const
const { work, left } = makeWork(t)

t.test('stopped half way', { skip }, async t => {
  const { folder, key, options, url } = await layServed(t, { suite: 'trixie' })
  for (const bootstrap of programs) {
    for (const signal of bootstrap === 'mmdebstrap' ? (['SIGINT', 'SIGKILL'] as const) : (['SIGTERM'] as const)) {
      const cache = join(folder, `cache-${signal}`)
      const { child, ended } = fetchAsync(['debian:trixie', '--mirror', url, '--key', key.file, '--bootstrap', bootstrap, '--progress=json'], { cache, env: { TMPDIR: work } })
      await new Promise<void>(resolve => child.stderr?.on('data', (part: Buffer | string) => {
        const percent = Number(/"percent":(\d+)/.exec(String(part))?.[1] ?? 0)
        if (percent >= 30) resolve()
      }))
      t.ok(left().rooms.length > 0, 'it is at work')
      child.kill(signal)
      t.match(await ended, { status: null, signal, stdout: '' }, `${bootstrap}, ${signal}`)
      if (signal !== 'SIGKILL') t.strictSame(left(), nothing, 'nothing is left')
    }
  }
  // What a killed one leaves, a program that ends by itself when nobody reads it, and its room, goes with the next; this one is
  // given up by the library's caller.
  for (let i = 0; left().processes.length > 0 && i < 600; i++) await new Promise(resolve => setTimeout(resolve, 50))
  const stop = new AbortController()
  const onProgress = ({ percent = 0 }) => percent > 30 && stop.abort(new Error('enough'))
  await t.rejects(fetchRootfs('debian:trixie', options({ bootstrap: 'mmdebstrap', signal: stop.signal, cache: join(folder, 'cache-SIGKILL'), onProgress })), { message: 'enough' })
  t.strictSame(left(), nothing)
  t.strictSame(readdirSync(join(folder, 'cache-SIGKILL/tmp')), [])
})

t.test('without root', { skip: skip || (existsSync('/usr/bin/newuidmap') ? false : 'newuidmap is not installed') }, async t => {
  const { folder, key, url } = await layServed(t, { suite: 'trixie' })
  // A user of every host, to whom nothing is given but here.
  const [uid, name] = [65_534, 'nobody']
  const cache = join(folder, 'cache-user')
  mkdirSync(cache, { mode: 0o700 })
  chownSync(cache, uid, uid)
  chmodSync(key.file, 0o644)
  const file = put(join(folder, 'ids'), `${name}:100000:65536\n`)
  const words = (more: readonly string[]) => [process.execPath, '--conditions=@srcon/source', join(import.meta.dirname, '../src/cli.ts'), 'debian:trixie', '--mirror', url, '--key', key.file, ...more]
  /** As a user to whom this file gives ids, in a mount namespace of its own: the host's file stays. */
  const asUser = async (ids: string, ...more: string[]) => {
    const child = spawn('unshare', ['--mount', 'sh', '-c', `mount --bind ${ids} /etc/subuid && mount --bind ${ids} /etc/subgid && exec setpriv --reuid=${uid} --regid=${uid} --clear-groups "$@"`, 'sh', ...words(more)], { env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: folder, TMPDIR: work, SRCON_CACHE: cache }, stdio: ['ignore', 'pipe', 'pipe'] })
    let [stdout, stderr] = ['', '']
    child.stdout.on('data', (part: Buffer) => (stdout += part.toString()))
    child.stderr.on('data', (part: Buffer) => (stderr += part.toString()))
    const status = await new Promise<number | null>(resolve => child.on('close', resolve))
    return { status, stdout, stderr }
  }
  const good = await asUser(file)
  t.match(good, { status: 0, stdout: /^\/[^\n]+\/rootfs\n$/ }, good.stderr)
  t.match(readFileSync(join(good.stdout.trim(), 'etc/os-release'), 'utf8'), /ID=debian/)
  t.notMatch(good.stderr, /all files belong to/, 'owners are kept by the same ids')
  t.strictSame(left(), nothing)
  writeFileSync(join(folder, 'none'), '')
  writeFileSync(join(folder, 'few'), `${name}:100000:1000\n`)
  t.match(await asUser(join(folder, 'none'), '--include=extra'), { status: 125, stderr: /this user cannot make a Debian\n {2}why: \/etc\/subuid gives nobody no ids, and 65536 are needed\n {2}fix: as root: usermod --add-subuids/ })
  t.match(await asUser(join(folder, 'few'), '--include=extra'), { status: 125, stderr: /gives nobody only 1000 ids/ })
  t.match(await asUser(file, '--bootstrap=debootstrap'), { status: 125, stderr: /debootstrap needs root/ })
})
