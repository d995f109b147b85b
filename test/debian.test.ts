// A Debian to its end, `rootfs-fetch debian | … | srcon run -- CMD`: from a small mirror of the test's own, as root and without; and the
// current one from the mirror that apt on this host is configured with, once by each program that makes it.
import { spawnSync } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { differences } from '../packages/rootfs-fetch/src/tree-compare.ts'
import { layDebian, noMirror, signRelease } from '../packages/rootfs-fetch/test/fixtures/debian-mirror.ts'
import { makeKey } from '../packages/rootfs-fetch/test/fixtures/keys.ts'
import { isRoot, start, user } from './support/probe.ts'

const dir = mkdtempSync(join(tmpdir(), 'srcon-debian-test-'))
chmodSync(dir, 0o755)
t.teardown(() => rmSync(dir, { recursive: true, force: true }))
const missing = noMirror('mmdebstrap', 'debootstrap')
const skip = missing !== false ? missing : isRoot ? false : 'needs root: debootstrap makes devices'
const programs = ['mmdebstrap', 'debootstrap'] as const

t.test('a small Debian', { skip }, async t => {
  const mirror = layDebian(join(dir, 'mirror'), [{ suite: 'trixie', version: '13.1', alias: 'stable' }, { suite: 'stretch' }, { suite: 'jessie' }])
  const key = await makeKey(dir, { rsa: true })
  for (const suite of ['trixie', 'stretch', 'jessie']) await signRelease(mirror, suite, key)
  const env = { SRCON_CACHE: join(dir, 'cache'), SRCON_DEBIAN_MIRROR: mirror }
  for (const [suite, more, says] of [['', '--bootstrap=mmdebstrap', /making debian:trixie/], [':stretch', '', /no security updates since 2022-06-30/], [':jessie', '', /no security updates since 2020-06-30/]] as const) {
    const { status, stdout, stderr } = start(['sh', '-c', `rootfs-fetch debian${suite} ${more} --key ${key.file} | srcon run -- sh -c 'cat /etc/os-release; dpkg-query -W base-files; id -u'`], { env })
    t.match({ status, stdout }, { status: 0, stdout: 'ID=debian\nPRETTY_NAME="A Debian of a test"\nbase-files\t1\n0\n' }, `${suite} ${more}: ${stderr}`)
    t.match(stderr, says)
  }
  const config = start(['sh', '-c', `rootfs-fetch debian --key ${key.file} --config new | ns-unshare --pid --mount | chroot-fs --proc | srcon run -- sh -c 'echo x > /etc/new && head -1 /etc/os-release'`], { env })
  t.match(config, { status: 0, stdout: 'ID=debian\n' }, config.stderr)
})

t.test('a small Debian without root', { skip: skip || (spawnSync('newuidmap').error ? 'newuidmap is not installed' : false) }, async t => {
  const mirror = layDebian(join(dir, 'mirror-user'), [{ suite: 'trixie' }])
  const key = await makeKey(dir, { rsa: true })
  await signRelease(mirror, 'trixie', key)
  const cache = join(dir, 'cache-user')
  mkdirSync(cache, { mode: 0o700 })
  chownSync(cache, user.uid, user.uid)
  const name = /^([^:]+):[^:]*:(\d+):/gm
  const who = [...readFileSync('/etc/passwd', 'utf8').matchAll(name)].find(([, , uid]) => uid === String(user.uid))?.[1]
  writeFileSync(join(dir, 'ids'), `${who}:100000:65536\n`)
  // In a mount namespace of its own this user has ids to give.
  const bind = `mount --bind ${dir}/ids /etc/subuid && mount --bind ${dir}/ids /etc/subgid && exec setpriv --reuid=${user.uid} --regid=${user.uid} --clear-groups "$@"`
  const line = `rootfs-fetch debian:trixie --mirror ${mirror} --key ${key.file} | srcon run -- sh -c 'head -1 /etc/os-release; id -u'`
  const { status, stdout, stderr } = start(['unshare', '--mount', 'sh', '-c', bind, 'sh', 'sh', '-c', line], { env: { SRCON_CACHE: cache, HOME: dir } })
  t.match({ status, stdout }, { status: 0, stdout: 'ID=debian\n0\n' }, stderr)
})

// From here on the real one.
const inspected = skip === false ? start(['rootfs-fetch', 'inspect', 'debian', '--json'], { env: { SRCON_CACHE: join(dir, 'real'), SRCON_DEBIAN_MIRROR: undefined }, timeout: 90_000 }) : undefined
const unreachable = skip || (inspected?.status === 0 ? false : `the mirror that apt has cannot be used: ${inspected?.stderr.split('\n').slice(0, 2).join(' ')}`)

for (const program of programs) {
  t.test(`the current Debian by ${program}`, { skip: unreachable, timeout: 400_000 }, async t => {
    const env = { SRCON_CACHE: join(dir, 'real'), SRCON_DEBIAN_MIRROR: undefined }
    const line = `rootfs-fetch debian --bootstrap=${program}`
    const { status, stdout, stderr } = start(['sh', '-c', `${line} | srcon run -- sh -c 'cat /etc/os-release; dpkg -s dpkg | grep Status; id -u'`], { env, timeout: 390_000 })
    t.equal(status, 0, stderr)
    t.match(stdout, /^PRETTY_NAME="Debian GNU\/Linux \d+ [^]*\nID=debian\n[^]*\nStatus: install ok installed\n0\n$/)
    const began = Date.now()
    const again = start(['sh', '-c', `${line} --json`], { env })
    const ms = Date.now() - began
    const told = JSON.parse(again.stdout) as { path: string; digest: string; signedBy: string; verified: string[]; cached: boolean }
    t.match(told, { cached: true, verified: ['signature'], signedBy: /^[0-9A-F]{40}$/ })
    t.comment(`${program}: again in ${ms} ms`)
    t.ok(ms < 5000, `the second time took ${ms} ms`)
    const expected = join(dir, `gnu-${program}`)
    mkdirSync(expected)
    t.equal(spawnSync('tar', ['-xpf', join(dir, 'real/blobs/sha512', told.digest.slice(7)), '-C', expected, '--numeric-owner', '--exclude=./dev/[a-z]*', '--exclude=dev/[a-z]*']).status, 0)
    t.strictSame(differences(expected, told.path).filter(each => !/\bdev\b/.test(each)), [], 'equal to GNU tar\'s')
  })
}
