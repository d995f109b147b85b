// `debian` made by the real mmdebstrap and debootstrap, from a small mirror of the test's own: good, and every way in which it is refused.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { fetchRootfs, type Progress } from '../src/index.ts'
import { differences } from '../src/tree-compare.ts'
import { debOf, layRelease, noMirror, signRelease } from './fixtures/debian-mirror.ts'
import { layServed, makeWork, nothing } from './fixtures/debian-work.ts'
import { makeKey } from './fixtures/keys.ts'
import { fetchAsync, fetchSync } from './fixtures/run.ts'
import { isRoot } from './fixtures/scratch.ts'

const missing = noMirror('mmdebstrap', 'debootstrap')
const skip = missing !== false ? missing : isRoot ? false : 'needs root: debootstrap makes devices'
const programs = ['mmdebstrap', 'debootstrap'] as const
const { left } = makeWork(t)
const arch = { x64: 'amd64', arm64: 'arm64' }[process.arch as string] ?? process.arch

t.test('made once, exact, and found again', { skip }, async t => {
  const { folder, mirror, key, options, url } = await layServed(t, { suite: 'trixie', version: '13.1', alias: 'stable' })
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
  const { folder, mirror, options } = await layServed(t, { suite: 'stretch', more: 'Valid-Until: Sat, 22 Nov 2018 09:00:00 UTC\n' })
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
  const { folder, mirror, key, options, faults } = await layServed(t, { suite: 'trixie' })
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
  const failed = fetchSync(['debian:trixie', '--mirror', mirror, '--key', key.file, '--bootstrap=mmdebstrap', '--include=breaks'], { cache: join(folder, 'cache') })
  t.match(failed, { status: 125, stdout: '', stderr: /cannot make debian:trixie: mmdebstrap ended with/ })
  t.notMatch(failed.stderr, /\u001b/, 'what it says is escaped')
  t.strictSame(kept(), [], 'nothing is kept')
  t.strictSame(left(), nothing)
})

t.test('nobody vouches for it, and the user says so', { skip }, async t => {
  const { folder, mirror, options } = await layServed(t, { suite: 'trixie' })
  layRelease(mirror, 'trixie', { Codename: 'trixie', Suite: 'trixie' })
  await t.rejects(fetchRootfs('debian:trixie', options()), { code: 'E_SIGNATURE', message: /is not signed/ })
  const bootstrap = 'mmdebstrap'
  t.match(await fetchRootfs('debian:trixie', options({ bootstrap, insecure: true, key: undefined })), { verified: [], signedBy: undefined, warnings: [/nobody vouches/] })
  await t.rejects(fetchRootfs('debian:trixie', options({ bootstrap })), { code: 'E_SIGNATURE' }, 'and has to say so each time')
  t.match(fetchSync(['debian:trixie', '--offline'], { cache: join(folder, 'cache') }), { status: 125, stderr: /not in the cache/ })
})
