// The examples of the README, run as they stand.
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import t from 'tap'
import { layFlat, layMirror, put, scratch, smallRoot } from './fixtures/scratch.ts'

t.test('examples', async t => {
  const readme = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8')
  const [, block = ''] = /## Examples[^`]*```sh\n([^]*?)```/.exec(readme) ?? []
  const lines = block.split('\n').filter(line => line !== '' && !line.startsWith('#'))
  t.equal(lines.length, 5)
  const folder = scratch(t)
  const bytes = await smallRoot(folder)
  put(join(folder, 'rootfs.tar.gz'), bytes)
  layFlat(join(folder, 'downloads'), { '3.20.3': bytes })
  const mirror = layMirror(join(folder, 'mirror'), 'v3.20', { '3.20.3': bytes })
  const tool = join(folder, 'rootfs-fetch')
  writeFileSync(tool, `#!/bin/sh\nexec '${process.execPath}' --conditions=@srcon/source '${join(import.meta.dirname, '../src/cli.ts')}' "$@"\n`)
  chmodSync(tool, 0o755)
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
})
