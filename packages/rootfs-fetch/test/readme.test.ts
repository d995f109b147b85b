// The examples of the README, run as they stand.
import { chmodSync, lstatSync, readFileSync, writeFileSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import t from 'tap'
import { debOf, layDebian, noMirror, signRelease } from './fixtures/debian-mirror.ts'
import { makeKey } from './fixtures/keys.ts'
import { isRoot, layFlat, layMirror, put, scratch, smallRoot } from './fixtures/scratch.ts'

const readme = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8')

/** The commands below a heading. */
function linesOf(heading: string): string[] {
  const [, block = ''] = new RegExp(`\n${heading}\n[^]*?\`\`\`sh\n([^]*?)\`\`\``).exec(readme) ?? []
  return block.split('\n').filter(line => line !== '' && !line.startsWith('#'))
}

/** `rootfs-fetch` in a directory of PATH. */
function layTool(folder: string): void {
  const tool = join(folder, 'rootfs-fetch')
  writeFileSync(tool, `#!/bin/sh\nexec '${process.execPath}' --conditions=@srcon/source '${join(import.meta.dirname, '../src/cli.ts')}' "$@"\n`)
  chmodSync(tool, 0o755)
}

t.test('examples', async t => {
  const lines = linesOf('## Examples')
  t.equal(lines.length, 6)
  const folder = scratch(t)
  const bytes = await smallRoot(folder)
  put(join(folder, 'rootfs.tar.gz'), bytes)
  layFlat(join(folder, 'downloads'), { '3.20.3': bytes })
  const mirror = layMirror(join(folder, 'mirror'), 'v3.20', { '3.20.3': bytes })
  layTool(folder)
  const env = { PATH: `${folder}:/usr/bin:/bin`, SRCON_CACHE: join(folder, 'cache'), SRCON_ALPINE_MIRROR: mirror }
  const outputs = lines.map(line => {
    const { status, stdout } = spawnSync('sh', ['-c', line], { encoding: 'utf8', cwd: folder, env })
    t.equal(status, 0, line)
    return stdout
  })
  const [path = '', ...others] = outputs
  t.match(path, /^\/.*\/rootfs\n$/)
  t.strictSame(others.slice(0, 2), [path, path])
  t.match(JSON.parse(others[2] ?? ''), { path: path.trimEnd(), version: '3.20.3' })
  t.match(JSON.parse(others[3] ?? ''), { root: { path: path.trimEnd() } })
  t.equal(others[4], `${join(folder, 'root')}\n`)
  t.equal(lstatSync(join(folder, 'root/bin/sh')).isSymbolicLink(), true)
})

t.test('what is on this host already', { skip: spawnSync('busybox').error ? 'there is no busybox here' : false }, async t => {
  const lines = linesOf('### What is on this host already')
  t.equal(lines.length, 3)
  const folder = scratch(t)
  put(join(folder, 'tree/etc/os-release'), 'ID=mine\n')
  layTool(folder)
  const [busybox = '', dir = '', host = ''] = lines.map(line => {
    const { status, stdout, stderr } = spawnSync('sh', ['-c', line], { encoding: 'utf8', cwd: folder, env: { PATH: `${folder}:/usr/bin:/bin`, SRCON_CACHE: join(folder, 'cache') } })
    t.equal(status, 0, `${line}: ${stderr}`)
    return stdout
  })
  t.match(busybox, /^\/.*\/rootfs\n$/)
  t.match(JSON.parse(dir), { path: join(folder, 'tree'), facts: { os: { id: 'mine' } } })
  t.match(JSON.parse(host), { root: { path: '/', readonly: true } })
})

const missing = noMirror('mmdebstrap', 'debootstrap')
t.test('Debian', { skip: missing !== false ? missing : isRoot ? false : 'needs root: debootstrap makes devices' }, async t => {
  const lines = linesOf('### Debian')
  t.equal(lines.length, 4)
  const folder = scratch(t)
  const mirror = join(folder, 'mirror')
  for (const name of ['ca-certificates', 'curl', 'build-essential']) debOf(join(mirror, 'pool'), name, {})
  layDebian(mirror, [{ suite: 'trixie', version: '13.1', alias: 'stable' }, { suite: 'stretch' }])
  const key = await makeKey(folder, { rsa: true })
  for (const suite of ['trixie', 'stretch']) await signRelease(mirror, suite, key)
  layTool(folder)
  const env = { PATH: `${folder}:/usr/sbin:/usr/bin:/sbin:/bin`, SRCON_CACHE: join(folder, 'cache'), SRCON_DEBIAN_MIRROR: mirror }
  // As they stand, but by the test's key.
  const [list = '', ...paths] = lines.map(line => {
    const { status, stdout, stderr } = spawnSync('sh', ['-c', `${line} --key ${key.file}`], { encoding: 'utf8', cwd: folder, env })
    t.equal(status, 0, `${line}: ${stderr}`)
    return stdout.trimEnd()
  })
  t.match(list, /debian:trixie +13\.1/)
  for (const path of paths) t.equal(readFileSync(join(path, 'etc/os-release'), 'utf8').split('\n')[0], 'ID=debian')
  t.match(readFileSync(join(paths[0] ?? '', 'var/lib/dpkg/status'), 'utf8'), /Package: curl/)
})
