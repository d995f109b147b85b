// `debian` made by the real mmdebstrap and debootstrap, from a small mirror of the test's own: good, every way in which it is refused,
// stopped half way, without root; and nothing of it is left behind.
import { spawnSync } from 'node:child_process'
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { fetchRootfs, type FetchOptions, type Progress } from '../src/index.ts'
import { differences } from '../src/tree-compare.ts'
import { debOf, layDebian, layRelease, noMirror, signRelease } from './fixtures/debian-mirror.ts'
import { makeKey } from './fixtures/keys.ts'
import { fetchAsync, fetchSync } from './fixtures/run.ts'
import { isRoot, put, scratch } from './fixtures/scratch.ts'
import { serve } from './fixtures/server.ts'

const missing = noMirror('mmdebstrap', 'debootstrap')
const skip = missing !== false ? missing : isRoot ? false : 'needs root: debootstrap makes devices'
const programs = ['mmdebstrap', 'debootstrap'] as const
const arch = { x64: 'amd64', arm64: 'arm64' }[process.arch as string] ?? process.arch

/** Where Debians are made, and what else they could leave: mounts and processes. */
function left(): { rooms: string[]; mounts: string[]; processes: string[] } {
  const rooms = [process.env['TMPDIR'] ?? '/var/tmp', '/var/tmp', '/tmp'].flatMap(folder => readdirSync(folder).filter(name => /^(?:srcon-debian-|mmdebstrap\.)/.test(name)).map(name => join(folder, name)))
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n').filter(line => /srcon-debian-|mmdebstrap\./.test(line))
  const processes = readdirSync('/proc').filter(name => /^\d+$/.test(name)).flatMap(pid => {
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
      return /srcon-debian-\d+-/.test(words) ? [words] : []
    } catch {
      return []
    }
  })
  return { rooms: [...new Set(rooms)], mounts, processes }
}
const nothing = { rooms: [], mounts: [], processes: [] }

async function lay(t: Test, ...suites: Parameters<typeof layDebian>[1]) {
  const folder = scratch(t)
  const mirror = layDebian(join(folder, 'mirror'), suites)
  const key = await makeKey(folder, { rsa: true })
  for (const { suite } of suites) await signRelease(mirror, suite, key)
  const { url, faults } = await serve(t, mirror)
  const options = (more: FetchOptions = {}): FetchOptions => ({ mirror: url, key: key.file, cache: join(folder, 'cache'), ...more })
  return { folder, mirror, key, url, faults, options }
}

t.test('made once, exact, and found again', { skip }, async t => {
  const { folder, mirror, key, options, url } = await lay(t, { suite: 'trixie', version: '13.1', alias: 'stable' })
  let digest: string | undefined
  for (const bootstrap of programs) {
    const told: Progress[] = []
    const first = await fetchRootfs('debian', options({ bootstrap, include: ['extra'], onProgress: each => told.push(each) }))
    t.match(first, { source: 'debian:trixie', version: '13.1', arch, verified: ['signature'], signedBy: key.fingerprint, cached: false, facts: { program: bootstrap, releaseDigest: /^sha256:/ } }, bootstrap)
    t.match(readFileSync(join(first.path, 'etc/os-release'), 'utf8'), /ID=debian/)
    t.equal(readFileSync(join(first.path, 'usr/share/extra'), 'utf8'), 'extra\n', '--include')
    t.match(readFileSync(join(first.path, 'var/lib/dpkg/status'), 'utf8'), /Package: extra\nStatus: install ok installed/)
    for (const path of ['etc/resolv.conf', 'etc/hostname', 'etc/apt/apt.conf.d/99mmdebstrap']) t.notOk(existsSync(join(first.path, path)), `nothing of this host: ${path}`)
    t.strictSame(readdirSync(join(first.path, 'var/cache/apt/archives')).filter(name => name.endsWith('.deb')), [])
    const percents = told.flatMap(({ phase, percent }) => (phase === 'make' && percent !== undefined ? [percent] : []))
    t.ok(percents.length > 10 && percents.at(-1) === (bootstrap === 'mmdebstrap' ? 100 : 97) && percents.every((each, i) => each >= (percents[i - 1] ?? 0)), `how far it is: ${percents.join(' ')}`)
    // As GNU tar unpacks the archive that is kept.
    const blob = join(folder, 'cache/blobs/sha512', first.digest?.slice(7) ?? '')
    const expected = join(folder, `gnu-${bootstrap}`)
    mkdirSync(expected)
    t.equal(spawnSync('tar', ['-xpf', blob, '-C', expected, '--numeric-owner', '--exclude=./dev/[a-z]*', '--exclude=dev/[a-z]*']).status, 0)
    t.strictSame(differences(expected, first.path).filter(line => !/\bdev\b/.test(line)), [], 'equal to GNU tar\'s')
    t.match(await fetchRootfs('debian:13', options({ key: undefined, bootstrap, include: ['extra'] })), { cached: true, path: first.path, signedBy: key.fingerprint }, 'by number, without the key: it was checked')
    t.match(await fetchRootfs('debian:stable', options({ key: undefined, bootstrap, include: ['extra'], offline: true, mirror: undefined })), { cached: true, path: first.path }, 'without a network')
    if (bootstrap === 'mmdebstrap') digest = first.digest
  }
  // The same Release makes the same bytes, somewhere else and at another time.
  const wish = { bootstrap: 'mmdebstrap', include: ['extra'], cache: join(folder, 'a') }
  const two = await fetchRootfs('debian:trixie', options(wish))
  t.equal(two.digest, digest)
  const quick = await new Promise<number>(resolve => {
    const began = Date.now()
    void fetchAsync(['debian:trixie', '--mirror', url, '--bootstrap=mmdebstrap', '--include=extra'], { cache: join(folder, 'a') }).ended.then(({ status, stdout, stderr }) => {
      t.equal(status, 0, stderr)
      t.equal(stdout, `${two.path}\n`, 'stdout is the path alone')
      resolve(Date.now() - began)
    })
  })
  t.ok(quick < 3000, `the second time took ${quick} ms`)
  // A newer Release makes a new tree; a young one does where that is allowed.
  debOf(join(mirror, 'pool'), 'extra', { Priority: 'optional', Version: '2' })
  layRelease(mirror, 'trixie', { Codename: 'trixie', Suite: 'stable', Version: '13.2' })
  await signRelease(mirror, 'trixie', key)
  t.match(await fetchRootfs('debian:trixie', options({ ...wish, key: undefined, maxAge: 3_600_000 })), { cached: true, version: '13.1' })
  t.match(await fetchRootfs('debian:trixie', options(wish)), { cached: false, version: '13.2' })
  // From a directory, by the command line.
  const local = fetchSync(['debian', '--mirror', mirror, '--key', key.file, '--bootstrap=mmdebstrap'], { cache: join(folder, 'a') })
  t.match(local, { status: 0, stdout: /^\/[^\n]+\/rootfs\n$/ }, local.stderr)
  t.strictSame(left(), nothing)
})

t.test('a suite whose support has ended, with a key that has expired since', { skip }, async t => {
  const { folder, mirror, options } = await lay(t, { suite: 'stretch', more: 'Valid-Until: Sat, 22 Nov 2018 09:00:00 UTC\n' })
  const old = await makeKey(folder, { rsa: true, born: new Date('2017-01-01'), expires: 365 * 86_400 })
  await signRelease(mirror, 'stretch', old)
  for (const bootstrap of programs) {
    const found = await fetchRootfs('debian:9', options({ bootstrap, key: old.file }))
    t.match(found, { source: 'debian:stretch', signedBy: old.fingerprint, facts: { keyExpired: true } }, bootstrap)
    t.match(found.warnings.join('\n'), /no security updates since 2022-06-30\n.*expired on 2018-01-01, after it signed on 2017-01-01/)
    t.notOk(existsSync(join(found.path, 'etc/apt/apt.conf.d/99mmdebstrap')), 'what apt was told for this once is gone')
  }
})

t.test('what is wrong with it, by each program', { skip }, async t => {
  const { folder, mirror, key, options, faults } = await lay(t, { suite: 'trixie' })
  const kept = () => ['blobs/sha512', 'trees', 'tmp'].flatMap(name => readdirSync(join(folder, 'cache', name)))
  for (const bootstrap of programs) {
    await t.rejects(fetchRootfs('debian:trixie', options({ bootstrap, include: ['no-such'] })), { code: 'E_BOOTSTRAP', message: new RegExp(`cannot make debian:trixie: ${bootstrap} ended with`), why: /no-such/ }, 'a package that is not there')
    faults.set('.xz', response => void response.end(Buffer.alloc(2288)))
    faults.set('.gz', response => void response.end('no'))
    faults.set('/Packages', response => void response.end('Package: dpkg\n'))
    await t.rejects(fetchRootfs('debian:trixie', options({ bootstrap })), { code: 'E_BOOTSTRAP', why: /unexpected size|Hash Sum mismatch|[Cc]ouldn't download/ }, 'an index that is not what the Release says')
    faults.clear()
  }
  debOf(join(mirror, 'pool'), 'breaks', { Priority: 'optional' }, undefined, { postinst: '#!/bin/sh\nprintf "broken \\033[2J here\\n"\nexit 3\n' })
  layRelease(mirror, 'trixie', { Codename: 'trixie', Suite: 'trixie' })
  await signRelease(mirror, 'trixie', key)
  const failed = fetchSync(['debian:trixie', '--mirror', mirror, '--key', key.file, '--bootstrap=debootstrap', '--include=breaks'], { cache: join(folder, 'cache') })
  t.match(failed, { status: 125, stdout: '', stderr: /cannot make debian:trixie: debootstrap ended with/ })
  t.notMatch(failed.stderr, /\u001b/, 'what it says is escaped')
  t.strictSame(kept(), [], 'nothing is kept')
  t.strictSame(left(), nothing)
})

t.test('nobody vouches for it, and the user says so', { skip }, async t => {
  const { folder, mirror, options } = await lay(t, { suite: 'trixie' })
  layRelease(mirror, 'trixie', { Codename: 'trixie', Suite: 'trixie' })
  await t.rejects(fetchRootfs('debian:trixie', options()), { code: 'E_SIGNATURE', message: /is not signed/ })
  for (const bootstrap of programs) {
    t.match(await fetchRootfs('debian:trixie', options({ bootstrap, insecure: true, key: undefined })), { verified: [], signedBy: undefined, warnings: [/nobody vouches/] }, bootstrap)
    await t.rejects(fetchRootfs('debian:trixie', options({ bootstrap })), { code: 'E_SIGNATURE' }, 'and has to say so each time')
  }
  t.match(fetchSync(['debian:trixie', '--offline', '--bootstrap=debootstrap'], { cache: join(folder, 'cache') }), { status: 125, stderr: /not in the cache/ })
})

t.test('stopped half way', { skip }, async t => {
  const { folder, key, options, url } = await lay(t, { suite: 'trixie' })
  for (const bootstrap of programs) {
    for (const signal of bootstrap === 'mmdebstrap' ? (['SIGINT', 'SIGKILL'] as const) : (['SIGTERM'] as const)) {
      const cache = join(folder, `cache-${signal}`)
      const { child, ended } = fetchAsync(['debian:trixie', '--mirror', url, '--key', key.file, '--bootstrap', bootstrap, '--progress=json'], { cache })
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
  const { folder, key, url } = await lay(t, { suite: 'trixie' })
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
    const { spawn } = await import('node:child_process')
    const child = spawn('unshare', ['--mount', 'sh', '-c', `mount --bind ${ids} /etc/subuid && mount --bind ${ids} /etc/subgid && exec setpriv --reuid=${uid} --regid=${uid} --clear-groups "$@"`, 'sh', ...words(more)], { env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: folder, SRCON_CACHE: cache }, stdio: ['ignore', 'pipe', 'pipe'] })
    let [stdout, stderr] = ['', '']
    child.stdout.on('data', (part: Buffer) => (stdout += part.toString()))
    child.stderr.on('data', (part: Buffer) => (stderr += part.toString()))
    const status = await new Promise<number | null>(resolve => child.on('close', resolve))
    return { status, stdout, stderr }
  }
  const good = await asUser(file)
  t.match(good, { status: 0, stdout: /^\/[^\n]+\/rootfs\n$/ }, good.stderr)
  t.match(readFileSync(join(good.stdout.trim(), 'etc/os-release'), 'utf8'), /ID=debian/)
  t.match(good.stderr, /all files belong to uid 65534/)
  t.strictSame(left(), nothing)
  writeFileSync(join(folder, 'none'), '')
  writeFileSync(join(folder, 'few'), `${name}:100000:1000\n`)
  t.match(await asUser(join(folder, 'none'), '--include=extra'), { status: 125, stderr: /this user cannot make a Debian\n {2}why: \/etc\/subuid gives nobody no ids, and 65536 are needed\n {2}fix: as root: usermod --add-subuids/ })
  t.match(await asUser(join(folder, 'few'), '--include=extra'), { status: 125, stderr: /gives nobody only 1000 ids/ })
  t.match(await asUser(file, '--bootstrap=debootstrap'), { status: 125, stderr: /debootstrap needs root/ })
})
