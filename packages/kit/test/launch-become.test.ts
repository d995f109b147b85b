// A command line that becomes its command: same pid, nothing of Node left, and what happens when it
// cannot be.
import { spawn, spawnSync } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import t from 'tap'
import type { Call } from './launch-caller.ts'

const words = (call: Omit<Call, 'how'>): string[] => [process.execPath, join(import.meta.dirname, 'launch-caller.ts'), JSON.stringify({ how: 'become', ...call })]
const env = { PATH: process.env['PATH'], MARK: 'ours' }
const start = (call: Omit<Call, 'how'>, ...more: number[]) => {
  const [node = '', ...rest] = words(call)
  return spawnSync(node, rest, { env, encoding: 'buffer', stdio: ['ignore', 'pipe', 'pipe', ...more] })
}
/** With a shell before it. */
const from = (script: string, call: Omit<Call, 'how'>) => spawnSync('sh', ['-c', `${script}; exec "$@"`, 'sh', ...words(call)], { env, encoding: 'buffer' })

for (const worker of [false, true]) {
  t.test(worker ? 'from a Worker' : 'from the main thread', async t => {
    const [node = '', ...rest] = words({ worker, argv: ['sh', '-c', 'echo $$; cat /proc/self/status /proc/self/fdinfo/1'] })
    const child = spawn(node, rest, { env, stdio: ['ignore', 'pipe', 'inherit'] })
    const output = await text(child.stdout)
    t.equal(Number(output.split('\n')[0]), child.pid, 'the same process')
    for (const name of ['SigIgn', 'SigBlk', 'SigPnd']) t.match(output, new RegExp(`^${name}:\\t0{16}$`, 'm'))
    t.match(output, /^Threads:\t1$/m)
    t.equal(Number.parseInt(/^flags:\t0(\d+)/m.exec(output)?.[1] ?? '', 8) & 0o4000, 0, 'blocking')
  })
}

t.test('words and environment, byte for byte', async t => {
  const argv = ['sh', '-c', 'cat /proc/$$/cmdline', '1e3', '-x', '--', '', 'two\nlines', '\xff\xfe']
  t.strictSame(start({ argv }).stdout, Buffer.from(argv.map(word => `${word}\0`).join(''), 'latin1'))
  const raw = from(`export RAW="$(printf 'a\\377')"`, { argv: ['sh', '-c', 'printf "%s %s" "$RAW" "$MARK"'] })
  t.strictSame(raw.stdout, Buffer.from('a\xff ours', 'latin1'))
  t.equal(String(start({ argv: ['/bin/cat', '/proc/self/environ'], env: ['A=1', 'B='] }).stdout), 'A=1\0B=\0')
})

t.test('descriptors: only those named', async t => {
  const file = openSync('/dev/null', 'r')
  t.teardown(() => closeSync(file))
  const argv = ['sh', '-c', 'for fd in /proc/$$/fd/*; do readlink $fd >/dev/null && echo ${fd##*/}; done']
  t.equal(String(start({ argv }, file, file).stdout), '0\n1\n2\n')
  t.equal(String(start({ argv, keep: [4] }, file, file).stdout), '0\n1\n2\n4\n')
})

t.test('limit of open files: the shell has it back', async t => {
  t.equal(String(spawnSync('sh', ['-c', 'ulimit -Sn 777; "$@"; exit', 'sh', ...words({ argv: ['sh', '-c', 'ulimit -n'] })], { env }).stdout), '777\n')
})

t.test('exit codes and signals are the command\'s', async t => {
  t.equal(start({ argv: ['sh', '-c', 'exit 9'] }).status, 9)
  t.equal(start({ argv: ['sh', '-c', 'kill -TERM $$'] }).signal, 'SIGTERM')
  t.equal(start({ argv: ['no-such-command'] }).status, 127)
  t.equal(start({ argv: ['/dev/null'] }).status, 126)
  t.equal(start({ argv: ['true'], steps: [{ do: 'no.such' }] }).status, 125)
})

t.test('a failure is explained by the words given, from outside', async t => {
  const explain = ['/bin/sh', '-c', 'echo "$0" >&2; echo $# >&2; exit 3']
  const { stderr, stdout, status } = start({ argv: ['sh', '-c', 'echo never'], steps: [{ do: 'run.cwd', path: '/no/such' }], explain })
  t.equal(status, 125)
  t.equal(String(stdout), '')
  const [record = ''] = String(stderr).split('\n')
  t.match(JSON.parse(record.replace(/^--srcon-explain=/, '')), { phase: 'failed', step: 0, syscall: 'chdir', errno: 2, path: '/no/such' })
})

t.test('what cannot become leaves the process as it was', async t => {
  const tooLong = start({ argv: ['echo', ''], longer: 1 << 20 })
  t.equal(tooLong.status, 125)
  t.match(JSON.parse(String(tooLong.stdout)), { error: { code: 'E_LAUNCH', syscall: 'execve', errno: 7 } })
  const pending = start({ argv: ['true'], pending: true })
  t.match(JSON.parse(String(pending.stdout)), { error: { code: 'E_LAUNCH', message: /pending/ } })
  t.match(JSON.parse(String(start({ argv: ['true'], keep: [99] }).stdout)), { error: { code: 'E_LAUNCH', syscall: 'fcntl', errno: 9 } })
})
