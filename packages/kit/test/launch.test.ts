// launch() and run(): the shape of a ChildProcess, real pipes, how things end and why.
import { once } from 'node:events'
import { mkdtempSync, openSync, closeSync, readFileSync, rmSync } from 'node:fs'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import t from 'tap'
import type { ToolError } from '../src/error.ts'
import { launch, run, type Contained } from '../src/launch/index.ts'
import { plan } from '../src/plan.ts'
import type { Bytes } from '../src/step.ts'

const sh = (script: string, ...steps: Parameters<typeof plan>[1][]) => plan(['sh', '-c', script], ...steps)
/** Not events.once: that listens for `error` too. */
const closed = (child: Contained): Promise<void> => new Promise(resolve => child.once('close', () => resolve()))
const all = async (stream: Socket | null | undefined): Promise<string> => (stream ? text(stream) : 'no stream')
const gone = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return false
  } catch {
    return true
  }
}

t.test('events, streams, promises', async t => {
  const child = launch(sh('read line; echo "got $line"; echo oops >&2; exit 3'))
  const events: string[] = []
  for (const name of ['spawn', 'exit', 'close'] as const) child.on(name, (...args: unknown[]) => events.push([name, ...args].join(' ')))
  child.stdin?.end('words\n')
  const [out, err] = await Promise.all([all(child.stdout), all(child.stderr), child.started, once(child, 'close')])
  t.equal(out, 'got words\n')
  t.equal(err, 'oops\n')
  t.strictSame(events, ['spawn', 'exit 3 ', 'close 3 '])
  t.equal(child.commandPid, child.pid, 'nothing stands between us and the command')
  t.match(child, { exitCode: 3, signalCode: null, killed: false })
  t.match(await child.verdict, { ok: false, reason: 'exit', code: 3, signal: null, status: 3 })
})

t.test('pipes can be opened again, and are not sockets', async t => {
  const { stdout, stderr } = await run(sh('echo again > /dev/stdout; readlink /proc/self/fd/1; echo err > /dev/stderr; readlink /proc/self/fd/0 < /dev/stdin'), { input: '' })
  t.match(stdout, /^again\npipe:\[\d+\]\npipe:/)
  t.equal(stderr, 'err\n')
})

t.test('a command that does not read: EPIPE harms nobody; one that writes to a closed pipe gets SIGPIPE', async t => {
  t.match(await run(plan(['true']), { input: Buffer.alloc(1 << 20) }), { ok: true })
  const child = launch(plan(['yes']), { stdio: ['ignore', 'pipe', 'ignore'] })
  child.stdout?.destroy()
  t.match(await child.verdict, { reason: 'signal', signal: 'SIGPIPE', status: 141 })
})

t.test('what it wrote', async t => {
  const big = await run(sh('head -c 3000000 /dev/zero; printf "\\303\\244" >&2'))
  t.equal(big.stdoutBytes.length, 3_000_000)
  t.equal(big.stderr, 'ä')
  t.equal(big.truncated, false)
  const cut = await run(sh('head -c 3000000 /dev/zero'), { maxBytes: 1000 })
  t.match(cut, { ok: true, truncated: true })
  t.equal(cut.stdoutBytes.length, 1000)
})

t.test('descriptors: files, other streams, inherited, more than three', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'srcon-launch-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const file = openSync(join(folder, 'out'), 'w')
  const child = launch(sh('echo file; echo three >&3; cat <&5; ls /proc/self/fd'), { stdio: ['ignore', file, 'ignore', 'pipe', 'ignore', 'input'] })
  closeSync(file)
  child.stdio[5]?.end('five\n')
  t.equal(await all(child.stdio[3]), 'three\n')
  t.match(await child.verdict, { ok: true })
  t.equal(readFileSync(join(folder, 'out'), 'utf8'), 'file\nfive\n0\n1\n2\n3\n4\n5\n', '4, which was free, is the folder that ls reads')
  t.throws(() => launch(sh(':'), { stdio: ['ignore', {}] }), { code: 'E_INPUT' })
  await t.rejects(launch(sh(':'), { stdio: [999_999] }).started, { code: 'E_LAUNCH', syscall: 'fcntl' })
})

t.test('signals', async t => {
  const child = launch(plan(['sleep', '100']))
  await child.started
  t.equal(child.kill(0), true)
  t.equal(child.killed, false)
  t.equal(child.kill(), true)
  t.match(await child.verdict, { ok: false, reason: 'signal', code: null, signal: 'SIGTERM', status: 143 })
  t.equal(child.killed, true)
  t.equal(child.signalCode, 'SIGTERM')
  t.equal(child.kill(), false, 'it has ended')
  t.throws(() => child.kill('SIGNONE' as NodeJS.Signals), TypeError)
  t.match(await run(sh('kill -34 $$')), { signal: 'SIG34', status: 162 }, 'a real-time signal')
  t.match(await run(sh('kill -SYS $$')), { reason: 'seccomp', signal: 'SIGSYS' })
  const limit = { do: 'run.rlimit', resource: 'cpu', soft: 1, hard: 2 }
  t.match(await run(sh('while :; do :; done', limit)), { reason: 'cpu-time', signal: 'SIGXCPU' })
})

t.test('never started: which step, which call, which exit code', async t => {
  const error = async (...args: Parameters<typeof run>): Promise<Partial<ToolError>> => run(...args).then(() => ({}), error => error as ToolError)
  t.match(await error(plan(['no-such-command'])), { code: 'E_EXEC', syscall: 'execve', errno: 2, exit: 127 })
  t.match(await error(plan(['/dev/null'])), { code: 'E_EXEC', errno: 13, exit: 126 })
  t.match(await error(plan(['true'], { do: 'run.env', edits: [] }, { do: 'run.cwd', path: '/no/such' })), { code: 'ENOENT', step: 'run.cwd', index: 1, path: '/no/such', exit: 125 })
  t.match(await error(plan(['true'], { do: 'no.such' })), { code: 'E_REFUSED', index: 0, exit: 125 })
  t.match(await error(plan(['true']), { cwd: '/no/such' }), { code: 'E_LAUNCH', syscall: 'chdir', errno: 2 })
  t.match(await error(plan(['true']), { timeoutMs: 10 }), { code: 'E_REFUSED' }, 'nothing holds what it would start')
  t.throws(() => launch(plan(['a\0b'])), { code: 'E_INPUT' })
  t.match(await error(plan(['true', 'x'.repeat(1 << 18)])), { code: 'E_LAUNCH', syscall: 'execve', errno: 7 })
})

t.test('a failed start as events: error where somebody listens, exit, close', async t => {
  const child = launch(plan(['no-such-command']))
  const events: unknown[] = []
  child.on('spawn', () => events.push('spawn'))
  child.on('error', ({ code }) => events.push(code))
  child.on('exit', code => events.push(code))
  await closed(child)
  t.strictSame(events, ['E_EXEC', 127])
  t.match(await child.verdict, { ok: false, reason: 'setup', code: 127, status: 127, error: { code: 'E_EXEC' } })
  await t.rejects(child.started, { code: 'E_EXEC' })
  const unheard = launch(plan(['no-such-command']))
  await closed(unheard)
  t.pass('nobody listened, nobody was hurt')
})

t.test('abort', async t => {
  const stop = new AbortController()
  const child = launch(plan(['sleep', '100']), { signal: stop.signal })
  await child.started
  stop.abort()
  t.match(await child.verdict, { ok: false, reason: 'aborted', signal: 'SIGKILL' })

  const gentle = new AbortController()
  const tidy = launch(sh('trap "exit 7" TERM; echo ready; while :; do sleep 0.01; done'), { signal: gentle.signal, graceMs: 60_000 })
  if (tidy.stdout) await once(tidy.stdout, 'data')
  gentle.abort()
  t.match(await tidy.verdict, { reason: 'aborted', code: 7 })

  const stubborn = new AbortController()
  const deaf = launch(sh('trap "" TERM; echo ready; exec sleep 100'), { signal: stubborn.signal, graceMs: 20 })
  if (deaf.stdout) await once(deaf.stdout, 'data')
  stubborn.abort()
  t.match(await deaf.verdict, { reason: 'aborted', signal: 'SIGKILL' })

  const never = launch(plan(['true']), { signal: AbortSignal.abort('why') })
  t.equal(never.pid, undefined)
  await t.rejects(never.started, { code: 'ABORT_ERR', cause: 'why' })
  t.match(await never.verdict, { ok: false, reason: 'aborted' })
  t.match(await run(plan(['true']), { signal: AbortSignal.abort() }), { reason: 'aborted' })
})

t.test('await using: nothing is left', async t => {
  let pid = 0
  {
    await using child = launch(plan(['sleep', '100']))
    await child.started
    pid = child.pid ?? 0
    t.notOk(gone(pid))
    t.notOk('then' in child, 'not thenable')
  }
  t.ok(gone(pid), 'ended and waited for')
})

t.test('arguments arrive byte for byte', async t => {
  const words: Bytes[] = ['1e3', '-x', '--', '', 'two\nlines', 'ä', { base64: Buffer.from([0x61, 0xff, 0xfe]).toString('base64') }, '$HOME']
  const { stdoutBytes } = await run(plan(['sh', '-c', 'cat /proc/$$/cmdline', ...words]))
  const expected = ['sh', '-c', 'cat /proc/$$/cmdline', ...words].map(word => (typeof word === 'string' ? Buffer.from(word) : Buffer.from(word.base64, 'base64')))
  t.strictSame(stdoutBytes, Buffer.concat(expected.flatMap(word => [word, Buffer.of(0)])))
})
