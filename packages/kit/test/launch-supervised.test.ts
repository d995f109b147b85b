// Commands with a supervisor beside them, and callers without privilege.
import { spawnSync } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import { launch, run } from '../src/launch/index.ts'
import { plan } from '../src/plan.ts'
import type { Call } from './launch-caller.ts'

const root = process.getuid?.() === 0
const skip = !root && 'needs root: an ordinary user needs a user namespace too'
const pidNamespace = { do: 'ns.pid', init: false }

/** A process and all below it, by what the kernel says of parents. */
function family(top: number): number[] {
  const parents = new Map<number, number>()
  for (const name of readdirSync('/proc').filter(name => /^\d+$/.test(name))) {
    try {
      const [, parent] = readFileSync(`/proc/${name}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ')
      parents.set(Number(name), Number(parent))
    } catch {
      // It has ended meanwhile.
    }
  }
  const all = [top]
  for (const pid of all) all.push(...[...parents].filter(([, parent]) => parent === pid).map(([child]) => child))
  return all
}
const exists = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
const untilGone = async (pids: readonly number[]): Promise<void> => {
  while (pids.some(exists)) await setImmediate()
}

t.test('a signal reaches the command, not only the one beside it', { skip }, async t => {
  const child = launch(plan(['sh', '-c', 'trap "exit 5" TERM; echo ready; while :; do sleep 0.01; done'], pidNamespace))
  child.stdout?.once('data', () => child.kill())
  t.match(await child.verdict, { ok: false, reason: 'exit', code: 5 })
  t.not(child.commandPid, child.pid)
})

t.test('the same with an init of ours between: it stays, and set-up is over all the same', { skip }, async t => {
  const script = 'trap "exit 5" TERM; i=0; while [ $i -lt 500 ]; do sleep 0.01; i=$((i + 1)); done'
  const child = launch(plan(['sh', '-c', script], { do: 'ns.pid', init: true }), { stdio: 'ignore' })
  await child.started
  t.equal(readFileSync(`/proc/${child.commandPid}/cmdline`, 'utf8').split('\0')[0], 'sh', 'the command runs when it is said to be started')
  // Not before the shell has its trap: then it has started a first sleep.
  while (family(child.commandPid ?? 0).length < 2) await setImmediate()
  child.kill()
  t.match(await child.verdict, { reason: 'exit', code: 5 })
})

t.test('KILL ends all of it: command, what it started, supervisor', { skip }, async t => {
  const child = launch(plan(['sh', '-c', 'sleep 100 & sleep 100 & echo ready; wait'], pidNamespace))
  const all = await new Promise<number[]>(resolve => child.stdout?.once('data', () => resolve(family(child.pid ?? 0))))
  t.ok(all.length >= 4, 'supervisor, shell, two sleeps')
  child.kill('SIGKILL')
  t.match(await child.verdict, { reason: 'signal', signal: 'SIGKILL', status: 137 })
  await untilGone(all)
  t.pass('nothing is left')
})

t.test('time limit', { skip }, async t => {
  const before = performance.now()
  const verdict = await run(plan(['sleep', '100'], pidNamespace), { timeoutMs: 50, graceMs: 10 })
  const elapsed = performance.now() - before
  t.match(verdict, { ok: false, reason: 'wall-time', signal: 'SIGKILL' }, 'pid 1 without a handler does not hear TERM')
  t.ok(elapsed >= 50 && verdict.wallMs < 60_000)
})

t.test('a step that fails in a supervised plan', { skip }, async t => {
  const error: unknown = await run(plan(['true'], pidNamespace, { do: 'run.cwd', path: '/no/such' })).catch((error: unknown) => error)
  t.match(error, { step: 'run.cwd', index: 1, errno: 2, exit: 125 })
})

const readable = spawnSync('setpriv', ['--reuid=65534', '--clear-groups', 'test', '-r', join(import.meta.dirname, 'launch-caller.ts')]).status === 0

t.test('an ordinary user starts and becomes', { skip: !readable && 'needs root to become one, and a checkout that others may read' }, async t => {
  const words = (call: Call): string[] => ['--reuid=65534', '--regid=65534', '--clear-groups', process.execPath, join(import.meta.dirname, 'launch-caller.ts'), JSON.stringify(call)]
  const env = { PATH: process.env['PATH'] }
  const started = spawnSync('setpriv', words({ how: 'launch', argv: ['id', '-u'] }), { env, encoding: 'utf8' })
  t.equal(started.stderr, '')
  t.ok(started.stdout.split('\n').includes('65534'))
  t.match(started.stdout, /^exit 0$/m)
  t.match(spawnSync('setpriv', words({ how: 'become', argv: ['id', '-u'] }), { env, encoding: 'utf8' }), { stdout: '65534\n', stderr: '' })
})
