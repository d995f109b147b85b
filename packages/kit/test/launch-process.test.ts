// What starting means for the process that starts: many at once, from Workers, nothing left behind,
// the event loop, its own violent end, its size.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setImmediate } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import t from 'tap'
import { launch, run } from '../src/launch/index.ts'
import { plan } from '../src/plan.ts'
import type { Call } from './launch-caller.ts'

const caller = (call: Call) => spawn(process.execPath, [join(import.meta.dirname, 'launch-caller.ts'), JSON.stringify(call)], { env: { PATH: process.env['PATH'] }, stdio: ['ignore', 'pipe', 'inherit'] })
const worker = (data: { argv: string[]; wait: boolean }) => new Worker(new URL('launch-worker.ts', import.meta.url), { workerData: data })

/** Neither running nor a zombie. */
const gone = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return false
  } catch {
    return true
  }
}
const untilGone = async (pid: number): Promise<void> => {
  while (!gone(pid)) await setImmediate()
}

t.test('twenty at once: each its own end, no zombie, no descriptor left', async t => {
  await run(plan(['true'])) // The thread, the copy of the launcher: they stay.
  const before = readdirSync('/proc/self/fd').length
  const children = Array.from({ length: 20 }, (_, i) => launch(plan(['sh', '-c', `read x; echo ${i}; exit ${i}`])))
  await Promise.all(children.map(child => child.started))
  const closed = Promise.all(children.map(child => once(child, 'close')))
  const outs = children.map(async child => (child.stdout ? text(child.stdout) : ''))
  for (const child of children) child.stdin?.end('go\n')
  t.strictSame(await Promise.all(outs), children.map((_, i) => `${i}\n`))
  t.strictSame((await closed).map(([code]) => code as number), children.map((_, i) => i))
  t.ok(children.every(({ pid = 0 }) => gone(pid)))
  t.equal(readdirSync('/proc/self/fd').length, before)
})

t.test('beside child_process: neither takes the children of the other', async t => {
  const mixed = Array.from({ length: 10 }, async (_, i) => {
    const theirs = once(spawn('sh', ['-c', `exit ${i}`]), 'exit')
    const ours = launch(plan(['sh', '-c', `exit ${i + 10}`])).verdict
    return [((await theirs) as number[])[0], (await ours).code]
  })
  t.strictSame(await Promise.all(mixed), mixed.map((_, i) => [i, i + 10]))
})

t.test('from Workers, several at once', async t => {
  const answers = await Promise.all([1, 2, 3].map(async i => ((await once(worker({ argv: ['sh', '-c', `echo ${i}; exit ${i}`], wait: true }), 'message')) as unknown[])[0]))
  t.strictSame(answers, [1, 2, 3].map(i => ({ status: i, stdout: `${i}\n` })))
})

t.test('a Worker that goes takes its commands with it; the rest of the process goes on', async t => {
  const thread = worker({ argv: ['sleep', '100'], wait: false })
  const [pid] = (await once(thread, 'message')) as [number]
  const other = launch(plan(['sleep', '100']), { stdio: 'ignore' })
  await other.started
  t.notOk(gone(pid))
  await thread.terminate()
  await untilGone(pid)
  t.notOk(gone(other.pid ?? 0), 'the one of this thread lives')
  t.match(await run(plan(['true'])), { ok: true }, 'and the watch still works')
  other.kill('SIGKILL')
  t.match(await other.verdict, { signal: 'SIGKILL' })
})

t.test('the event loop waits for a command, unless told not to', async t => {
  const waits = caller({ how: 'launch', argv: ['sh', '-c', 'sleep 0.1'] })
  t.match(await text(waits.stdout), /^\d+\nexit 0\n$/)
  const leaves = caller({ how: 'unref', argv: ['sleep', '100'] })
  const output = text(leaves.stdout)
  t.strictSame(await once(leaves, 'exit'), [0, null])
  t.match(await output, /^\d+\n$/, 'no exit was seen, and the pipe that the command held is closed')
})

t.test('kill -9 of the caller ends the command', async t => {
  const killed = caller({ how: 'launch', argv: ['sleep', '100'] })
  const [pid] = (await once(killed.stdout, 'data')) as [Buffer]
  const output = text(killed.stdout) // It ends when nobody holds its write end any more.
  t.notOk(gone(Number(pid)))
  killed.kill('SIGKILL')
  t.equal(await output, '')
  await untilGone(Number(pid))
  t.pass('the command is gone')
})

t.test('a start costs the same, however large the caller is', async t => {
  const measure = async (ballast: number): Promise<{ launch: number; spawn: number }> => JSON.parse(await text(caller({ how: 'time', argv: [], ballast }).stdout)) as { launch: number; spawn: number }
  const small = await measure(0)
  const large = await measure(450)
  t.comment(`launch ${small.launch.toFixed(2)} and ${large.launch.toFixed(2)} ms, spawn ${small.spawn.toFixed(2)} and ${large.spawn.toFixed(2)} ms`)
  t.ok(large.launch < 2.5 * small.launch, 'ours')
  t.ok(large.spawn > 3 * small.spawn, 'positive control: fork copies page tables')
})
