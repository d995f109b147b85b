// `pack` into images: the same bytes every time, read by umoci, skopeo and by ourselves.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { fetchRootfs, packImageArchive, packLayout } from '../src/index.ts'
import { imageTarget } from '../src/pack-image.ts'
import { differences } from '../src/tree-compare.ts'
import { fetchSync } from './fixtures/run.ts'
import { put, scratch } from './fixtures/scratch.ts'

const has = (program: string) => spawnSync(program, ['--version']).status === 0
const config = { cmd: ['sh', '-c', 'id'], env: ['A=1'], user: 'web', workdir: '/srv' }

t.test('targets', async t => {
  t.strictSame(imageTarget('oci:a/b'), { form: 'oci', path: 'a/b', tag: undefined })
  t.strictSame(imageTarget('oci-archive:a:b/c.tar:1.0'), { form: 'oci-archive', path: 'a:b/c.tar', tag: '1.0' })
  t.equal(imageTarget('a.tar'), undefined)
  for (const word of ['oci:', 'oci::x', 'oci:a:', 'oci:a:-x', 'oci:a:ü']) t.throws(() => imageTarget(word), { code: 'E_USAGE' }, word)
})

t.test('the same bytes, and the same tree', async t => {
  const folder = scratch(t, true)
  const tree = join(folder, 'tree')
  put(join(tree, 'etc/motd'), 'welcome')
  utimesSync(join(tree, 'etc/motd'), 2e9, 2e9)
  const options = { latest: 1e9, config, arch: 'x86_64', tag: 'one' }
  const before = process.umask(0o077)
  t.teardown(() => process.umask(before))
  const first = await packImageArchive(tree, join(folder, 'a.tar'), options)
  process.umask(before)
  t.strictSame((await packImageArchive(tree, join(folder, 'b.tar'), options)).digest, first.digest)
  t.ok(readFileSync(join(folder, 'a.tar')).equals(readFileSync(join(folder, 'b.tar'))), 'whatever the umask')
  t.strictSame(readdirSync(folder).sort(), ['a.tar', 'b.tar', 'tree'], 'nothing is left')
  const layout = join(folder, 'layout')
  const one = await packLayout(tree, layout, options)
  t.equal(one.digest, first.digest)
  put(join(tree, 'etc/more'), 'more')
  const two = await packLayout(tree, layout, { ...options, tag: 'two', compression: 'zstd' })
  const again = await packLayout(tree, layout, { ...options, compression: 'none' })
  const index = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8')) as { manifests: { digest: string; annotations: object }[] }
  t.match(index.manifests, [{ digest: two.digest, annotations: { 'org.opencontainers.image.ref.name': 'two' } }, { digest: again.digest, annotations: { 'org.opencontainers.image.ref.name': 'one' } }])
  t.strictSame(readdirSync(join(layout, 'blobs/sha256')).filter(name => name.includes('part')), [])
  put(join(folder, 'other/file'), '')
  await t.rejects(packLayout(tree, join(folder, 'other'), options), { code: 'E_REFUSED' })
  t.notOk(existsSync(join(folder, 'other/oci-layout')))
  put(join(folder, 'marked/a/.wh.name'), 'a file whose name is a whiteout\'s')
  await t.rejects(packLayout(join(folder, 'marked'), layout, options), { code: 'E_UNSUPPORTED', message: /a\/\.wh\.name/ })
  await t.rejects(packLayout(join(folder, 'none'), layout, options), { code: 'ENOENT' })
  t.strictSame(JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8')), index, 'a failure changes nothing')
  await t.rejects(packLayout(tree, layout, { ...options, arch: 'none' }), { code: 'E_USAGE' })
})

t.test('read back', async t => {
  const folder = scratch(t, true)
  const tree = join(folder, 'tree')
  put(join(tree, 'etc/passwd'), 'web:x:33:34::/srv:/bin/sh\n')
  put(join(tree, 'srv/file'), 'x')
  for (const name of ['etc', 'srv']) utimesSync(join(tree, name), 1e9, 1e9)
  const how = { cache: join(folder, 'cache'), cwd: folder }
  const words = ['--cmd', 'sh', '--cmd=-c', '--cmd', 'id', '-e', 'A=1', '-e', 'B=2', '-u', 'web', '-w', '/srv']
  const { status, stdout, stderr } = fetchSync(['pack', 'tree', '-o', 'oci:layout:v1', ...words], how)
  t.equal(status, 0, stderr)
  t.match(stdout, /^sha256:[0-9a-f]{64} {2}oci:layout:v1\n$/)
  t.match(fetchSync(['pack', 'tree', '-o', 'oci-archive:i.tar', '--json', '--compress', 'zstd'], how), { status: 0, stdout: /"source": "oci-archive:i\.tar:latest"/ })
  const found = await fetchRootfs(`oci:${folder}/layout:v1`, { cache: how.cache })
  t.match(found, { config: { cmd: ['sh', '-c', 'id'], env: ['A=1', 'B=2'], user: 'web', workdir: '/srv' }, digests: [/^sha256:/] })
  t.strictSame(differences(tree, found.path), [])
  t.strictSame(differences(tree, (await fetchRootfs(`oci-archive:${folder}/i.tar:latest`, { cache: how.cache })).path), [])
  for (const [refused, message] of [
    [['-o', 'x.tar', '--cmd', 'x'], /--cmd is of an image/], [['-o', 'oci:l', '--env', 'x'], /no NAME=VALUE/], [['-o', 'oci:l', '--workdir', 'x'], /not absolute/], [['-o', 'oci:l:x y'], /says no place/],
  ] as const) t.match(fetchSync(['pack', 'tree', ...refused], how), { status: 125, stderr: message })
  writeFileSync(join(folder, 'file'), '')
  t.match(fetchSync(['pack', 'tree', '-o', 'oci:file:x'], how), { status: 125, stderr: /cannot write the layout file: E/ })

  await t.test('by others', { skip: has('umoci') && has('skopeo') ? false : 'apt-get install umoci skopeo' }, async t => {
    const out = (program: string, ...args: string[]) => {
      const done = spawnSync(program, args, { cwd: folder, encoding: 'utf8' })
      t.equal(done.status, 0, done.stderr)
      return done.stdout
    }
    t.equal(out('umoci', 'ls', '--layout', 'layout'), 'v1\n')
    out('umoci', 'unpack', ...(process.getuid?.() === 0 ? [] : ['--rootless']), '--image', 'layout:v1', 'bundle')
    t.strictSame(differences(tree, join(folder, 'bundle/rootfs')), [])
    t.match(JSON.parse(out('skopeo', 'inspect', '--config', 'oci:layout:v1')), { config: { Cmd: ['sh', '-c', 'id'], User: 'web', Env: ['A=1', 'B=2'] }, os: 'linux' })
    out('skopeo', 'copy', '-q', 'oci:layout:v1', 'docker-archive:d.tar:x/y:1')
    t.strictSame(differences(tree, (await fetchRootfs(`docker-archive:${folder}/d.tar`, { cache: how.cache })).path), [], 'there and back')
  })
})
