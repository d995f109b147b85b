// `srcon run` as a user meets it: where its config comes from, what the command gets, how it ends.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { Plan } from '@srcon/kit'
import { container } from '../src/index.ts'
import { noLauncher, notRoot, ORDINARY, script, srcon } from './fixtures/run.ts'

t.test('where the config comes from', { skip: noLauncher }, async t => {
  const file = join(t.testdir(), 'ran')
  const failed = script(`false | srcon run --share user --bind '${t.testdirName}:${t.testdirName}' -- touch '${file}'`)
  t.match(failed, { status: 125, stderr: /stdin is empty/ }, 'zero bytes from a pipe')
  t.equal(existsSync(file), false, 'nothing was run')
  t.match(srcon(['run', '-n', '--share', 'user', '--rbind', `${t.testdirName}:${t.testdirName}`, '--', 'touch', file]), { status: 0 }, 'with -n it is')
  t.equal(existsSync(file), true)
  t.match(srcon(['run', '--', 'hostname']), { status: 0, stdout: 'srcon\n' }, 'a character device: a new config')
  t.match(srcon(['run', '-n', '--', 'cat'], { input: 'data' }), { status: 0, stdout: 'data' }, '-n leaves stdin to the command')
  t.match(srcon(['run', '--config', '-', '-n', '--', 'true'], { input: '{}' }), { status: 125, stderr: /exclude each other/ })
})

t.test('a chain of filters that fails runs nothing', { skip: noLauncher }, async t => {
  const file = join(t.testdir(), 'ran')
  t.match(script(`false | srcon plan --drop all | srcon run -- touch '${file}'`), { status: 125 })
  t.equal(existsSync(file), false)
})

t.test('a config that was read', { skip: notRoot }, async t => {
  const config = { ociVersion: '1.2.0', hostname: 'box', linux: { namespaces: [{ type: 'uts' }] }, process: { args: ['sh', '-c', 'hostname; readlink /proc/self/fd/0; id -u; env'], env: ['A=b', 'PATH=/usr/bin:/bin'] } }
  const { status, stdout, stderr } = srcon(['run'], { input: JSON.stringify(config) })
  t.equal(status, 0, stderr)
  t.match(stdout, /^box\n\/dev\/(null|tty|pts\/\d+)\n0\n/, 'its command, and stdin is not what is left of the config')
  t.match(stdout, /^A=b$/m)
  t.notMatch(stdout, /^HOME=/m, 'only what it says')
  t.match(srcon(['run', '--stdin=null', '--hostname', 'other', '--', 'hostname'], { input: JSON.stringify(config) }), { stdout: 'other\n' }, 'options are added')
  t.match(srcon(['run', '--', 'true'], { input: JSON.stringify({ ...config, hooks: { prestart: [{ path: '/bin/true' }] } }) }), { status: 125, stderr: /hooks\n {2}why: no tool of ours does it/ })
  t.match(srcon(['run', '--share', 'net', '--', 'true'], { input: JSON.stringify(config) }), { status: 125, stderr: /--share is for a new config/ })
  const limited = { ...config, process: { ...config.process, args: ['sh', '-c', 'ulimit -n'], rlimits: [{ type: 'RLIMIT_NOFILE', soft: 77, hard: 99 }] } }
  t.match(srcon(['run'], { input: JSON.stringify(limited) }), { stdout: '77\n' })
})

t.test('a config that says nothing but its root gets all walls', { skip: noLauncher }, async t => {
  const said = 'grep -E "^(NoNewPrivs|Seccomp):" /proc/self/status; hostname'
  const walls = /^NoNewPrivs:\t1\nSeccomp:\t2\nsrcon\n$/
  t.match(srcon(['run', '--', 'sh', '-c', said], { input: '/\n' }), { status: 0, stdout: walls }, 'a path, as rootfs-fetch prints it')
  t.match(srcon(['run', '--', 'sh', '-c', said], { input: '{"ociVersion":"1.2.0","root":{"path":"/"}}' }), { status: 0, stdout: walls })
  const more = { ociVersion: '1.2.0', root: { path: '/' }, hostname: 'box', linux: { namespaces: [{ type: 'user' }, { type: 'uts' }, { type: 'mount' }], uidMappings: [{ containerID: 0, hostID: process.getuid?.(), size: 1 }], gidMappings: [{ containerID: 0, hostID: process.getgid?.(), size: 1 }] } }
  t.match(srcon(['run', '--', 'sh', '-c', said], { input: JSON.stringify(more) }), { status: 0, stdout: /^NoNewPrivs:\t0\nSeccomp:\t0\nbox\n$/ }, 'one that says more has said what it wants')
})

t.test('the command', { skip: noLauncher }, async t => {
  t.equal(srcon(['run', '-n', '--', 'sh', '-c', 'exit 9']).status, 9)
  t.equal(srcon(['run', '-n', '--', 'sh', '-c', 'kill -TERM $$']).signal, 'SIGTERM', 'ends by the signal')
  t.match(srcon(['run', '-n', '--', 'no-such-command']), { status: 127 })
  t.match(srcon(['run', '-n', '--']), { status: 125, stderr: /no command/ })
  t.match(srcon(['run', '-n']), { status: 125, stderr: /no command is given/ })
  const variables = srcon(['run', '-n', '--env', 'A=1', '--env', 'A=2', '--', 'env'], { env: { HIDDEN: '1' } }).stdout
  t.match(variables, /^A=2$/m)
  t.notMatch(variables, /HIDDEN|A=1/)
  t.match(srcon(['run', '-n', '--env', 'NOT_SET', '--', 'env']), { status: 125, stderr: /--env: NOT_SET is not set here/ })
  t.match(srcon(['run', '-n', '--user', '7:8', '--workdir', '/tmp', '--', 'sh', '-c', 'id -u; id -g; pwd']).stdout, /^7\n8\n\/tmp\n$/)
})

t.test('the verdict', { skip: noLauncher }, async t => {
  const file = join(t.testdir(), 'verdict.json')
  const verdict = (): unknown => JSON.parse(readFileSync(file, 'utf8'))
  t.equal(srcon(['run', '-n', '--verdict', file, '--', 'sh', '-c', 'exit 3']).status, 3)
  t.match(verdict(), { ok: false, reason: 'exit', code: 3, signal: null })
  t.equal(srcon(['run', '-n', '--verdict', file, '--timeout', '200ms', '--', 'sleep', '60']).signal, 'SIGTERM')
  t.match(verdict(), { reason: 'wall-time', signal: 'SIGTERM' })
  t.match(srcon(['run', '-n', '--verdict', file, '--', 'no-such-command']), { status: 127, stderr: /no-such-command/ })
  t.match(verdict(), { reason: 'setup', error: { code: 'E_EXEC' } })
  t.match(srcon(['run', '-n', '--verdict', '/nowhere/file', '--', 'true']), { status: 125, stderr: /cannot write the verdict/ })
})

t.test('as an ordinary user', { skip: notRoot }, async t => {
  const { stdout } = srcon(['run', '-n', '--', 'sh', '-c', 'id -u; cat /proc/self/uid_map; cat /etc/shadow 2>&1'], { uid: ORDINARY })
  t.match(stdout, /^0\n\s+0\s+(47125|\d{5,})\s+\d+\n/)
  t.match(stdout, /shadow: Permission denied/)
})

t.test('plan', { skip: noLauncher }, async t => {
  const env: Record<string, string> = process.env['TERM'] === undefined ? {} : { TERM: process.env['TERM'] }
  const planned = srcon(['plan', '-n', '--hostname', 'box', '--', 'id', '-u'], { env })
  const plan = JSON.parse(planned.stdout) as Plan
  t.strictSame(plan.argv, ['id', '-u'])
  t.strictSame(plan.steps, JSON.parse(JSON.stringify(container({ hostname: 'box' }))), 'as the library makes it')
  t.match(JSON.parse(srcon(['run', '-n', '--hostname', 'box', '--plan', '--', 'id', '-u'], { env }).stdout), plan)
  t.match(srcon(['run', '-n', '--dry-run', '--', 'true']).stdout, /setpriv --no-new-privs/)
  const file = join(t.testdir({ 'box.plan': planned.stdout }), 'box.plan')
  const { stdout, stderr } = script(`SECRET=1 '${join(import.meta.dirname, '../../launcher/bin', `srcon-launch-${process.arch}`)}' '${file}' -- sh -c 'hostname; env'`)
  t.match(stdout, /^box\n/, stderr)
  t.notMatch(stdout, /SECRET/, 'a saved plan takes nothing of its caller either')
})
