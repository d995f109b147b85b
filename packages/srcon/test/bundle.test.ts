// A bundle of ours, run by the real runc: it reads the same config and makes the same container.
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { lostIn, withoutOurs } from '../src/lossy.ts'
import { noLauncher, notRoot, srcon } from './fixtures/run.ts'

const hasRunc = spawnSync('runc', ['--version']).status === 0
const data = process.env['SRCON_TEST_DATA']
const archives = data === undefined || !existsSync(join(data, 'alpine')) ? [] : readdirSync(join(data, 'alpine')).filter(name => name.endsWith('.tar.gz'))

t.test('runc runs it', { skip: notRoot || (hasRunc ? false : 'runc is not installed') || (archives.length > 0 ? false : 'no test data') }, async t => {
  const folder = t.testdir({})
  for (const [i, archive] of archives.entries()) {
    const root = join(folder, `root-${i}`)
    mkdirSync(root)
    t.equal(spawnSync('tar', ['-xzf', join(data ?? '', 'alpine', archive), '-C', root]).status, 0)
    // The archive may say 0700 of its top.
    for (const each of [folder, root]) chmodSync(each, 0o755)
    const bundle = join(folder, `bundle-${i}`)
    const look = 'hostname; cat /proc/self/uid_map; grep -E "^(Uid|Cap|NoNewPrivs|Seccomp):?" /proc/self/status; cat /etc/alpine-release; test -e /etc/shadow && ! cat /etc/shadow'
    const options = ['--root', root, '--hostname', 'box', '--memory', '64M']
    const made = srcon(['bundle', '-n', ...options, bundle, '--', 'sh', '-c', look])
    t.equal(made.status, 0, made.stderr)
    const id = `srcon-test-${process.pid}-${i}`
    const { status, stdout, stderr } = spawnSync('runc', ['run', '--bundle', bundle, id], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
    t.equal(status, 0, stderr)
    const ours = srcon(['run', '-n', ...options, '--', 'sh', '-c', look])
    const filters = /^Seccomp_filters.*\n/gm
    t.equal(stdout.replaceAll(filters, ''), ours.stdout.replaceAll(filters, ''), `${archive}: as ours`)
    t.match(stdout, /^box\n/)
    t.notMatch(spawnSync('runc', ['list', '-q'], { encoding: 'utf8' }).stdout, id, 'it is gone')
  }
})

t.test('what a runtime would leave out', { skip: noLauncher }, async t => {
  const folder = t.testdir({ root: {}, full: { file: '' } })
  const root = ['--root', join(folder, 'root')]
  t.match(srcon(['bundle', '-n', join(folder, 'a'), '--', 'sh']), { status: 125, stderr: /would leave out: what the whole tree of the root is made/ })
  t.match(srcon(['bundle', '-n', ...root, '--timeout', '5s', join(folder, 'b')]), { status: 125, stderr: /would leave out: the time limit\n.*\n {2}fix: .*--lossy/ })
  t.equal(existsSync(join(folder, 'b')), false)
  const lossy = srcon(['bundle', '-n', ...root, '--timeout', '5s', '--lossy', '--json', join(folder, 'b')])
  t.match(JSON.parse(lossy.stdout), { lost: ['dev.srcon.srcon.timeout-ms'] })
  t.match(srcon(['bundle', '-n', ...root, join(folder, 'full')]), { status: 125, stderr: /is not empty/ })
  t.match(srcon(['bundle', join(folder, 'c')], { input: '{"ociVersion":"1.2.0"}' }), { status: 125, stderr: /no root/ })
})

t.test('annotations', async t => {
  const annotations = { 'org.example': 'kept', 'dev.srcon.caps.groups': '"keep"', 'dev.srcon.new-tool.thing': '1' }
  t.strictSame(lostIn({ ociVersion: '1.2.0', annotations }), [{ annotation: 'dev.srcon.new-tool.thing', says: 'dev.srcon.new-tool.thing' }], 'an unknown one counts as a wall')
  t.strictSame(withoutOurs({ ociVersion: '1.2.0', annotations }), { ociVersion: '1.2.0', annotations: { 'org.example': 'kept' } })
})
