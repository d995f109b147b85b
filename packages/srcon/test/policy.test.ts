// srcon run --profile: presets and files of the terse form, as a container has them, beside a control where the wall is open.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import t from 'tap'

const cli = join(import.meta.dirname, '../src/cli.ts')
const run = (cwd: string, ...words: string[]) => {
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--conditions=@srcon/source', '--no-warnings', cli, 'run', '-n', ...words], { cwd, encoding: 'utf8', env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' }, stdio: ['ignore', 'pipe', 'pipe'] })
  return { stdout, stderr, status }
}
const plain = run('/', '--', 'true')
const skip = plain.status === 0 ? false : `no container here: ${plain.stderr}`

t.test('strict: it computes, and starts nothing beside itself', { skip, timeout: 120_000 }, async t => {
  const script = 'echo $((6 * 7)); /bin/true && echo started'
  t.match(run('/', '--profile', 'strict', '--', 'sh', '-c', script), { stdout: '42\n', stderr: /fork/i })
  t.match(run('/', '--', 'sh', '-c', script), { stdout: '42\nstarted\n', stderr: '' }, 'the control')
})

t.test('srcontainer-hardened: everything but its walls', { skip, timeout: 120_000 }, async t => {
  const script = 'unshare --user true; echo $?; uname'
  t.match(run('/', '--profile', 'srcontainer-hardened', '--', 'sh', '-c', script), { status: 0, stdout: '1\nLinux\n', stderr: /Operation not permitted/ })
  t.match(run('/', '--profile', 'none', '--', 'sh', '-c', script), { status: 0, stdout: '0\nLinux\n' }, 'the control')
})

t.test('a file of the terse form that extends another', { skip, timeout: 120_000 }, async t => {
  const dir = t.testdir({ 'own.policy': 'extends ./below/below.policy\nuname: errno ENOENT\n', below: { 'below.policy': 'extends default\nsysinfo: errno ENXIO\n' } })
  t.match(run(dir, '--profile', './own.policy', '--', 'uname'), { status: 1, stderr: /No such file or directory/ })
  t.match(run(dir, '--profile', './below/below.policy', '--', 'uname'), { status: 0, stdout: 'Linux\n' }, 'the control')
  const { stderr, status } = run(dir, '--why', '--profile', './own.policy', '--', 'sh', '-c', 'uname; exit 3')
  t.equal(status, 3)
  t.match(stderr, /^seccomp-filter: uname \(\d+\): uname\(.*\): errno ENOENT: /m)
  t.match(run(dir, '--profile', './nowhere.policy', '--', 'true'), { status: 125, stderr: /nowhere\.policy: ENOENT/ })
})
