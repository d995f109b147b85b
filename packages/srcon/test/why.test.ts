// srcon run --why: what the policy of a container refuses is reported, and the verdict names the call that ended the command.
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'

const cli = join(import.meta.dirname, '../src/cli.ts')
const srcon = (...words: string[]) => spawnSync(process.execPath, ['--conditions=@srcon/source', '--no-warnings', cli, ...words], { encoding: 'utf8', env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' }, stdio: ['ignore', 'pipe', 'pipe'] })

t.test('reports and verdict', async t => {
  const dir = t.testdir({})
  const policy = join(dir, 'kill.json')
  writeFileSync(policy, JSON.stringify({ defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ names: ['uname'], action: 'SCMP_ACT_KILL_PROCESS' }, { names: ['getpriority'], action: 'SCMP_ACT_ERRNO', errnoRet: 1 }] }))
  const plain = srcon('run', '-n', '--profile', policy, '--', 'true')
  if (plain.status !== 0) return t.comment(`no container here: ${plain.stderr}`)
  const file = join(dir, 'verdict.json')
  const { stderr, signal, status } = srcon('run', '-n', '--why', '--verdict', file, '--profile', policy, '--', 'sh', '-c', 'nice; exec uname')
  t.match(stderr, /nice \(\d+\): getpriority\(.*: errno EPERM/)
  t.match(stderr, /: uname\(.*: kill-process \(SIG(SYS|KILL)\)/)
  t.match(stderr, /the policy ended the command for uname/)
  t.ok(signal !== null || (status ?? 0) > 128)
  t.match(JSON.parse(readFileSync(file, 'utf8')), { ok: false, reason: 'seccomp', syscallName: 'uname', syscall: Number })
})

t.test('without --why the kernel\'s log is asked', async t => {
  const log = spawnSync('dmesg', { encoding: 'utf8' })
  if (log.status !== 0 || log.stdout === '') return t.comment(`the log cannot be read here: ${log.stderr}`)
  const dir = t.testdir({ 'kill.policy': 'default allow\nuname: kill-process\n' })
  const file = join(dir, 'verdict.json')
  const ended = srcon('run', '-n', '--verdict', file, '--profile', join(dir, 'kill.policy'), '--', 'sh', '-c', 'exec uname')
  const verdict = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>
  t.equal(ended.signal, 'SIGSYS', ended.stderr)
  t.match(verdict, { ok: false, reason: 'seccomp' })
  // Where an audit daemon runs the record goes to it.
  if (/type=1326/.test(spawnSync('dmesg', { encoding: 'utf8' }).stdout)) t.match(verdict, { syscallName: 'uname', syscall: Number, syscallArch: String })
  t.equal(srcon('run', '-n', '--verdict', file, '--profile', join(dir, 'kill.policy'), '--', 'sh', '-c', 'kill -SYS $$').status ?? 159, 159)
  t.notOk('syscall' in (JSON.parse(readFileSync(file, 'utf8')) as object), 'a signal from elsewhere is no call')
})
