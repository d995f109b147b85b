// `debian` without making one: words, suites and dates, where apt fetches from, which program, what a program is told, what it says, and
// every way in which a Release is refused.
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { withSource } from '../src/fetch.ts'
import { fetchRootfs, type FetchOptions } from '../src/index.ts'
import { Mirror } from '../src/mirror.ts'
import { readArch, refuseForeign } from '../src/source/debian/architecture.ts'
import { records, wordsOf as debootstrapWords } from '../src/source/debian/debootstrap.ts'
import type { Job } from '../src/source/debian/job.ts'
import { aptMirror, deb822, mirrorsOf, oneLine } from '../src/source/debian/mirror.ts'
import { stages, wordsOf as mmdebstrapWords } from '../src/source/debian/mmdebstrap.ts'
import { readDebian } from '../src/source/debian/wish.ts'
import { chooseProgram } from '../src/source/debian/programs.ts'
import { parseRelease } from '../src/source/debian/release.ts'
import { rangesIn } from '../src/source/debian/rootless.ts'
import { endOfLife, hasEnded, readSuite, standsFor, suiteNamed, type Suite } from '../src/source/debian/suites.ts'
import { makeKey } from './fixtures/keys.ts'
import { put, scratch } from './fixtures/scratch.ts'
import { serve } from './fixtures/server.ts'

const day = '2026-11-26'
const named = (name: string): Suite => suiteNamed(name) ?? { name }

t.test('suites', async t => {
  const read = (word?: string, free = false) => readSuite(word, day, free).name
  t.strictSame(['12', 'bookworm', '8', 'stretch', 'sid', 'unstable', 'stable', undefined, 'latest', 'testing', 'oldstable', 'oldoldstable'].map(word => read(word)),
    ['bookworm', 'bookworm', 'jessie', 'stretch', 'sid', 'sid', 'stable', 'stable', 'stable', 'testing', 'bookworm', 'bullseye'])
  t.strictSame([standsFor({ name: 'stable' }, day).name, standsFor({ name: 'testing' }, day).name], ['trixie', 'forky'])
  for (const [word, hint] of [['bookwrom', /did you mean debian:bookworm/], ['12.5', /debian:12/], ['experimental', /debian:sid/], ['../x', /for example/], ['', /for example/], ['own', /./]] as const) t.throws(() => read(word), { code: 'E_USAGE', hint }, word)
  t.equal(read('own-suite', true), 'own-suite', 'a mirror of one\'s own may have others')
  t.throws(() => read('../x', true), { code: 'E_USAGE' })
  t.equal(endOfLife(named('trixie'), day), undefined)
  t.match(endOfLife(named('bookworm'), day), /only long-term support since 2026-07-11, until 2028-06-30/)
  t.match(endOfLife(named('jessie'), day), /Debian 8 \(jessie\) has had no security updates since 2020-06-30/)
  t.strictSame(['jessie', 'stretch', 'bullseye', 'bookworm', 'trixie', 'sid'].map(name => hasEnded(named(name), day)), [true, true, true, false, false, false])
})

t.test('where apt fetches from', async t => {
  const folder = scratch(t)
  t.equal(aptMirror(folder), undefined)
  put(join(folder, 'sources.list.d/a.list'), '# deb http://no/ trixie main\ndeb-src http://no/ trixie main\ndeb [arch=amd64 signed-by=/x] https://other.example/apt cloud main\n')
  put(join(folder, 'sources.list.d/ubuntu.sources'), 'Types: deb\nURIs: http://ubuntu.example/\nSuites: noble\nComponents: main\n')
  t.equal(aptMirror(folder), undefined, 'other distributions are not Debian')
  put(join(folder, 'sources.list.d/z.sources'), 'Types: deb\nEnabled: no\nURIs: http://off.example/\nSuites: trixie\n\n# note\nTypes: deb deb-src\n# note\nURIs: http://security.example/\nSuites: trixie-security\nComponents: main\n\nTypes: deb\nURIs:\n http://one.example/debian\n http://two.example/debian\nSuites: trixie\n trixie-updates\nComponents: main\n')
  t.equal(aptMirror(folder), 'http://one.example/debian')
  put(join(folder, 'sources.list'), 'deb http://user:secret@private.example/ trixie main\ndeb http://list.example/debian bookworm main contrib # x\n')
  t.equal(aptMirror(folder), 'http://list.example/debian', 'sources.list first; no passwords')
  t.strictSame(oneLine('deb  [a=b]  http://x/ s main\n deb http://y/ s/\ndeb\tcdrom:[Debian]/ s main'), [{ uri: 'http://x/', suites: ['s'] }, { uri: 'cdrom:[Debian]/', suites: ['s'] }])
  t.strictSame(deb822(''), [])
  const all = (suite: string, given?: string) => mirrorsOf(given, named(suite), day, folder).map(({ base }) => base.href)
  t.strictSame(all('trixie'), ['http://list.example/debian/'])
  t.strictSame(all('jessie'), ['http://list.example/debian/', 'http://archive.debian.org/debian/'], 'what has ended may be in the archive')
  t.strictSame(all('jessie', 'http://own.example/'), ['http://own.example/'], 'a mirror that is named is the only one')
})

t.test('options and programs', async t => {
  t.strictSame(readDebian({}), { variant: 'minbase', include: [], components: ['main'], bootstrap: undefined })
  t.strictSame(readDebian({ include: ['b', 'a', 'b'].map(each => `${each}${each}`) }).include, ['aa', 'bb'])
  for (const bad of [{ variant: 'tiny' }, { include: ['a b'] }, { include: ['-x'] }, { include: ['?essential'] }, { components: ['main;id'] }, { bootstrap: 'sh' }]) t.throws(() => readDebian(bad), { code: 'E_USAGE' }, JSON.stringify(bad))
  const choose = (there: readonly string[], { root = true, ended = false, variant = 'minbase', bootstrap }: { root?: boolean; ended?: boolean; variant?: string; bootstrap?: string } = {}) =>
    chooseProgram(readDebian({ variant, bootstrap }), ended, root, name => (there.includes(name) ? `/x/${name}` : undefined)).name
  const both = ['mmdebstrap', 'debootstrap']
  t.equal(choose(both), 'mmdebstrap')
  t.equal(choose(['debootstrap']), 'debootstrap')
  t.equal(choose(both, { ended: true }), 'debootstrap')
  t.equal(choose(both, { ended: true, root: false }), 'mmdebstrap')
  t.equal(choose(both, { ended: true, variant: 'essential' }), 'mmdebstrap')
  t.throws(() => choose([]), { code: 'E_HOST', message: /no mmdebstrap and no debootstrap here/, hint: 'apt-get install mmdebstrap' })
  t.throws(() => choose(['debootstrap'], { root: false }), { code: 'E_HOST', why: /needs root/, hint: /install mmdebstrap/ })
  t.throws(() => choose(['debootstrap'], { variant: 'apt' }), { code: 'E_HOST', why: /has no variant 'apt'/ })
  t.throws(() => choose(both, { variant: 'apt', bootstrap: 'debootstrap' }), { code: 'E_USAGE', message: /debootstrap has no variant 'apt'/, hint: /minbase, buildd, important/ })
  t.throws(() => choose(['mmdebstrap'], { bootstrap: 'debootstrap' }), { code: 'E_HOST', hint: 'apt-get install debootstrap' })
  t.throws(() => choose(both, { bootstrap: 'debootstrap', root: false }), { code: 'E_HOST', message: /needs root/ })
  t.throws(() => readArch('x86_64'), { code: 'E_USAGE', hint: /amd64/ })
  t.doesNotThrow(() => refuseForeign('i386', 'amd64', () => undefined))
  t.doesNotThrow(() => refuseForeign('arm64', 'amd64', path => (path.endsWith('qemu-aarch64') ? 'enabled\ninterpreter /x\n' : undefined)))
  t.throws(() => refuseForeign('arm64', 'amd64', () => undefined), { code: 'E_HOST', why: /binfmt_misc is not mounted/, hint: /qemu-user-static/ })
  t.throws(() => refuseForeign('arm64', 'amd64', path => (path.endsWith('status') ? 'enabled' : undefined)), { code: 'E_HOST', why: /no emulator qemu-aarch64 is registered/ })
  t.throws(() => refuseForeign('arm64', 'amd64', () => 'disabled'), { code: 'E_HOST', why: /switched off/ })
  t.strictSame(rangesIn('root:1:2\nme:100000:65536\n1000:5:7\nyou:1:1\nme:1:7\n', 'me'), [65_536, 7])
})

const job = (more: Partial<Job> = {}): Job => ({
  program: { name: 'mmdebstrap', path: '/x/prog' }, suite: 'trixie', arch: 'amd64', wish: readDebian({}), mirror: new Mirror('http://m.example/debian'), keyring: '/r/k.gpg', keyExpired: false, ended: false,
  epoch: 1, room: '/r', isRoot: true, what: 'x', signal: undefined, tell: () => {}, ...more,
})

t.test('what a program is told', async t => {
  const plain = mmdebstrapWords(job())
  t.strictSame(plain.slice(0, 7), ['/x/prog', '--mode=root', '--format=tar', '--verbose', '--variant=minbase', '--architectures=amd64', '--components=main'])
  t.strictSame(plain.slice(-4), ['--', 'trixie', '-', 'deb http://m.example/debian/ trixie main'])
  t.notOk(plain.some(each => /Valid|gpgv|Insecure/.test(each)), 'apt\'s own checks as they are')
  t.ok(mmdebstrapWords(job({ isRoot: false })).includes('--mode=unshare'))
  const old = mmdebstrapWords(job({ suite: 'stretch', ended: true }))
  t.ok(old.includes('--aptopt=Acquire::Check-Valid-Until "false"'))
  t.ok(mmdebstrapWords(job({ keyring: undefined })).some(each => each.includes('AllowInsecureRepositories')))
  t.match(debootstrapWords(job({ wish: readDebian({ include: ['curl'], variant: 'buildd' }) }), '/r/tree'), ['/x/prog', '--debian-installer', '--arch=amd64', '--components=main', '--variant=buildd', '--include=curl', '--keyring=/r/k.gpg', '--force-check-gpg', 'trixie', '/r/tree', 'http://m.example/debian/'])
  t.notOk(debootstrapWords(job({ wish: readDebian({ variant: 'important' }) }), '/r/tree').some(each => each.startsWith('--variant')))
  t.ok(debootstrapWords(job({ keyring: undefined }), '/r/tree').includes('--no-check-gpg'))
  t.equal(debootstrapWords(job({ suite: 'no-such' }), '/r/tree').at(-1), '/usr/share/debootstrap/scripts/sid')
})

t.test('how far a program is', async t => {
  const told: [string, number][] = []
  const on = stages((note, percent) => told.push([note, percent]))
  const lines = ['I: running apt-get update...', 'I: downloading packages with apt...', 'dpkg --status-fd 8 --unpack a.deb', 'dpkg --status-fd 8 --unpack b.deb', 'I: extracting archives...', 'I: installing essential packages...', 'Unpacking aa:amd64 (1) ...', 'Unpacking bb (1) ...', 'Setting up aa (1) ...', 'I: installing remaining packages inside the chroot...', '0 upgraded, 1 newly installed, 0 to remove', 'Unpacking cc (1) ...', 'I: creating tarball...', 'I: done']
  for (const line of lines) on(line)
  t.strictSame(told.map(([, percent]) => percent), [2, 10, 25, 35, 44, 53, 61, 70, 81, 95, 100])
  t.strictSame(told[4], ['unpacking aa', 44])
  const seen: number[] = []
  const { onRecord, reason } = records((_, percent) => seen.push(percent))
  for (const line of ['P: 0 100 DOWNREL', 'P: 50 100', 'I: X', 'P: 100 200 DOWNDEBS', 'P: 0 100 DOWNPKGS', 'P: 78 78 CONFBASE', 'P: nonsense']) onRecord(line)
  t.strictSame(seen.slice(0, 5), [0, 1, 18, 18, 96], 'never back')
  t.equal(reason(), undefined)
  for (const line of ['E: WRONG', 'EA: one', 'EA: two', 'EF: Asked for %s, got %s']) onRecord(line)
  t.equal(reason(), 'Asked for one, got two')
})

t.test('a Release', async t => {
  const text = 'Origin: Debian\nSuite: stable\nVersion: 13.2\nCodename: trixie\nDate: Sat, 15 Nov 2025 09:00:00 UTC\nValid-Until: Sat, 22 Nov 2025 09:00:00 UTC\nArchitectures: all amd64 ../x;y\nComponents: main updates/main\nSHA256:\n aa 1 Codename: evil\n'
  t.strictSame(parseRelease(text), { codename: 'trixie', suite: 'stable', version: '13.2', date: 1_763_197_200, validUntil: 1_763_802_000, architectures: ['all', 'amd64'], components: ['main', 'updates/main'] })
  t.match(parseRelease('Codename: \u001b[2J\nDate: never\n'), { codename: undefined, date: undefined })
})

t.test('a Release that is refused', async t => {
  const folder = scratch(t)
  const mirror = join(folder, 'mirror')
  const key = await makeKey(folder)
  const expired = await makeKey(folder, { born: new Date('2015-01-01'), expires: 365 * 86_400 })
  const text = (codename: string, more = '') => `Suite: x\nCodename: ${codename}\nVersion: 1.2\nDate: Sat, 15 Nov 2025 09:00:00 UTC\nArchitectures: amd64 arm64\nComponents: main\n${more}`
  const lay = async (suite: string, words: string, by: typeof key | undefined, how: 'clear' | 'detached' = 'clear') => {
    rmSync(join(mirror, 'dists', suite), { recursive: true, force: true })
    mkdirSync(join(mirror, 'dists', suite), { recursive: true })
    if (by && how === 'clear') writeFileSync(join(mirror, 'dists', suite, 'InRelease'), await by.clear(words))
    else writeFileSync(join(mirror, 'dists', suite, 'Release'), words)
    if (by && how === 'detached') writeFileSync(join(mirror, 'dists', suite, 'Release.gpg'), await by.sign(Buffer.from(words)))
  }
  mkdirSync(join(mirror, 'dists'), { recursive: true })
  const { url } = await serve(t, mirror)
  const find = async (source: string, more: FetchOptions = {}) => await withSource(source, { mirror: url, cache: join(folder, 'cache'), key: key.file, arch: 'amd64', ...more }, async (wanted, ask) => await wanted.find(ask))
  await lay('trixie', text('trixie'), key)
  t.match(await find('debian:trixie'), { source: 'debian:trixie', version: '1.2', verified: ['signature'], signedBy: key.fingerprint, facts: { codename: 'trixie', releaseDigest: /^sha256:/ } }, 'positive control')
  symlinkSync('trixie', join(mirror, 'dists/stable'))
  t.match(await find('debian'), { source: 'debian:trixie' }, 'an alias is followed to its suite')
  await lay('trixie', text('trixie'), key, 'detached')
  t.match(await find('debian:trixie'), { signedBy: key.fingerprint })
  const foreign = await makeKey(folder)
  await lay('trixie', text('trixie'), foreign)
  await t.rejects(find('debian:trixie'), { code: 'E_SIGNATURE', why: /unknown key/ })
  await lay('trixie', text('trixie'), foreign, 'detached')
  await t.rejects(find('debian:trixie'), { code: 'E_SIGNATURE', why: /unknown key/ })
  await t.rejects(find('debian:trixie', { insecure: true }), { code: 'E_SIGNATURE' }, 'a wrong signature is refused in any case')
  writeFileSync(join(mirror, 'dists/trixie/InRelease'), (await key.clear(text('trixie'))).replace('1.2', '1.3'))
  await t.rejects(find('debian:trixie'), { code: 'E_SIGNATURE', why: /does not fit/ }, 'changed')
  await lay('trixie', text('trixie'), undefined)
  await t.rejects(find('debian:trixie'), { code: 'E_SIGNATURE', message: /is not signed/, hint: /--insecure/ })
  t.match(await find('debian:trixie', { insecure: true }), { verified: [], signedBy: undefined, warnings: [/nobody vouches for/] })
  await lay('trixie', text('trixie', 'Valid-Until: Sat, 22 Nov 2025 09:00:00 UTC\n'), key)
  await t.rejects(find('debian:trixie'), { code: 'E_SIGNATURE', message: /is too old/, why: /until 2025-11-22/ })
  await lay('trixie', text('stretch'), key)
  await t.rejects(find('debian:trixie'), { code: 'E_SIGNATURE', why: /it is that of stretch/ }, 'another suite\'s')
  await t.rejects(find('debian'), { code: 'E_SIGNATURE', why: /it is that of stretch/ }, 'an alias to what has ended')
  await lay('trixie', text('trixie'), expired)
  await t.rejects(find('debian:trixie', { key: expired.file }), { code: 'E_SIGNATURE', why: /expired on 2016/ })
  await lay('stretch', text('stretch', 'Valid-Until: Sat, 22 Nov 2015 09:00:00 UTC\n'), expired)
  t.match(await find('debian:stretch', { key: expired.file }), { signedBy: expired.fingerprint, facts: { keyExpired: true }, warnings: [/no security updates since 2022-06-30/, /expired on 2016-01-01, after it signed/, /not Debian's own/] })
  await t.rejects(find('debian:stretch', { key: undefined }), { code: 'E_SIGNATURE' }, 'without --key only Debian\'s own keys count')
  await lay('trixie', text('trixie'), key)
  await t.rejects(find('debian:trixie', { arch: 'i386' }), { code: 'E_NOT_FOUND', message: /no packages for i386/, why: /amd64, arm64/ })
  await t.rejects(find('debian:trixie', { components: ['non-free'] }), { code: 'E_NOT_FOUND', message: /no component non-free/ })
  await t.rejects(find('debian:forky'), { code: 'E_NOT_FOUND', message: /no Debian forky on/ })
  await t.rejects(find('debian:trixei'), { code: 'E_NOT_FOUND', hint: /debian:trixie/ })
  await t.rejects(find('debian:trixie', { offline: true }), { code: 'E_NOT_FOUND', hint: /--offline/ })
  await t.rejects(fetchRootfs(['debian', 'trixie']), { code: 'E_USAGE', hint: /behind a colon/ })
  const rows = await withSource('debian', { mirror: url, cache: join(folder, 'cache') }, async (wanted, ask) => await wanted.list?.(ask))
  t.match(rows?.find(({ source }) => source === 'debian:jessie'), { version: '8', eol: '2018-06-17', note: /ended, only on an archive mirror/ })
})
