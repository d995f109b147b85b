// seccomp-filter learn: what was learned runs the same command, and nothing that it did not do; in a container, as an ordinary
// user, with what earlier runs saw; and nobody is left behind.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import t from 'tap'
import { addon } from '../src/addon.ts'
import { readFacts } from '../src/facts.ts'
import { diff, explainCall, lint } from '../src/index.ts'
import { learn } from '../src/learn/rules.ts'
import { merge, readRecording, type Recording } from '../src/learn/recording.ts'
import { oci, terse } from '../src/learn/text.ts'
import { outOfReach, tool, toolAsNobody, type Ended } from './fixtures/run.ts'

const root = join(import.meta.dirname, '../../..')
const bin = join(root, 'node_modules/.bin')
const built = existsSync(join(root, 'packages/ns-unshare/dist/bin/link.mjs')) ? false : 'the tools are not built'

/** With the other tools in PATH. */
function chain(words: readonly string[]): Ended {
  const own = [join(import.meta.dirname, '../src/cli.ts'), ...words]
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, ['--conditions=@srcon/source', '--no-warnings', ...own], { encoding: 'utf8', env: { PATH: [bin, '/usr/sbin', '/usr/bin', '/sbin', '/bin'].join(delimiter) } })
  return { status, signal, stdout, stderr }
}

t.test('what was learned runs the same', { timeout: 120_000 }, async t => {
  const dir = t.testdir({ folder: { a: 'a', b: 'b' } })
  const python = 'import threading; r = []; [x.start() or x.join() for x in [threading.Thread(target=r.append, args=(i,)) for i in range(5)]]; print(r)'
  const programs: readonly (readonly string[])[] = [
    ['sh', '-c', 'echo one two | tr a-z A-Z | while read x; do echo $x; done; (exit 3); echo $?'],
    ['tar', '-C', dir, '-cf', '/dev/null', 'folder'],
    ['/usr/bin/python3', '-c', python],
    [process.execPath, '-e', 'new (require("node:worker_threads").Worker)("0", { eval: true }).on("exit", code => console.log("thread", code))'],
  ]
  for (const program of programs) {
    if (program[0]?.includes('python') && !existsSync(program[0])) continue
    const file = join(dir, 'learned.policy')
    // Which thread of Node waits for which lock is another thing each time, and so are a few of its calls: some runs see
    // nearly all, and of one that is refused it only says a line.
    const isNode = program[0] === process.execPath
    const seen = tool(['learn', ...(isNode ? ['--runs', '3'] : []), '-o', file, '--', ...program])
    t.match(seen, { status: 0, stderr: '' }, program.join(' '))
    const again = tool(['-p', file, '--', ...program])
    const once = isNode ? seen.stdout.slice(0, seen.stdout.length / 3) : seen.stdout
    t.strictSame([again.status, again.stdout, isNode ? '' : again.stderr], [0, once, ''], `${program[0]}, under what was learned`)
    // The same in OCI's form, proved, but that runtimes answer ENOSYS to all that is newer than the newest call named.
    const { arch } = readFacts()
    const known = new Set(addon().callsOf(`SCMP_ARCH_${arch.toUpperCase()}`).map(({ name }) => name))
    const learned = learn(readRecording(readFileSync(file, 'utf8'), file), arch, known, false)
    const { differences } = diff(file, { policy: oci(learned, arch) })
    const other = differences.filter(({ a, b }) => a.verdict !== 'errno EPERM' || b.verdict !== 'errno ENOSYS')
    t.strictSame(other.map(({ witness }) => witness.call), [], 'the terse form and OCI')
    t.strictSame(lint(file).filter(({ severity, id }) => severity !== 'note' && id !== 'io-uring').map(({ why }) => why), [], 'a policy without surprises, but that Node may use a ring')
  }
})

t.test('--base and --merge: what was seen besides, from the folder of the policy', { timeout: 120_000 }, async t => {
  const dir = t.testdir({ base: { 'base.policy': 'extends ./below.policy\nuname: errno ENOENT\n', 'below.policy': 'extends default\n' }, made: {} })
  const at = (...words: string[]): Ended => tool(words, { cwd: dir })
  const first = at('learn', '-o', 'made/first.policy', '--', 'sh', '-c', 'exec uname')
  t.match(first, { status: 0, stdout: 'Linux\n' })
  t.match(at('learn', '-o', 'made/learned.policy', '--base', 'base/base.policy', '--', 'sh', '-c', 'echo a'), { status: 0, stderr: '' })
  const text = readFileSync(join(dir, 'made/learned.policy'), 'utf8')
  t.match(text, /^extends \.\.\/base\/base\.policy$/m, 'relative to where the policy is')
  t.match(at('-p', 'made/learned.policy', '--', 'sh', '-c', 'echo a'), { status: 0, stdout: 'a\n' })
  t.match(at('-p', 'made/learned.policy', '--', 'ls', '/dev/null'), { status: 0 }, 'the base allows it')
  t.match(at('-p', 'made/learned.policy', '--', 'uname'), { status: 1, stderr: /No such file or directory/ }, 'and refuses it')
  const { stderr } = at('run', '--why', '-p', 'made/learned.policy', '--', 'uname')
  t.match(stderr, /: uname\(.*: errno ENOENT: \S*base\/base\.policy:2$/m, 'the line of the text that it is in')
  t.match(at('learn', '-o', 'made/both.policy', '--base', 'base/base.policy', '--merge', 'made/first.policy', '--', 'sh', '-c', 'echo a'), { status: 0, stderr: '' })
  t.match(at('-p', 'made/both.policy', '--', 'sh', '-c', 'uname; echo a'), { status: 0, stdout: 'Linux\na\n', stderr: '' }, 'what was seen comes before the base')
  t.match(explainCall('default', 'uname'), { verdict: 'allow' }, 'the control')
  t.match(at('learn', '--base', 'base/none.policy', '--', 'touch', 'touched'), { status: 125, stderr: /none\.policy/ })
  t.match(at('learn', '-o', 'x.bpf', '--', 'touch', 'touched'), { status: 125, stderr: /holds a program/ })
  t.notOk(existsSync(join(dir, 'touched')), 'nothing is run before what is wrong is known')
})

t.test('and nothing that it did not do', async t => {
  const dir = t.testdir({})
  const file = join(dir, 'learned.json')
  t.equal(tool(['learn', '--oci', '-o', file, '--', 'sh', '-c', 'exec true']).status, 0)
  const make = (...before: string[]): Ended => tool([...before, '--', 'sh', '-c', `exec mkdir ${join(dir, 'made')}`])
  t.not(make('-p', file).status, 0)
  t.notOk(existsSync(join(dir, 'made')))
  t.equal(make('-p', 'none').status, 0, 'the control')
})

t.test('the terse form says how it was made, and keeps what was seen', { timeout: 120_000 }, async t => {
  const dir = t.testdir({})
  const file = join(dir, 'learned.policy')
  t.match(tool(['learn', '-o', file, '--', 'sh', '-c', 'echo said']), { status: 0, stdout: 'said\n' })
  const text = readFileSync(file, 'utf8')
  t.match(text, /^# Made by seccomp-filter learn from a run of: sh -c echo said\n# \d+ calls of \d+ kinds were seen on \S+\.\ndefault errno EPERM\n\n# Seen\.\nallow .*\bexecve\b/)
  t.match(text, /^mmap\(prot (?:==|in) PROT_\w+[^]*?: allow$/m, 'by the names of constants')
  const recording = readRecording(text, file)
  t.ok(recording.some(({ name, count }) => name === 'write' && count > 0))
  t.notOk(recording.some(({ name }) => name === 'mkdir'))
  const more = join(dir, 'more.policy')
  t.equal(tool(['learn', '-o', more, '--merge', file, '--base', 'default', '--', 'mkdir', join(dir, 'made')]).status, 0)
  const merged = readFileSync(more, 'utf8')
  t.match(merged, /^extends default$/m)
  t.notMatch(merged, /^default /m)
  const both = readRecording(merged, more)
  t.ok(both.some(({ name }) => name === 'mkdir'))
  const writes = (from: Recording): number => from.filter(({ name }) => name === 'write').reduce((sum, { count }) => sum + count, 0)
  t.ok(writes(both) >= writes(recording))
  t.match(tool(['learn', '--merge', join(import.meta.dirname, 'learn.test.ts'), '--', 'true']), { status: 125, stderr: /there is no recording in it/ })
})

t.test('in a container: only the command is recorded', { skip: built }, async t => {
  const file = join(t.testdir({}), 'learned.json')
  const made = chain(['learn', '--oci', '-o', file, '--', 'ns-unshare', '--user', '--map-root-user', '--mount', '--pid', '--', 'sh', '-c', 'echo $$'])
  t.match(made, { status: 0, stdout: /^\d+\n$/ }, made.stderr)
  const { syscalls } = JSON.parse(readFileSync(file, 'utf8')) as { syscalls: { names: string[] }[] }
  const names = syscalls.flatMap(rule => rule.names)
  t.ok(names.includes('write'))
  for (const name of ['unshare', 'mount', 'setns', 'pivot_root']) t.notOk(names.includes(name), name)
})

t.test('as an ordinary user', { skip: outOfReach() }, async t => {
  const { status, stdout } = toolAsNobody(['learn', '--json', '--', 'id', '-u'])
  t.equal(status, 0)
  const [uid, ...rest] = stdout.split('\n')
  t.not(uid, '0')
  t.ok(readRecording(rest.join('\n'), 'stdout').some(({ name }) => name === 'geteuid'))
})

t.test('a second listener is an error that says why', async t => {
  const inner = [process.execPath, '--conditions=@srcon/source', '--no-warnings', join(import.meta.dirname, '../src/cli.ts')]
  const { status, stderr } = tool(['learn', '-o', '/dev/null', '--', ...inner, 'learn', '--', 'true'])
  t.equal(status, 125)
  t.match(stderr, /cannot load the filter learn: EBUSY \(seccomp\)\n {2}why: a filter outside of this chain .* one a process/)
})

t.test('how the command ended is how learn ends', async t => {
  t.match(tool(['learn', '-o', '/dev/null', '--', 'sh', '-c', 'exit 7']), { status: 7, stderr: /ended with code 7/ })
  t.match(tool(['learn', '-o', '/dev/null', '--', 'sh', '-c', 'kill -TERM $$']), { signal: 'SIGTERM' })
  t.match(tool(['learn', '-o', '/dev/null', '--', './nowhere']), { status: 127 })
})

t.test('kill -9 of the one who listens: the command is gone', async t => {
  for (let round = 0; round < 3; round++) {
    const child = spawn(process.execPath, ['--conditions=@srcon/source', '--no-warnings', join(import.meta.dirname, '../src/cli.ts'), 'learn', '--', 'sh', '-c', 'echo $$; exec sleep 97'], { stdio: ['ignore', 'pipe', 'ignore'], env: { PATH: '/usr/bin:/bin' } })
    const pid = Number(await new Promise(resolve => child.stdout.once('data', (data: Buffer) => resolve(data.toString()))))
    t.ok(existsSync(`/proc/${pid}`), 'the control')
    child.kill('SIGKILL')
    await new Promise(resolve => child.once('exit', resolve))
    const end = Date.now() + 10_000
    // It may be a zombie for as long as the machine's init takes.
    const lives = (): boolean => existsSync(`/proc/${pid}/stat`) && !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
    while (Date.now() < end && lives()) await new Promise(resolve => setTimeout(resolve, 5))
    t.notOk(lives())
  }
})

t.test('few combinations are a condition, many are none, the last argument goes first', async t => {
  const mmap = (values: string[][]): Recording => [{ arch: 'x86_64', name: 'mmap', number: 9, count: 9, watched: [[2, 'prot'], [3, 'flags']], values }]
  const known = new Set(['exit', 'mmap'])
  const learned = (recording: Recording) => learn(recording, 'x86_64', known, false)
  const two = learned(mmap([['1', '2'], ['3', '2'], ['3', '34']]))
  t.match(terse(two, { about: [], recording: '' }), 'mmap(prot == 1 and flags == 2 or prot == 3 and flags in 2, 0x22): allow\n')
  t.equal((oci(two, 'x86_64')['syscalls'] as unknown[]).length, 4)
  const many = Array.from({ length: 17 }, (_, i) => [String(i % 2), String(i)])
  t.match(terse(learned(mmap(many)), { about: [], recording: '' }), 'mmap(prot in 0, 1): allow\n')
  t.match(terse(learned(mmap(many.map(([, i = '']) => [i, i]))), { about: [], recording: '' }), /^allow mmap$/m)
  // There are no brackets: each ending has its beginning.
  const words = (_: string, register: number, value: bigint): string => `${'abcdef'[register]}${value}`
  const three: Recording = [{ arch: 'x86_64', name: 'mmap', number: 9, count: 9, watched: [[2, 'prot'], [3, 'flags'], [4, 'fd']], values: [['1', '2', '3'], ['1', '4', '5']] }]
  t.match(terse(learned(three), { about: [], recording: '', words }), 'mmap(prot == c1 and flags == d2 and fd == e3 or prot == c1 and flags == d4 and fd == e5): allow\n')
  const one = mmap([['1', '2']])
  t.strictSame(merge([one, mmap([['3', '2']])])[0]?.values, [['1', '2'], ['3', '2']])
  t.match(merge([one, [{ ...one[0]!, values: [], many: true }]])[0], { many: true, values: undefined })
  t.match(learned([{ arch: 'x86_64', name: 'clone3', number: 435, count: 1 }]), { clone3: true, rules: [], added: ['exit'] })
})

t.test('a file that cannot be written is told', async t => {
  const dir = t.testdir({})
  writeFileSync(join(dir, 'file'), '')
  t.match(tool(['learn', '-o', join(dir, 'file/x'), '--', 'true']), { status: 125, stderr: /cannot write the policy to .*ENOTDIR/ })
})
