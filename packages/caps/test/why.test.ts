// why: what the kernel checked, and that the line it prints is enough and no less is.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { normalName } from '../src/names.ts'
import type { WhyReport } from '../src/why/report.ts'
import { caps, notRoot, PATH, words as tool } from './fixtures/run.ts'

const noTrace = notRoot || (caps(['supports', 'tracepoint']).status === 0 ? false : 'the kernel has no tracepoint for capability checks, or not for us')
const noPython = spawnSync('python3', ['-c', '']).status === 0 ? false : 'no python3'

/** The report, and what the command did. */
function why(words: readonly string[], before: readonly string[] = []): { report: WhyReport; status: number | null; stdout: string } {
  const file = join(t.testdir(), 'report.json')
  const { status, stdout, stderr } = caps(['why', '-o', file, '--', ...before, ...words])
  if (stderr !== '' && status === 125) throw new Error(stderr)
  return { report: JSON.parse(readFileSync(file, 'utf8')) as WhyReport, status, stdout }
}

/** A program, as root: what it needs, and its own success. */
const programs: Readonly<Record<string, { script: string; needs: readonly string[] }>> = {
  'raw socket': { script: 'socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)', needs: ['CAP_NET_RAW'] },
  'port 80': { script: 's = socket.socket(); s.bind(("127.0.0.9", 83))', needs: ['CAP_NET_BIND_SERVICE'] },
  chown: { script: 'f = tempfile.NamedTemporaryFile(); os.chown(f.name, 5, 5)', needs: ['CAP_CHOWN'] },
  mknod: { script: 'd = tempfile.TemporaryDirectory(); os.mknod(d.name + "/n", 0o20600, os.makedev(1, 3))', needs: ['CAP_MKNOD'] },
  ids: { script: 'os.setgroups([5]); os.setresuid(5, 5, 5)', needs: ['CAP_SETGID', 'CAP_SETUID'] },
}

// A test each: all together would come near tap's limit on a busy machine.
for (const [name, { script, needs }] of Object.entries(programs)) {
  t.test(`what real programs need is enough, and one less is not: ${name}`, { skip: noTrace || noPython }, async t => {
    const words = ['python3', '-c', `import os, socket, tempfile\n${script}`]
    const { report, status } = why(words)
    t.equal(status, 0)
    t.strictSame(report.needs, needs)
    t.ok(report.exact)
    t.equal(caps([...report.keep.split(' '), '--', ...words]).status, 0, `${report.keep} is enough`)
    const keep = report.keep.replace('--keep ', '').split(',')
    for (const one of keep) {
      const less = keep.filter(each => each !== one)
      t.not(caps(['--keep', less.join(',') || 'none', '--', ...words]).status, 0, `without ${one} it fails`)
      // What is refused is reported as what is missing.
      if (name !== 'raw socket') continue
      const refused = why(words, ['caps', '--keep', less.join(',') || 'none', '--'])
      t.ok(refused.report.seen.some(({ capability, outcome }) => capability === normalName(one) && outcome === 'refused'), `${one} is refused`)
    }
  })
}

t.test('mount, in the own user namespace and in ours; date', { skip: noTrace }, async t => {
  const mount = ['sh', '-c', 'mount -t tmpfs none /mnt && umount /mnt']
  const script = ['unshare', '-m', ...mount]
  t.match(why(script).report, { needs: ['CAP_SYS_ADMIN'], keep: '--keep sys_admin', code: 0 })
  t.match(why(['unshare', '-r', '-m', ...mount]).report, { needsInside: ['CAP_SYS_ADMIN'] })
  const date = why(['date', '-s', '@1'], ['caps', '--drop', 'sys_time', '--'])
  t.match(date.report, { seen: [{ capability: 'CAP_SYS_TIME', outcome: 'refused', process: 'date', count: 1 }], keep: '--keep sys_time', code: 1 })
  t.equal(date.status, 1, 'the command\'s own exit code')
  t.match(why(['sh', '-c', 'kill -TERM $$']).report, { code: null, signal: 'SIGTERM', needs: [], keep: '--keep none' })
})

t.test('on the terminal', { skip: noTrace }, async t => {
  const file = join(t.testdir({ f: 'x' }), 'f')
  writeFileSync(file, 'x')
  const { status, stdout, stderr } = caps(['why', '--', 'sh', '-c', `chown 5 ${file}; echo out; exit 3`])
  t.match({ status, stdout }, { status: 3, stdout: 'out\n' })
  t.match(stderr, /^caps: .*exact.*\n {2}CAP_CHOWN +used +fchownat by chown\n {2}not counted: \d+ of memory accounting.*\ncaps: enough for this run: --keep chown\n$/)
  t.match(JSON.parse(caps(['why', '--json', '--', 'true']).stderr), { method: 'trace', needs: [] })
  t.match(JSON.parse(caps(['why', '--plan', '--', 'caps', '--drop', 'kill', '--', 'true']).stdout), { steps: [{ do: 'caps.bounding' }, { do: 'caps.sets' }], argv: ['true'] })
  t.match(caps(['why', '--', '/nowhere']), { status: 127 })
})

t.test('for everybody: an estimate from the calls', { skip: notRoot || noPython }, async t => {
  const words = (script: string) => ['--', 'python3', '-c', `import os, socket\n${script}`]
  const all = JSON.parse(caps(['why', '--json', '--method=calls', ...words('socket.socket(socket.AF_INET, socket.SOCK_RAW, 1); s = socket.socket(); s.bind(("127.0.0.9", 84)); socket.socket().bind(("127.0.0.9", 0)); os.chroot("/")')]).stderr) as WhyReport
  t.match(all, { method: 'calls', exact: false, needs: ['CAP_NET_BIND_SERVICE', 'CAP_NET_RAW', 'CAP_SYS_CHROOT'], keep: '--keep net_bind_service,net_raw,sys_chroot', code: 0 })
  const user = caps(['why', ...words('try: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)\nexcept PermissionError: exit(4)')], { uid: 65_534 })
  t.equal(user.status, 4, 'the command\'s own exit code')
  t.match(user.stderr, /an estimate.*\n {2}CAP_NET_RAW +refused +socket by python3\n {2}CAP_NET_RAW cannot be kept/)
  const inside = caps(['why', '--', 'chroot', '/', 'true'], { uid: 65_534, before: ['unshare', '-r'] })
  t.match(inside, { status: 0, stderr: /an estimate.*\n {2}CAP_SYS_CHROOT +used +chroot by chroot\ncaps: enough for this run: --keep sys_chroot\n$/ })
  t.match(caps(['why', '--method=trace', '--', 'true'], { uid: 65_534 }), { status: 125, stderr: /why: only root of the host/ })
  const own = caps(['why', '--method=calls', '--json', '--', 'unshare', '-r', 'chroot', '/', 'true'])
  t.match(JSON.parse(own.stderr), { needs: [], needsInside: ['CAP_SYS_CHROOT'], seen: [{ capability: 'CAP_SYS_CHROOT', where: 'own' }] }, 'a user namespace of its own is said')
  t.match(caps(['why', '--method=calls', '--', 'unshare', '-r', 'chroot', '/', 'true'], { uid: 65_534 }).stderr, /chroot by chroot, in a user namespace of its own\ncaps: enough behind ns-unshare --user: --keep sys_chroot\n/)
})

t.test('what the estimate says is enough, and one less is not', { skip: notRoot || noPython }, async t => {
  for (const name of ['raw socket', 'mknod', 'ids']) {
    const { script, needs } = programs[name] ?? { script: '', needs: [] }
    const words = ['python3', '-c', `import os, socket, tempfile\n${script}`]
    const { keep, needs: found } = JSON.parse(caps(['why', '--json', '--method=calls', '--', ...words]).stderr) as WhyReport
    t.strictSame(found, needs, name)
    t.equal(caps([...keep.split(' '), '--', ...words]).status, 0, `${keep} is enough`)
    const all = keep.replace('--keep ', '').split(',')
    for (const one of all) t.not(caps(['--keep', all.filter(each => each !== one).join(',') || 'none', '--', ...words]).status, 0, `without ${one} it fails`)
  }
})

t.test('in a pid namespace of its own the record would be of others: it is refused, or the estimate is made', { skip: noTrace }, async t => {
  const before = ['unshare', '--pid', '--fork', '--mount-proc']
  t.match(caps(['why', '--method=trace', '--', 'chroot', '/', 'true'], { before }), { status: 125, stderr: /why: .*this process is in another pid namespace\n/ })
  t.match(caps(['why', '--', 'chroot', '/', 'true'], { before }), { status: 0, stderr: /an estimate.*\n {2}CAP_SYS_CHROOT +used/ })
})

t.test('a busy command: what is read is added up within bounds', { skip: noTrace || noPython }, async t => {
  const busy = "import os, tempfile\nf = tempfile.NamedTemporaryFile()\nfor i in range(50000): os.chown(f.name, 5, 5); os.chown(f.name, 0, 0)"
  // The peak of this python3's children: caps is the largest of them.
  const measure = `import json, resource, subprocess, sys\nended = subprocess.run(sys.argv[1:], stderr=subprocess.PIPE)\nprint(json.dumps([ended.returncode, json.loads(ended.stderr), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss]))`
  const { stdout } = spawnSync('python3', ['-c', measure, ...tool, 'why', '--json', '--', 'python3', '-c', busy], { encoding: 'utf8', cwd: '/', env: { PATH } })
  const [status, { seen, lost, exact }, kilobytes] = JSON.parse(stdout) as [number, WhyReport, number]
  t.equal(status, 0)
  const count = seen.reduce((sum, one) => sum + one.count, 0)
  t.ok(count + lost >= 100_000, `${count} checks counted, ${lost} events lost`)
  t.equal(exact, lost === 0, 'what was lost is said')
  t.ok(kilobytes > 10_000 && kilobytes < 200_000, `${kilobytes} kB at most`)
})

/** Instances of tracefs, in a mount namespace that is gone afterwards. */
function instances(): string[] {
  const { status, stdout, stderr } = spawnSync('unshare', ['--mount', 'sh', '-c', 'mount -t tracefs none /mnt && ls /mnt/instances'], { encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  return stdout.split('\n')
}

async function until(what: () => boolean): Promise<boolean> {
  for (let i = 0; i < 200 && !what(); i++) await new Promise(resolve => setTimeout(resolve, 25))
  return what()
}

const childrenOf = (pid: number): number[] => readdirSync(`/proc/${pid}/task`).flatMap(tid => readFileSync(`/proc/${pid}/task/${tid}/children`, 'utf8').split(' ').filter(Boolean).map(Number))
const gone = (pid: number): boolean => !existsSync(`/proc/${pid}`) || /^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))

t.test('killed: nothing stays', { skip: noTrace }, async t => {
  for (const victim of ['caps', 'keeper', 'command'] as const) {
    const [file = '', ...rest] = tool
    const caps_ = spawn(file, [...rest, 'why', '--', 'sh', '-c', 'echo $$; exec sleep 1000'], { cwd: '/', env: { PATH }, stdio: ['ignore', 'pipe', 'ignore'] })
    const ended = once(caps_, 'exit')
    const [line] = (await once(caps_.stdout, 'data')) as [Buffer]
    const command = Number(String(line))
    const pid = caps_.pid ?? 0
    const mine = (): string[] => instances().filter(name => name.startsWith(`srcon-caps-${pid}-`))
    const all = [pid, ...childrenOf(pid)]
    const keeper = all.find(each => each !== pid && each !== command && readFileSync(`/proc/${each}/cmdline`, 'utf8') === readFileSync(`/proc/${pid}/cmdline`, 'utf8')) ?? 0
    t.equal(mine().length, 1, 'it has an instance')
    t.ok(keeper > 0 && all.length >= 3, `${all.length} processes`)
    process.kill({ caps: pid, keeper, command }[victim], 'SIGKILL')
    if (victim === 'keeper') process.kill(command, 'SIGTERM')
    await ended
    t.ok(await until(() => [...all, command].every(gone)), `${victim} killed: no process stays`)
    t.equal(caps(['why', '--', 'true']).status, 0, 'the next start')
    t.strictSame(mine(), [], `${victim} killed: no instance stays`)
  }
})

t.test('a link behind it is read as in any chain, its text forms too', { skip: notRoot }, async t => {
  for (const form of [['--iab', '!cap_chown'], ['--caps', 'cap_chown=ep']]) {
    const chain = ['caps', ...form, '--', 'true']
    const { status, stdout, stderr } = caps(['why', '--plan', '--', ...chain])
    t.equal(status, 0, stderr)
    t.strictSame(JSON.parse(stdout), JSON.parse(caps(['--plan', ...form, '--', 'true']).stdout))
    t.equal(caps(['why', '--', ...chain]).status, 0)
  }
  t.match(caps(['why', '--', 'caps', '--keep', 'all', '--']), { status: 125, stderr: /no command follows/ })
})
