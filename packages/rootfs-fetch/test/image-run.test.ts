// Images that other tools made, umoci and skopeo: their tree is the one that umoci unpacks, and their own command runs in it.
import { spawnSync } from 'node:child_process'
import { chmodSync, chownSync, copyFileSync, linkSync, lstatSync, mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { userOf, withImage } from '../src/image-process.ts'
import { differences } from '../src/tree-compare.ts'
import { fetchRootfs } from '../src/index.ts'
import { fetchSync } from './fixtures/run.ts'
import { isRoot, put, scratch } from './fixtures/scratch.ts'

const has = (program: string) => spawnSync(program, ['--version']).status === 0
const busybox = ['/bin/busybox', '/usr/bin/busybox'].find(path => spawnSync(path, ['true']).status === 0 && spawnSync('ldd', [path]).status !== 0)
const lacking = [...(has('umoci') ? [] : ['umoci']), ...(has('skopeo') ? [] : ['skopeo']), ...(busybox === undefined ? ['busybox-static'] : [])]
const skip = lacking.length > 0 ? `apt-get install ${lacking.join(' ')}` : isRoot ? false : 'umoci unpacks owners as root'

t.test('users of an image', async t => {
  const accounts = {
    passwd: ['root:x:0:0::/root:/bin/sh', 'web:x:33:34::/srv:', 'odd:x:x:1::', '7:x:8:9::/seven:', ''].map(line => line.split(':')),
    group: ['wheel:x:10:root,web', 'web:x:34:web', 'log:x:11:web'].map(line => line.split(':')),
  }
  const cases: [string, object][] = [
    ['web', { uid: 33, gid: 34, additionalGids: [34, 10, 11], home: '/srv' }], ['33', { uid: 33, gid: 34, additionalGids: [34, 10, 11] }], ['web:log', { uid: 33, gid: 11, additionalGids: [11] }],
    ['1000', { uid: 1000, gid: 0, additionalGids: [0], home: undefined }], ['1000:1001', { uid: 1000, gid: 1001 }], ['7', { uid: 8, gid: 9 }], ['0:wheel', { uid: 0, gid: 10 }], ['web:', { uid: 33, gid: 34 }],
  ]
  for (const [word, expected] of cases) t.match(userOf(word, accounts), expected, word)
  for (const word of ['none', 'web:none', 'odd', ':1', '-1', '4294967295', '1e3', '0x10']) t.throws(() => userOf(word, accounts), { code: 'E_IMAGE' }, word)
})

t.test('what a config says already stays', async t => {
  const folder = scratch(t)
  put(join(folder, 'etc/passwd'), 'web:x:33:34::/srv:\n')
  const image = { entrypoint: ['/e'], cmd: ['c'], env: ['A=1', 'PATH=/p', 'B=2'], user: 'web', workdir: 'w' }
  const config = { ociVersion: '1.2.0' }
  t.strictSame(withImage(config, image, folder), { ...config, process: { env: ['PATH=/p', 'HOME=/srv', 'A=1', 'B=2'], args: ['/e', 'c'], cwd: '/w', user: { uid: 33, gid: 34, additionalGids: [34] } } })
  const said = { args: ['mine'], cwd: '/', env: ['B=3'], user: { uid: 5, gid: 6 }, more: 1 }
  t.strictSame(withImage({ ...config, process: said }, image, folder).process, { ...said, env: ['PATH=/p', 'HOME=/', 'A=1', 'B=3'] })
  t.strictSame(withImage(config, {}, folder).process, { env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'HOME=/root'] }, 'an image that says nothing')
  // passwd leads out of the tree.
  const secret = join(scratch(t), 'passwd')
  put(secret, 'web:x:1:1::/:\n')
  rmSync(join(folder, 'etc/passwd'))
  symlinkSync(secret, join(folder, 'etc/passwd'))
  t.throws(() => withImage(config, image, folder), { code: 'E_IMAGE', message: /user 'web'/ })
})

/** Runs a tool of others; its words are in the failure. */
function must(t: Test, words: readonly string[], cwd: string): void {
  const [program = '', ...args] = words
  const { status, stderr } = spawnSync(program, args, { cwd, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${words.join(' ')}: ${stderr}`)
  t.pass(words.join(' '))
}

t.test('three layers of umoci, in every form of skopeo', { skip }, async t => {
  const folder = scratch(t)
  const run = (...words: string[]) => must(t, words, folder)
  const at = (path: string) => join(folder, 'bundle/rootfs', path)
  const layer = (from: string, to: string, change: () => void) => {
    run('umoci', 'unpack', '--image', `layout:${from}`, 'bundle')
    change()
    run('umoci', 'repack', '--image', `layout:${to}`, 'bundle')
    rmSync(join(folder, 'bundle'), { recursive: true })
  }
  run('umoci', 'init', '--layout', 'layout')
  run('umoci', 'new', '--image', 'layout:0')
  layer('0', '1', () => {
    for (const path of ['bin', 'etc', 'proc', 'sys', 'dev', 'tmp', 'lib/old/deep', 'srv', 'keep']) mkdirSync(at(path), { recursive: true })
    copyFileSync(busybox ?? '', at('bin/busybox'))
    chmodSync(at('bin/busybox'), 0o755)
    for (const name of ['sh', 'cat', 'id', 'pwd', 'env', 'ls']) symlinkSync('busybox', at(`bin/${name}`))
    put(at('etc/os-release'), 'ID=layered\nPRETTY_NAME="Three layers"\n')
    put(at('etc/passwd'), 'root:x:0:0::/root:/bin/sh\nweb:x:33:34::/srv:/bin/sh\n')
    put(at('etc/group'), 'root:x:0:\nweb:x:34:\nlog:x:40:web\n')
    put(at('lib/old/deep/file'), 'gone')
    put(at('etc/gone'), 'gone')
    put(at('keep/linked'), 'linked')
    chmodSync(at('tmp'), 0o1777)
  })
  layer('1', '2', () => {
    rmSync(at('etc/gone'))
    rmSync(at('lib/old'), { recursive: true })
    // A link of a lower layer's file, and set-id bits with an owner.
    linkSync(at('keep/linked'), at('srv/hard'))
    put(at('srv/setid'), 'x')
    chownSync(at('srv/setid'), 33, 34)
    chmodSync(at('srv/setid'), 0o6755)
    utimesSync(at('srv/setid'), 1_000_000_000, 1_000_000_000)
  })
  layer('2', '3', () => {
    // A directory in the place of another, a file in the place of a directory, a link in the place of a file.
    rmSync(at('keep'), { recursive: true })
    mkdirSync(at('keep'))
    put(at('keep/new'), 'new')
    mkdirSync(at('lib/old'))
    put(at('lib/old/again'), 'again')
    rmSync(at('srv/hard'))
    symlinkSync('/etc/os-release', at('srv/hard'))
  })
  run('umoci', 'config', '--image', 'layout:3', '--config.cmd', 'id; pwd; echo $GREETING $HOME; cat /etc/os-release', '--config.entrypoint', '/bin/sh', '--config.entrypoint', '-c', '--config.user', 'web', '--config.workingdir', '/srv', '--config.env', 'GREETING=hello')
  run('umoci', 'unpack', '--image', 'layout:3', 'golden')
  run('skopeo', 'copy', '-q', 'oci:layout:3', 'oci-archive:o.tar:3')
  run('skopeo', 'copy', '-q', 'oci:layout:3', 'docker-archive:d.tar:some/name:3')
  run('skopeo', 'copy', '-q', '--dest-compress-format=zstd', '--dest-compress', 'oci:layout:3', 'oci:zstd:3')
  const cache = join(folder, 'cache')
  const trees: string[] = []
  for (const source of ['oci:layout:3', 'oci-archive:o.tar', 'docker-archive:d.tar:some/name:3', 'oci:zstd:3']) {
    const word = source.replace(/:(?=[a-z])/, `:${folder}/`)
    const { path, digests, report, config } = await fetchRootfs(word, { cache: join(folder, `cache-${trees.length}`) })
    t.equal(digests.length, 3, source)
    t.ok((report.whiteouts ?? 0) >= 3)
    t.match(config, { user: 'web', workdir: '/srv', entrypoint: ['/bin/sh', '-c'] })
    t.strictSame(differences(join(folder, 'golden/rootfs'), path), [], `${source} is as umoci unpacks it`)
    trees.push(path)
  }
  t.equal(lstatSync(join(trees[0] ?? '', 'srv/setid')).mode & 0o7777, 0o6755)
  t.strictSame(readdirSync(join(trees[0] ?? '', 'keep')), ['new'])
  // A compare that sees nothing would pass too.
  chmodSync(join(trees[1] ?? '', 'etc/group'), 0o600)
  t.strictSame(differences(join(folder, 'golden/rootfs'), trees[1] ?? ''), ['etc/group: mode'])

  const srcon = join(import.meta.dirname, '../../srcon/src/cli.ts')
  const contain = (config: string, ...words: string[]) => spawnSync(process.execPath, ['--conditions=@srcon/source', srcon, 'run', ...words], { encoding: 'utf8', input: config, env: { PATH: '/usr/bin:/bin' } })
  const { stdout: config } = fetchSync([`oci:${folder}/layout:3`, '--config', 'new', '--quiet'], { cache })
  t.match(JSON.parse(config), { process: { cwd: '/srv', user: { uid: 33, gid: 34, additionalGids: [34, 40] } } })
  const own = contain(config)
  t.equal(own.stdout, 'uid=33(web) gid=34(web) groups=34(web),40(log)\n/srv\nhello /srv\nID=layered\nPRETTY_NAME="Three layers"\n', own.stderr)
  const other = contain(config, '--', 'cat', '/etc/os-release')
  t.equal(other.stdout, 'ID=layered\nPRETTY_NAME="Three layers"\n', `a command of one's own takes the place of the image's, entrypoint too: ${other.stderr}`)
})

t.test('the README\'s lines, as they stand', { skip: busybox === undefined ? 'apt-get install busybox-static' : isRoot ? false : 'a container of root\'s own tree' }, async t => {
  const [, block = ''] = /## Images on disk[^`]*```sh\n([^]*?)```/.exec(readFileSync(join(import.meta.dirname, '../README.md'), 'utf8')) ?? []
  const lines = block.split('\n').filter(line => line !== '' && !line.startsWith('#'))
  t.equal(lines.length, 6)
  const folder = scratch(t)
  const tree = join(folder, 'tree')
  for (const path of ['bin', 'dev', 'proc', 'sys', 'tmp', 'srv']) mkdirSync(join(tree, path), { recursive: true })
  copyFileSync(busybox ?? '', join(tree, 'bin/busybox'))
  chmodSync(join(tree, 'bin/busybox'), 0o755)
  for (const name of ['sh', 'cat', 'id', 'pwd']) symlinkSync('busybox', join(tree, 'bin', name))
  put(join(tree, 'etc/os-release'), 'ID=readme\n')
  put(join(tree, 'etc/passwd'), 'web:x:33:34::/srv:/bin/sh\n')
  put(join(tree, 'etc/group'), 'web:x:34:\n')
  for (const name of ['rootfs-fetch', 'srcon']) {
    put(join(folder, name), `#!/bin/sh\nexec '${process.execPath}' --conditions=@srcon/source '${join(import.meta.dirname, `../../${name}/src/cli.ts`)}' "$@"\n`)
    chmodSync(join(folder, name), 0o755)
  }
  const outputs = lines.map(line => {
    const { status, stdout, stderr } = spawnSync('sh', ['-c', line], { encoding: 'utf8', cwd: folder, env: { PATH: `${folder}:/usr/bin:/bin`, SRCON_CACHE: join(folder, 'cache') } })
    t.equal(status, 0, `${line} ${stderr}`)
    return stdout
  })
  t.match(outputs[0], /^sha256:[0-9a-f]{64} {2}oci:layout:v1\n$/)
  t.match(outputs[1], /layout:v1 +v1 /)
  t.equal(outputs[2], 'uid=33(web) gid=34(web) groups=34(web)\n/srv\n')
  t.equal(outputs[3], 'ID=readme\n')
  t.match(outputs[5], /^\/.*\/rootfs\n$/)
  t.strictSame(differences(tree, (outputs[5] ?? '').trimEnd()), [])
})
