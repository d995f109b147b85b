// Limits of a whole container hold: the kernel's counters say so, the verdict says why it ended, and nothing is left.
// Each has its control: the same command below the limit, or without it.
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { limits, readFacts, type LimitOptions } from '@srcon/cgroup-ctl'
import { filter } from '@srcon/seccomp-filter'
import { launch, plan, run, type RunResult } from '@srcon/kit'
import { namespaces } from '@srcon/ns-unshare'
import { capabilities } from '@srcon/caps'
import { root } from '@srcon/chroot-fs'
import { actWords, host, notRoot, start, user, walled, type Act } from './support/probe.ts'

const { dir, remove } = host()
t.teardown(remove)
const MIB = 2 ** 20

/** Why these limits cannot be had here; false: they can. */
const skip = notRoot || (() => {
  try {
    limits({ memory: '32M', cpus: 1, pids: 5 })
    return false
  } catch (error) {
    return (error as Error).message
  }
})()

/** A container of all five tools, with these limits; `SRCON` directories of groups are told by the step. */
function contained(options: LimitOptions | undefined, ...acts: readonly Act[]): { plan: ReturnType<typeof plan>; groups: string[] } {
  const [first] = options ? limits(options) : []
  const made = plan(
    ['/tmp/p/probe', ...actWords(acts)],
    first ? [first] : [],
    namespaces({ user: true, mapUsers: [{ inside: 0, outside: 100_000, count: 65_536 }], mapGroups: [{ inside: 0, outside: 100_000, count: 65_536 }], pid: true, mount: true, uts: true, ipc: true, net: true, cgroup: true }),
    root(undefined, { proc: true, tmpfs: ['/tmp', '/dev/shm'], bind: `${dir}:/tmp/p`, readOnly: true }),
    capabilities({ drop: 'all', noNewPrivs: true }, undefined, [{ do: 'ns.user', uidMap: [{ inside: 0, outside: 100_000, count: 65_536 }], gidMap: [{ inside: 0, outside: 100_000, count: 65_536 }] }]),
    filter(),
  )
  return { plan: made, groups: first ? first.groups.map(({ mount, parent }) => join(mount, parent)) : [] }
}

/** Groups of ours beside which nothing else runs: those whose names were not there before. */
const names = (parents: readonly string[]): string[] => parents.flatMap(parent => readdirSync(parent).filter(name => name.startsWith('srcon-')).map(name => join(parent, name)))
const processesOf = (group: string): string => (existsSync(join(group, 'cgroup.procs')) ? readFileSync(join(group, 'cgroup.procs'), 'utf8').trim() : '')

/** The groups that one container makes, seen while it runs, are gone when it has ended. */
async function leavesNothing(t: Tap, options: LimitOptions): Promise<void> {
  const { plan: made, groups } = contained(options, ['spin', 60_000])
  await using child = launch(made, { stdio: 'ignore' })
  await child.started
  const own = names(groups).filter(group => processesOf(group).split('\n').includes(String(child.commandPid)))
  t.equal(new Set(own.map(group => group.split('/').at(-1))).size, 1, 'the command is in a group of ours')
  child.kill('SIGKILL')
  await child.verdict
  for (const group of own) t.notOk(existsSync(group), group)
}
type Tap = Pick<typeof t, 'equal' | 'notOk'>

const go = async (options: LimitOptions | undefined, acts: readonly Act[], more: Parameters<typeof run>[1] = {}): Promise<RunResult> => await run(contained(options, ...acts).plan, more)

t.test('a memory hog is ended by the limit, whatever the memory is called', { skip }, async t => {
  const limit: LimitOptions = { memory: '32M' }
  const hogs: Readonly<Record<string, Act>> = {
    'its own memory': ['hog', 128 * MIB],
    'shared memory': ['hog', 128 * MIB, 'shared'],
    'a file in /tmp': ['fill', '/tmp/file', 128 * MIB],
    'a file in /dev/shm': ['fill', '/dev/shm/file', 128 * MIB],
  }
  for (const [name, act] of Object.entries(hogs)) {
    const all = await go(limit, [act])
    t.match(all.oomKills, /[1-9]/, `${name}: counted`)
    t.ok((all.peakBytes ?? 0) <= 32 * MIB, `${name}: ${all.peakBytes}`)
    t.notMatch(all.stdout, /ok/)
  }
  t.match((await go({ memory: '256M' }, [['hog', 128 * MIB], ['fill', '/tmp/file', 64 * MIB]])).stdout, 'ok\nok\n', 'the control: below the limit')
})

t.test('the verdict of a hog that is the command itself', { skip }, async t => {
  const { plan: made } = contained({ memory: '32M' }, ['getpid'])
  const verdict = await run({ ...made, argv: ['tail', '/dev/zero'] })
  t.match(verdict, { ok: false, reason: 'oom', signal: 'SIGKILL', status: 137, oomKills: 1 })
  t.match(start(['srcon', 'run', '-n', '--memory', '32M', '--', 'tail', '/dev/zero']), { signal: 'SIGKILL' }, 'the tool ends by the same signal: 137 in a shell')
  t.match(start(['sh', '-c', 'srcon run -n --memory 32M -- tail /dev/zero; exit $?']), { status: 137 })
  t.match(await go({ memory: '32M' }, [['hog', 4 * MIB]]), { ok: true, reason: 'exit', oomKills: 0 }, 'the control')
})

t.test('the CPU quota holds for all processes together', { skip }, async t => {
  const burn = async (options: LimitOptions | undefined): Promise<number> => {
    const { cpuMs, wallMs } = await go(options, [['exec', '/bin/sh', '-c', '/tmp/p/probe spin 1200 & /tmp/p/probe spin 1200 & wait']])
    return cpuMs / wallMs
  }
  const used = await burn({ cpus: 0.2 })
  // A period may be begun with what was left of the one before, and the last one may be cut short.
  t.ok(used > 0.1 && used < 0.27, `${used.toFixed(3)} of a CPU`)
  const free = await burn({ memory: '256M' })
  t.ok(free > 1.5 * used, `the control: ${free.toFixed(3)} of a CPU`)
})

t.test('fork stops at the limit of processes', { skip }, async t => {
  const few = await go({ pids: 8 }, [['forks', 50]])
  // Of eight, some are the probe, the act and the init above them.
  t.match(few.stdout, /^[1-6] EAGAIN ok\n$/)
  t.ok(few.pidsRefused >= 1 && (few.peakPids ?? 8) <= 8, `${few.pidsRefused} refused, at most ${few.peakPids}`)
  t.match((await go({ pids: 100 }, [['forks', 50]])).stdout, '50 ok\n', 'the control')
  const { plan: made } = contained({ pids: 8 }, ['getpid'])
  t.match(await run({ ...made, argv: ['/bin/sh', '-c', 'set -e; for i in 1 2 3 4 5 6 7 8 9; do sleep 100 & done; echo all'] }), { ok: false, reason: 'pids', stdout: '' }, 'a command that does not cope')
})

t.test('a fork bomb is bounded, and ends with its time', { skip }, async t => {
  const verdict = await go({ pids: 64, cpus: 0.5 }, [['bomb', 60_000]], { timeoutMs: 500 })
  t.match(verdict, { ok: false, reason: 'wall-time' })
  t.ok(verdict.pidsRefused > 0 && (verdict.peakPids ?? 64) <= 64, `${verdict.pidsRefused} refused, at most ${verdict.peakPids}`)
  t.ok(verdict.wallMs < 20_000, `${verdict.wallMs} ms`)
})

t.test('wall-clock time: whatever the command does about it', { skip }, async t => {
  for (const script of ['while :; do :; done', 'sleep 1000', 'kill -STOP $$', 'trap "" TERM; while :; do :; done']) {
    const { plan: made } = contained(undefined, ['getpid'])
    // On a busy host its execution is seen late, so `wallMs` may be less than the limit.
    const before = performance.now()
    const verdict = await run({ ...made, argv: ['sh', '-c', script] }, { timeoutMs: 150, graceMs: 20 })
    const elapsed = performance.now() - before
    t.match(verdict, { ok: false, reason: 'wall-time' }, script)
    t.ok(elapsed >= 150 && verdict.wallMs < 10_000, `${elapsed} ms in all, ${verdict.wallMs} ms of the command`)
  }
  t.match(await go(undefined, [['spin', 20]], { timeoutMs: 10_000 }), { ok: true, reason: 'exit' }, 'the control')
})

t.test('as an ordinary user: wall-clock time', { skip: notRoot }, async t => {
  const begin = performance.now()
  const { status, signal } = start([...walled(dir, '--timeout', '200ms'), 'spin', '60000'], { as: user })
  t.ok(status !== 0 && performance.now() - begin < 20_000, `${signal ?? status}`)
  t.match(start([...walled(dir, '--timeout', '20s'), 'spin', '20'], { as: user }), { status: 0 }, 'the control')
})

t.test('nothing is left', { skip }, async t => {
  await leavesNothing(t, { memory: '32M', cpus: 0.5, pids: 20 })
})

t.test('what is in force inside is what was asked for', { skip }, async t => {
  t.ok(readFacts().hierarchies.length > 0)
  const { plan: made } = contained({ memory: '48M', pids: 33 }, ['spin', 60_000])
  await using child = launch(made, { stdio: 'ignore' })
  await child.started
  const of = (controller: string, ...files: string[]): string[] => names(contained({ memory: '48M', pids: 33 }).groups).filter(group => processesOf(group).split('\n').includes(String(child.commandPid)) && (controller === '' || existsSync(join(group, files[0] ?? '')))).map(group => readFileSync(join(group, files[0] ?? ''), 'utf8').trim())
  t.ok([...of('memory', 'memory.limit_in_bytes'), ...of('memory', 'memory.max')].includes(String(48 * MIB)))
  t.ok(of('pids', 'pids.max').includes('33'))
})
