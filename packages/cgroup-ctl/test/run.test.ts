// The command line on the real kernel: limits hold, what holds is seen from inside and outside, nothing is
// left. Each limit has its positive control: the same command without the limit, or below it.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { plan } from '@srcon/kit'
import { launcherPath } from '@srcon/kit/addon'
import t from 'tap'
import { readFacts } from '../src/facts.ts'
import { limits } from '../src/index.ts'
import { hierarchyOf } from '../src/layout.ts'
import { inReachOfOthers, nobody } from './fixtures/nobody.ts'
import { noGroups } from './fixtures/real.ts'

const cli = join(import.meta.dirname, '../src/cli.ts')
const node = [process.execPath, '--conditions=@srcon/source', '--no-warnings', cli]
const env = { PATH: process.env['PATH'] ?? '' }
interface Ended {
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

function start(words: readonly string[], first: readonly string[] = []): Ended {
  const [program = '', ...args] = [...first, ...node, ...words]
  return spawnSync(program, args, { encoding: 'utf8', env, input: '' })
}
const sh = (options: readonly string[], script: string): Ended => start([...options, '--', 'sh', '-c', script])

/** A group's directory, for the shell inside. */
const G = (controller: string): string => {
  const hierarchy = hierarchyOf(readFacts().hierarchies, controller)
  const name = hierarchy?.version === 1 ? controller : ''
  return `G=${hierarchy?.mount}$(sed -n 's/^[0-9]*:\\(.*,\\)*${name}\\(,.*\\)*://p' /proc/self/cgroup | tail -1)`
}
const skip = noGroups({ memory: '16M', cpus: 1, cpuset: '0', pids: 5 })

t.test('a memory hog is killed by the limit and counted, nothing is left', { skip }, async t => {
  const { stdout, status } = sh(['--memory', '16M'], `${G('memory')}; tail /dev/zero; echo $?; cat $G/memory.oom_control $G/memory.events 2>/dev/null | sed -n 's/^oom_kill //p'; echo $G`)
  const [hog, kills, group = ''] = stdout.trim().split('\n')
  t.equal(hog, '137')
  t.equal(kills, '1')
  t.equal(status, 0, 'the shell that stayed below is alive')
  t.match(group, /\/srcon-[^/]+$/)
  t.notOk(existsSync(group), group)
  t.equal(start(['--memory', '16M', '--', 'tail', '/dev/zero']).signal, 'SIGKILL', 'the command itself: the tool ends by the same signal')
})

t.test('the quota holds', { skip }, async t => {
  const begin = performance.now()
  const count = `${G('cpuacct')}; [ -f $G/cpu.stat ] && s=$(sed -n 's/^usage_usec //p' $G/cpu.stat); [ -n "$s" ] || s=$(( $(cat $G/cpuacct.usage) / 1000 )); echo $s`
  const { stdout } = sh(['--cpus', '0.2'], `timeout 2 sh -c 'while :; do :; done'; ${count}`)
  const wall = (performance.now() - begin) * 1000
  const used = Number(stdout)
  t.ok(used > 150_000 && used < wall * 0.25, `${used} us of CPU time in ${wall} us`)
})

t.test('fork stops at the limit', { skip }, async t => {
  const script = 'i=0; while [ $i -lt 6 ]; do sleep 1000 & i=$((i+1)); done 2>/dev/null; echo done'
  const { status } = sh(['--pids', '4'], script)
  t.not(status, 0)
  t.match(sh(['--pids', '20'], script), { status: 0, stdout: 'done\n' }, 'below the limit it works, and what is left behind is ended')
})

t.test('CPUs', { skip }, async t => {
  t.equal(sh(['--cpuset', '0'], "sed -n 's/^Cpus_allowed_list:\\t//p' /proc/self/status").stdout, '0\n')
})

t.test('what is in force is what was asked for', { skip }, async t => {
  const { stdout } = sh(['--memory', '500M', '--cpus', '0.5', '--cpu-weight', '300', '--cpuset', '0', '--pids', '50'], `${node.map(word => `'${word}'`).join(' ')} show $$ --json`)
  t.match(JSON.parse(stdout), { limits: { memory: 500 * 2 ** 20, swap: 0, cpus: 0.5, cpuWeight: 300, cpuset: '0', pids: 50 } })
})

t.test('a limit that cannot be applied: the command is not run', { skip }, async t => {
  const { status, stdout, stderr } = start(['--cpuset', '4095', '--', 'echo', 'ran'])
  t.equal(status, 125)
  t.equal(stdout, '')
  t.match(stderr, /^cgroup-ctl: cannot set cpuset.cpus to 4095: E\w+ \(write\)\n {2}why: 4095 is not within the CPUs of .*\n {2}fix: /)
})

t.test('an ordinary user is told why', { skip: skip || inReachOfOthers() || (process.getuid?.() === 0 ? false : 'not root') }, async t => {
  const { status, stdout, stderr } = start(['--pids', '5', '--', 'echo', 'ran'], nobody)
  t.equal(status, 125)
  t.equal(stdout, '')
  t.match(stderr, /cannot make the group .*: EACCES \(mkdir\)\n {2}why: .* belongs to uid 0/)
})

t.test('two links nest: both limits hold', { skip }, async t => {
  const file = join(t.testdir({}), 'plan.json')
  writeFileSync(file, JSON.stringify(plan(['sh'], limits({ pids: 40 }), limits({ pids: 20 }))))
  const { stdout } = spawnSync(launcherPath(import.meta.url), [file, '--', 'sh', '-c', `${G('pids')}; cat $G/../pids.max $G/pids.max; echo $G`], { encoding: 'utf8', env })
  const [outer, inner, group = ''] = stdout.trim().split('\n')
  t.strictSame([outer, inner], ['40', '20'])
  t.notOk(existsSync(dirname(group)), group)
})

t.test('examples of the README', { skip }, async t => {
  const page = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8')
  const block = /```sh\n([\s\S]*?)```/.exec(page)?.[1] ?? ''
  const commands = block.split('\n').filter(line => line.startsWith('cgroup-ctl '))
  t.equal(commands.length, 5)
  const quoted = node.map(word => `'${word}'`).join(' ')
  const outputs = commands.map(command => spawnSync('sh', ['-c', command.replace(/^cgroup-ctl/, () => quoted)], { encoding: 'utf8', env, input: '' }))
  for (const [i, { status, stderr }] of outputs.entries()) t.equal(status, 0, `${commands[i]} ${stderr}`)
  t.match(outputs[0]?.stdout, /srcon-/)
  t.equal(outputs[1]?.stdout, 'working\n')
  t.equal(outputs[2]?.stdout, '1\n')
  t.match(outputs[3]?.stdout, /limits: .*memory/)
  t.match(JSON.parse(outputs[4]?.stdout ?? ''), { linux: { resources: { memory: { limit: 2 ** 26 }, pids: { limit: 20 } } } })
})
