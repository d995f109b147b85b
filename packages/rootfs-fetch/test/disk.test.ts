// Disks that are full, read-only, or two: in a mount namespace of their own, gone with the shell.
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { archiveOf, isRoot, layMirror, scratch } from './fixtures/scratch.ts'

const cli = join(import.meta.dirname, '../src/cli.ts')
const skip = isRoot ? false : 'needs root, for a mount'

/** Runs a script with `$1` the cache, `$2` the mirror, and `fetch` the tool. */
function within(cache: string, mirror: string, script: string) {
  const tool = `fetch() { SRCON_CACHE="$1" SRCON_ALPINE_MIRROR="$2" '${process.execPath}' --conditions=@srcon/source '${cli}' alpine:3.22; echo "status $?"; }; mkdir -p "$1"; `
  return spawnSync('unshare', ['--mount', 'sh', '-c', tool + script, 'sh', cache, mirror], { encoding: 'utf8', cwd: '/' })
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

t.test('full of inodes when it is put in its place', { skip }, async t => {
  const { cache, mirror } = await lay(t)
  const { stdout, stderr } = within(cache, mirror, 'mount -t tmpfs -o size=64m,nr_inodes=16,mode=700 tmpfs "$1" && fetch "$1" "$2"; find "$1/trees" "$1/tmp" -mindepth 1 | wc -l')
  t.match(stderr, /ENOSPC/)
  t.match(stderr, /fix: make room/)
  t.match(stdout, /^status 125\n0\n$/)
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
