// seccomp-filter run --why: each refused call with its arguments and the line that refused it; the answer is the policy's own;
// a kill is a kill, also where SIGSYS would not end it.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { Refused } from '../src/why.ts'
import { explainCall } from '../src/index.ts'
import { inWords } from '../src/why.ts'
import { shell, tool, type Ended } from './fixtures/run.ts'

const POLICY = `{
  "defaultAction": "SCMP_ACT_ALLOW",
  "syscalls": [
    { "names": ["chmod", "fchmodat", "fchmodat2"], "action": "SCMP_ACT_ERRNO", "errnoRet": 13 },
    { "names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_KILL_PROCESS" },
    { "names": ["symlink", "symlinkat"], "action": "SCMP_ACT_LOG" },
    { "names": ["link", "linkat"], "action": "SCMP_ACT_TRACE" },
    { "names": ["uname"], "action": "SCMP_ACT_TRAP" }
  ]
}
`

t.test('what is refused is reported, and answered as the policy says', { timeout: 120_000 }, async t => {
  const dir = t.testdir({ 'policy.json': POLICY, file: '' })
  const why = (script: string, ...more: string[]): Ended => tool(['run', '--why', '-p', './policy.json', ...more, '--', 'sh', '-c', script], { cwd: dir })
  const plain = (script: string): Ended => tool(['-p', './policy.json', '--', 'sh', '-c', script], { cwd: dir })
  const refused = why('chmod 600 file; echo $?')
  t.match(refused.stderr, /^seccomp-filter: chmod \(\d+\): f?chmod\w*\(.*"file", mode=0x180\S*: errno EACCES: \.\/policy\.json:4$/m)
  t.equal(refused.stdout, plain('chmod 600 file; echo $?').stdout)
  t.match(refused.stderr, plain('chmod 600 file').stderr, 'the command hears the same')
  t.match(why('ln -s a link; readlink link'), { stdout: 'a\n', stderr: /symlink\w*\(.*: log: \.\/policy\.json:6/ })
  t.match(why('ln file other 2>/dev/null; echo $?'), { stdout: '1\n', stderr: /link\w*\(.*: trace 1: \.\/policy\.json:7/ })
  t.notOk(existsSync(join(dir, 'other')))
  t.match(why('uname; echo $?'), { stdout: '159\n', stderr: /uname\(.*: trap: \.\/policy\.json:8/ })
  t.match(why('true'), { status: 0, stdout: '', stderr: '' }, 'nothing is refused, nothing is said')
})

t.test('a kill ends it, and is named', async t => {
  const dir = t.testdir({ 'policy.json': POLICY })
  const run = (words: readonly string[]): Ended => tool(['run', '--why', '-p', './policy.json', ...words], { cwd: dir })
  const killed = run(['--', 'mkdir', 'made'])
  t.match(killed, { signal: 'SIGSYS', stderr: /: mkdir\(.*"made".*\): kill-process \(SIGSYS\): \.\/policy\.json:5\nseccomp-filter: the policy ended the command for mkdir, line 5\n$/ })
  const below = run(['--', 'sh', '-c', 'mkdir made; echo $?'])
  t.match(below, { status: 0, stdout: '159\n' }, 'a child')
  // One that ignores SIGSYS.
  const stubborn = run(['--', 'sh', '-c', 'trap "" SYS; exec mkdir made'])
  t.match(stubborn, { signal: 'SIGKILL', stderr: /kill-process \(SIGKILL\).*\n.*ended the command for mkdir/ })
  t.notOk(existsSync(join(dir, 'made')))
})

t.test('JSON lines, and a file', async t => {
  const dir = t.testdir({ 'policy.json': POLICY, file: '' })
  tool(['run', '--why', '--json', '--report', './report', '-p', './policy.json', '--', 'sh', '-c', 'chmod 600 file; chmod 600 file'], { cwd: dir })
  const lines = readFileSync(join(dir, 'report'), 'utf8').trim().split('\n').map(line => JSON.parse(line) as Refused & { policy: string })
  t.equal(lines.length, 2)
  for (const line of lines) {
    t.match(line, { policy: './policy.json', line: 4, action: 'errno EACCES', command: 'chmod' })
    t.ok(line.args.some(({ text }) => text === 'file'))
  }
  t.match(tool(['run', '--report', 'x', '--', 'true']), { status: 125, stderr: /--report is for --why/ })
})

t.test('a preset', async t => {
  const { stderr, status } = shell(`seccomp-filter run --why -- unshare --user true`)
  t.not(status, 0)
  t.match(stderr, /unshare\(.*CLONE_NEWUSER\): errno EPERM: default:\d+\n/)
  t.equal(/default:(\d+)/.exec(stderr)?.[1], String(explainCall('default', 'unshare', ['CLONE_NEWUSER']).line), 'the line that explain names')
})

t.test('without --why it is the tool itself', async t => {
  const dir = t.testdir({ 'policy.json': POLICY })
  t.match(tool(['run', '-p', './policy.json', '--', 'mkdir', 'made'], { cwd: dir }), { signal: 'SIGSYS', stderr: '' })
  t.match(JSON.parse(tool(['run', '--plan', '--', 'true']).stdout), { argv: ['true'] })
})

t.test('many refusals do not get lost', async t => {
  const dir = t.testdir({ 'policy.json': POLICY, file: '' })
  const python = '/usr/bin/python3'
  if (!existsSync(python)) return t.comment('no python3')
  const script = 'import os\nfor i in range(5000):\n try: os.chmod("file", 0o600)\n except PermissionError: pass'
  tool(['run', '--why', '--report', './report', '-p', './policy.json', '--', python, '-c', script], { cwd: dir })
  t.equal(readFileSync(join(dir, 'report'), 'utf8').trim().split('\n').length, 5000)
})

t.test('in words', async t => {
  const report = { call: 'unlink', number: 87, arch: 'x86_64', args: [{ name: 'pathname', value: '0x1', text: 'a\u001B[2J' }], pid: 7, tid: 7, command: 'x\ny', action: 'errno ENOSYS', line: 0 }
  t.equal(inWords(report, 'p.json'), String.raw`seccomp-filter: x\x0ay (7): unlink(pathname="a\\x1b[2J"): errno ENOSYS: p.json, its default`)
  t.match(inWords({ ...report, line: 3, file: 'base.policy' }, 'p.json'), /: base\.policy:3$/)
  t.match(inWords({ ...report, args: [{ name: 'flags', value: '0x10000011', means: 'CLONE_NEWUSER|0x11' }] }, 'p.json'), /\(flags=CLONE_NEWUSER\|0x11\)/)
})
