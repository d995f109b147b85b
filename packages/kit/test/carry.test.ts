// From words to the command, carried out by the launcher that the tool has become: the same pid, the
// same bytes, the command's own end, and an explanation where it did not come to that.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import t from 'tap'
import { alpha, nodeWords, plainEnv, shell } from './fixtures/run.ts'

t.test('the command gets its words byte by byte', async t => {
  const { stdout, stderr } = shell(`alpha -s a -- sh -c 'printf "%s|" "$a" "$@"' sh 1e3 -x -- '' $'a\\nb' $'\\xff\\xfe' --plan 0x10 ä | od -An -c -v | tr -d ' \\n'`)
  t.equal(stderr, '')
  t.equal(stdout, 'alpha-0|1e3|-x|--||a\\nb|377376|--plan|0x10|303244|')
})

t.test('the command is the process that was the tool', async t => {
  const [node, ...rest] = nodeWords
  const child = spawn(node, [...rest, '-s', 'a', '--', 'cat'], { env: plainEnv(), stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.write('ready')
  await once(child.stdout, 'data')
  t.equal(readFileSync(`/proc/${child.pid}/comm`, 'utf8'), 'cat\n')
  t.equal(readFileSync(`/proc/${child.pid}/environ`, 'latin1').split('\0').includes('a=alpha-0'), true)
  child.stdin.end()
  t.strictSame(await once(child, 'exit'), [0, null])
})

t.test('the end is the command\'s own', async t => {
  t.equal(alpha(['--', 'sh', '-c', 'exit 7']).status, 7)
  t.equal(alpha(['--', 'true']).status, 0)
  t.equal(shell('alpha -- sh -c \'kill -TERM $$\'; echo $?').stdout, '143\n')
  t.equal(shell('alpha -- yes | head -n 1; echo "${PIPESTATUS[0]}"').stdout, 'y\n141\n', 'SIGPIPE is back to its default')
})

t.test('a chain never reads stdin; the command does', async t => {
  t.equal(alpha(['-s', 'a', '--', 'cat'], { input: '{"ociVersion":"1.2.0"}' }).stdout, '{"ociVersion":"1.2.0"}')
  t.equal(alpha(['--', 'cat'], { stdin: 'ignore' }).stdout, '')
})

t.test('why it did not come to the command', async t => {
  t.strictSame(alpha(['/nowhere', '--', 'true']), { status: 125, stdout: '', stderr: 'alpha: cannot enter /nowhere: ENOENT (chdir)\n  why: there is no such directory\n  fix: mkdir /nowhere\n' })
  t.match(JSON.parse(alpha(['--json', '/nowhere', '--', 'true']).stderr), { error: { code: 'ENOENT', step: 'run.cwd', index: 0, path: '/nowhere', exit: 125 } })
  t.match(alpha(['--', 'no-such-command']), { status: 127, stdout: '', stderr: /^alpha: cannot execute 'no-such-command': ENOENT/ })
  t.match(alpha(['--', '/etc']), { status: 126, stdout: '', stderr: /^alpha: cannot execute '\/etc': EACCES/ })
  t.match(alpha(['--new-root', '--', 'true']), { status: 125, stdout: '', stderr: /^alpha: mounts are changed without a mount namespace of our own\n {2}why: .*\n {2}fix: / })
  t.strictSame(alpha(['--new-root', '--plan', '--', 'true']), alpha(['--new-root', '--', 'true']), 'a plan that would be refused is not printed')
})
