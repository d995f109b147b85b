// The whole way: words, plan, launcher, kernel. What the kernel says of the process afterwards.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { isRoot, outOfReach, shell, tool, toolAsNobody } from './fixtures/run.ts'
import { noChroot } from './fixtures/host.ts'

const status = ['grep', '-E', '^(NoNewPrivs|Seccomp|Seccomp_filters):', '/proc/self/status']
const field = (text: string, name: string): string | undefined => new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(text)?.[1]
const filters = Number(field(tool(['--profile', 'none', '--', ...status]).stdout, 'Seccomp_filters') ?? '0')

t.test('a filter is on the command, and no_new_privs', async t => {
  for (const profile of ['default', 'srcontainer']) {
    const { stdout, stderr, status: code } = tool(['--profile', profile, '--', ...status])
    t.equal(stderr, '')
    t.equal(code, 0)
    t.equal(field(stdout, 'Seccomp'), '2')
    t.equal(field(stdout, 'NoNewPrivs'), '1')
    t.equal(Number(field(stdout, 'Seccomp_filters')), filters + 1)
  }
})

t.test('none is none', async t => {
  t.equal(field(tool(['--profile', 'none', '--', ...status]).stdout, 'Seccomp'), field(shell(status.join(' ').replace(/\^.*:/, "'$&'")).stdout, 'Seccomp'))
})

t.test('default: what is refused is refused, and works where the wall is left out', { skip: isRoot ? false : 'the control needs root' }, async t => {
  const probes: readonly (readonly [probe: string, error: RegExp])[] = [
    ['unshare --user true', /Operation not permitted/],
    ['unshare --mount mount -t tmpfs none /mnt', /Operation not permitted/],
    [`python3 -c 'import socket; socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM)'`, /Address family not supported/],
  ]
  for (const [probe, error] of probes) {
    if (shell(probe).status !== 0) {
      t.comment(`left out, it does not work here at all: ${probe}`)
      continue
    }
    const walled = shell(`seccomp-filter -- ${probe}`)
    t.not(walled.status, 0, probe)
    t.match(walled.stderr, error)
    t.equal(shell(`seccomp-filter --profile none -- ${probe}`).status, 0, 'the control')
  }
})

t.test('default: ordinary programs run', async t => {
  const line = String.raw`seccomp-filter -- sh -c '(sleep 0 & wait); ls / >/dev/null; printf %s "$(echo nested)"; cat /proc/self/comm >/dev/null'`
  t.strictSame(shell(line), { status: 0, signal: null, stdout: 'nested', stderr: '' })
  const threads = 'new (require("node:worker_threads").Worker)("0", { eval: true }).on("exit", code => process.exit(code + 3))'
  t.equal(tool(['--', process.execPath, '-e', threads]).status, 3, 'Node and its threads')
})

t.test('srcontainer: set-user-ID bits', async t => {
  const dir = t.testdir({ file: '' })
  const chmod = (mode: string): string => `chmod ${mode} ${join(dir, 'file')}`
  t.equal(shell(`seccomp-filter -p srcontainer -- ${chmod('0640')}`).status, 0)
  t.match(shell(`seccomp-filter -p srcontainer -- python3 -c 'import os; os.chmod("${join(dir, 'file')}", 0o4755)'`).stderr, /Operation not permitted/)
  t.equal(shell(`seccomp-filter -p none -- python3 -c 'import os; os.chmod("${join(dir, 'file')}", 0o4755)'`).status, 0, 'the control')
})

t.test('a policy of one\'s own, and two filters', async t => {
  const dir = t.testdir({ 'policy.json': JSON.stringify({ ...noChroot, syscalls: [{ names: ['uname'], action: 'SCMP_ACT_ERRNO', errnoRet: 2 }] }) })
  const { stderr, status: code } = shell('seccomp-filter --profile ./policy.json -- uname', dir)
  t.not(code, 0)
  t.match(stderr, /No such file or directory/, 'the error number of the policy')
  const both = shell(`seccomp-filter -p ./policy.json -- seccomp-filter -p srcontainer -- ${status.map(word => `'${word}'`).join(' ')}`, dir)
  t.ok(Number(field(both.stdout, 'Seccomp_filters')) >= filters + 1, both.stderr)
})

t.test('a killing policy ends the command by SIGSYS', async t => {
  const dir = t.testdir({ 'kill.json': JSON.stringify({ ...noChroot, syscalls: [{ names: ['uname'], action: 'SCMP_ACT_KILL_PROCESS' }] }) })
  t.match(tool(['--profile', './kill.json', '--', 'uname'], { cwd: dir }), { signal: 'SIGSYS' })
})

t.test('without no_new_privs: root may', { skip: isRoot ? false : 'not root' }, async t => {
  const { stdout } = tool(['--no-no-new-privs', '--', ...status])
  t.equal(field(stdout, 'NoNewPrivs'), '0')
  t.equal(field(stdout, 'Seccomp'), '2')
})

t.test('without no_new_privs: others get an explanation', { skip: outOfReach() }, async t => {
  const refused = toolAsNobody(['--no-no-new-privs', '--', 'true'])
  t.equal(refused.status, 125)
  t.match(refused.stderr, /^seccomp-filter: cannot load the filter default: EACCES \(seccomp\)\n {2}why: without no_new_privs only a process with CAP_SYS_ADMIN .*, and this process has not got it\n {2}fix: leave --no-no-new-privs out/)
  t.equal(field(toolAsNobody(['--', ...status]).stdout, 'Seccomp'), '2', 'with it, everybody may')
})

t.test('a mistake is one line, and nothing is run', async t => {
  const touched = join(t.testdir({}), 'touched')
  const { status: code, stderr } = tool(['--profile', './nowhere.json', '--', 'touch', touched])
  t.equal(code, 125)
  t.match(stderr, /^seccomp-filter: cannot read the policy \.\/nowhere\.json: ENOENT \(open\)\n/)
  t.notOk(existsSync(touched))
})
