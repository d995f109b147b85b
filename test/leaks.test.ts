// The library leaves nothing behind: after many containers, after many at once, and after kill -9 of the Node that
// started one, at a random moment. What the launcher's own roles leave is tested in packages/launcher/tests/leaks.rs.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, readdirSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { launch, plan, run, type Step } from '@srcon/kit'
import { namespaces } from '@srcon/ns-unshare'
import { root } from '@srcon/chroot-fs'
import { cleanEnv } from './support/clean-env.ts'

const ROUNDS = 40
// Not called srcon-…: a group of that name that nobody holds is swept by the next start.
const mark = `leak-test-${process.pid}`
const isRoot = process.getuid?.() === 0

/** An empty group of this test's own, in which the transient ones are made; none for an ordinary user. */
const v1 = existsSync('/sys/fs/cgroup/pids/cgroup.procs')
const hierarchy = v1 ? '/sys/fs/cgroup/pids' : '/sys/fs/cgroup'
const group = join(hierarchy, mark)
if (isRoot) mkdirSync(group)
t.teardown(() => {
  if (isRoot) rmdirSync(group)
})
const joinIt: Step = { do: 'cgroup.join', groups: [{ version: v1 ? 1 : 2, controllers: ['pids'], mount: hierarchy, parent: mark, write: [{ file: 'pids.max', value: '100' }] }] }
const before: Step[] = [...(isRoot ? [joinIt] : []), ...namespaces({ mapRootUser: true, pid: true, mount: true, uts: true, hostname: 'box' })]
const steps: Step[] = [...before, ...root('/', { proc: true, tmpfs: '/tmp' }, undefined, before)]

/** Ours alone: others come and go on this host meanwhile. */
function left(): object {
  const words = readdirSync('/proc').flatMap(pid => {
    try {
      return /^\d+$/.test(pid) && Number(pid) !== process.pid ? [readFileSync(`/proc/${pid}/cmdline`, 'utf8')] : []
    } catch {
      return [] // It has ended meanwhile.
    }
  })
  return {
    processes: words.filter(each => each.includes(mark)),
    groups: isRoot ? readdirSync(group, { withFileTypes: true }).filter(each => each.isDirectory()).map(({ name }) => name) : [],
  }
}
const descriptors = (): number => readdirSync('/proc/self/fd').length
const nothing = { processes: [], groups: [] }

/** The keeper undoes after its caller has gone, and nobody tells this process when it has done so. */
async function cleared(test: Test, what: string): Promise<void> {
  const deadline = Date.now() + 10_000
  while (JSON.stringify(left()) !== JSON.stringify(nothing) && Date.now() < deadline) await new Promise(done => setTimeout(done, 2))
  test.strictSame(left(), nothing, what)
}

/** Streams are closed after the verdict, and so is what the waiting thread had of the last container. */
async function closed(test: Test, open: number): Promise<void> {
  const deadline = Date.now() + 5000
  while (descriptors() > open && Date.now() < deadline) await new Promise(done => setTimeout(done, 2))
  test.equal(descriptors(), open, 'no descriptor of ours')
}

t.test('containers one after the other', async t => {
  await run(plan(['true', mark], steps))
  const open = descriptors()
  for (let n = 0; n < 50; n++) {
    const verdict = await run(plan(['true', mark], steps))
    if (verdict.status !== 0) t.fail(`container ${n}: ${verdict.stderr}`)
  }
  await closed(t, open)
  await cleared(t, 'no process, no group')
})

t.test('twenty containers at once', async t => {
  const open = descriptors()
  const children = Array.from({ length: 20 }, () => launch(plan(['sh', '-c', 'echo ready; read line', mark], steps)))
  await Promise.all(children.map(child => once(child.stdout!, 'data')))
  t.match(left(), isRoot ? { groups: { length: 20 } } : {}, 'all of them run')
  for (const child of children) child.stdin!.end('\n')
  const verdicts = await Promise.all(children.map(child => child.verdict))
  t.ok(verdicts.every(({ ok }) => ok))
  await cleared(t, 'no process, no group')
  await closed(t, open)
})

t.test('kill -9 of the Node that started it', async t => {
  const caller = join(import.meta.dirname, 'support/leak-caller.ts')
  let running = 0
  for (let round = 0; round < ROUNDS; round++) {
    const node = spawn(process.execPath, ['--conditions=@srcon/source', '--no-warnings', caller, JSON.stringify(steps), mark], { stdio: ['ignore', 'pipe', 'inherit'], env: cleanEnv() })
    let seen = ''
    node.stdout.on('data', (text: Buffer) => (seen += text.toString()))
    await once(node.stdout, 'data')
    // Mostly while it is set up: a busy wait, since timers come a millisecond late.
    const moment = performance.now() + (round % 4 === 0 ? 50 : 6) * ((round * 7919) % 101) / 101
    while (performance.now() < moment);
    const closed = once(node, 'close') // Also: nobody holds the pipe any more.
    node.kill('SIGKILL')
    await closed
    if (seen.includes('ready')) running++
    await cleared(t, `round ${round}: ${seen.replaceAll('\n', ' ')}`)
  }
  t.ok(running > 0 && running < ROUNDS, `${running} of ${ROUNDS} were running, the others in set-up`)
})
