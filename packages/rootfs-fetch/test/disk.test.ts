// Disks that are full, read-only, or two: in a mount namespace of their own, gone with the shell.
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { member } from './fixtures/members.ts'
import { archiveOf, isRoot, layMirror, scratch } from './fixtures/scratch.ts'
import { asUser, noSubIds, subIdFile, USER } from './fixtures/user.ts'

const cli = join(import.meta.dirname, '../src/cli.ts')
const skip = isRoot ? false : 'needs root, for a mount'

/** Runs a script with `$1` the cache, `$2` the mirror, `$3` what it likes, and `fetch $1 $2 [WORDS]` the tool. */
function within(cache: string, mirror: string, script: string, more = '') {
  const tool = `fetch() { (export SRCON_CACHE="$1" SRCON_ALPINE_MIRROR="$2"; shift 2; [ $# -gt 0 ] || set -- alpine:3.22; '${process.execPath}' --conditions=@srcon/source '${cli}' "$@"); echo "status $?"; }; mkdir -p "$1"; `
  return spawnSync('unshare', ['--mount', 'sh', '-c', tool + script, 'sh', cache, mirror, more], { encoding: 'utf8', cwd: '/' })
}

async function lay(t: Test) {
  const folder = scratch(t)
  // Does not shrink: 3 MiB packed as well as unpacked.
  const bytes = archiveOf({ path: 'big', data: randomBytes(3 << 19).toString('hex') })
  t.ok(bytes.length > 1 << 20 && gzipSync(bytes).length > 1 << 20)
  return { cache: join(folder, 'cache'), mirror: layMirror(join(folder, 'mirror'), 'v3.22', { '3.22.1': bytes }) }
}

t.test('full in the download', { skip }, async t => {
  const { cache, mirror } = await lay(t)
  const { stdout, stderr } = within(cache, mirror, 'mount -t tmpfs -o size=1m,mode=700 tmpfs "$1" && fetch "$1" "$2"; find "$1/partial" "$1/tmp" "$1/blobs" -type f | wc -l')
  t.match(stderr, /cannot write .*: ENOSPC \(write\)\n {2}why: the file system of .* has .* left\n {2}fix: make room, or put the cache elsewhere: SRCON_CACHE/)
  t.match(stdout, /^status 125\n0\n$/, 'and nothing is kept that fills it')
})

/** An archive with a file of 80 MiB, of which the archive itself takes no room. */
function large(folder: string): string {
  const file = join(folder, 'large.tar')
  const head = member({ path: 'big', uid: 7, change: head => head.write(`${(80 << 20).toString(8).padStart(11, '0')}\0`, 124, 'latin1') })
  writeFileSync(file, head)
  truncateSync(file, head.length + (80 << 20) + 1024)
  return file
}

const unpackFailed = /cannot unpack tar:[^\n]*large\.tar: big: ENOSPC \((?:write|pwrite64|fallocate|copy_file_range)\)\n {2}why: the file system of .*\/cache.* has .* left\n {2}fix: make room, or put the cache elsewhere: SRCON_CACHE/

t.test('full while unpacking, 64 MiB', { skip }, t => {
  const folder = scratch(t, true)
  const { stdout, stderr } = within(join(folder, 'cache'), '', 'mount -t tmpfs -o size=64m,mode=700 tmpfs "$1" && fetch "$1" "$2" tar "$3"; find "$1/trees" "$1/tmp" "$1/partial" -mindepth 1 | wc -l; df --output=used -k "$1" | tail -n 1', large(folder))
  t.match(stderr, unpackFailed)
  const [status, left, used] = stdout.trim().split('\n')
  t.strictSame([status, left], ['status 125', '0'], 'nothing is left')
  t.ok(Number(used) < 100, 'and the room is free again')
  t.end()
})

t.test('the same in a user namespace', { skip: noSubIds }, t => {
  const folder = scratch(t, true)
  const user = asUser(USER, subIdFile(folder)).map(word => `'${word}'`).join(' ')
  const script = `mount -t tmpfs -o size=64m,mode=700,uid=${USER},gid=${USER} tmpfs "$1" && SRCON_CACHE="$1" ${user} '${process.execPath}' --conditions=@srcon/source '${cli}' tar "$3" --owners=exact; echo "status $?"; find "$1/trees" "$1/tmp" "$1/partial" -mindepth 1 | wc -l`
  const { stdout, stderr } = within(join(folder, 'cache'), '', script, large(folder))
  t.match(stderr, unpackFailed)
  t.equal(stdout, 'status 125\n0\n')
  t.end()
})

t.test('full when it is put in its place: the last inodes', { skip }, async t => {
  const { cache, mirror } = await lay(t)
  const used = within(cache, mirror, 'mount -t tmpfs -o size=64m,mode=700 tmpfs "$1" && fetch "$1" "$2" >/dev/null; df --output=iused "$1" | tail -n 1')
  const whole = Number(used.stdout)
  t.ok(whole > 10, used.stderr)
  for (const less of [1, 3]) {
    const { stdout, stderr } = within(cache, mirror, `mount -t tmpfs -o size=64m,nr_inodes=${whole - less},mode=700 tmpfs "$1" && fetch "$1" "$2"; find "$1/tmp" -mindepth 1 -printf "%P\\n"`)
    t.match(stderr, /ENOSPC.*\n {2}why: the file system of .* and \d+ inodes left\n {2}fix: make room/, `${less} too few`)
    t.equal(stdout, 'status 125\n', 'nothing half made')
  }
})

t.test('full while packing', { skip }, t => {
  const folder = scratch(t, true)
  const tree = join(folder, 'tree')
  mkdirSync(tree)
  writeFileSync(join(tree, 'big'), randomBytes(3 << 20))
  const { stdout, stderr } = within(join(folder, 'cache'), '', 'mount -t tmpfs -o size=1m tmpfs "$1" && fetch "$1" "$2" pack "$3" -o "$1/x.tar"; ls -A "$1"', tree)
  t.match(stderr, /cannot (?:pack|write) [^\n]*ENOSPC \(write\)\n {2}why: the file system of .*\n {2}fix: make room/)
  t.equal(stdout, 'status 125\n', 'no half archive')
  t.end()
})

t.test('a cache that is read-only hands out what is there', { skip }, async t => {
  const { cache, mirror } = await lay(t)
  const { stdout, stderr } = within(cache, mirror, 'mount -t tmpfs -o size=64m,mode=700 tmpfs "$1" && fetch "$1" "$2" && mount -o remount,ro "$1" && fetch "$1" "$2" && mount -o remount,rw "$1" && rm -r "$1"/trees/* && mount -o remount,ro "$1" && fetch "$1" "$2"')
  t.match(stdout, /^(\/.*\/rootfs)\nstatus 0\n\1\nstatus 0\nstatus 125\n$/)
  t.match(stderr, /EROFS[^\n]*\n(?: {2}why:[^\n]*\n)? {2}fix: put the cache where you may write/)
})

t.test('blobs on a file system of their own', { skip }, async t => {
  const { cache, mirror } = await lay(t)
  const { stdout, stderr } = within(cache, mirror, 'mkdir -m 700 -p "$1/blobs" && chmod 700 "$1" && mount -t tmpfs -o size=64m,mode=700 tmpfs "$1/blobs" && fetch "$1" "$2"; find "$1/blobs" "$1/partial" -type f | wc -l')
  t.match(stdout, /^\/.*\/rootfs\nstatus 0\n1\n$/)
  t.notMatch(stderr, /EXDEV/)
})
