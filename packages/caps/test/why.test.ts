// why: what the kernel checked, and that the line it prints is enough and no less is.
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { normalName } from '../src/names.ts'
import { callOf, Reader } from '../src/why/record.ts'
import type { WhyReport } from '../src/why/report.ts'
import { needed } from '../src/why/seen.ts'
import { caps, notRoot } from './fixtures/run.ts'

const noTrace = notRoot || (caps(['supports', 'tracepoint']).status === 0 ? false : 'the kernel has no tracepoint for capability checks, or not for us')
const noPython = spawnSync('python3', ['-c', '']).status === 0 ? false : 'no python3'

const line = (pid: number, event: string): string => `            node-${pid}   [001]    12.345678: ${event}\n`
const check = (pid: number, cap: number, ret: number, frames: readonly string[], ns = 'a'): string =>
  line(pid, `cap_capable: cred 0, target_ns ${ns}, capable_ns ${ns}, cap ${cap}, ret ${ret}`) + line(pid, '<stack trace>') + frames.map(frame => ` => ${frame}\n`).join('')
const setup = line(1, 'cap_capable: cred 0, target_ns a, capable_ns a, cap 8, ret 0') + line(1, 'sched_process_fork: comm=node pid=1 child_comm=node child_pid=2') +
  line(2, 'sched_process_exec: filename=/proc/self/fd/9 pid=2 old_pid=2')
const start = line(2, 'sched_process_exec: filename=/usr/bin/my tool pid=2 old_pid=2')

function read(text: string, step = text.length): Reader {
  const reader = new Reader()
  for (let at = 0; at < text.length; at += step) reader.add(text.slice(at, at + step))
  reader.end()
  return reader
}

t.test('the record', async t => {
  const chown = ['cap_capable', 'security_capable', 'setattr_prepare.isra.0', '__x64_sys_chown', 'do_syscall_64']
  const text = setup + check(2, 21, 0, ['__x64_sys_mount']) + start + check(2, 0, 0, chown) + check(2, 0, 0, chown) + check(2, 21, 0, ['security_vm_enough_memory_mm', '__x64_sys_brk']) +
    check(2, 19, -1, ['ns_capable_noaudit', '__x64_sys_openat']) + check(2, 21, 0, ['__x64_sys_mount'], 'b') +
    check(2, 2, -1, ['__x64_sys_openat']) + check(2, 1, 0, ['__x64_sys_openat']) + check(2, 2, -1, ['__x64_sys_openat']) + check(2, 1, -1, ['__x64_sys_openat']) + check(7, 5, -1, ['__x64_sys_kill'])
  for (const step of [text.length, 7]) {
    const reader = read(text, step)
    const seen = reader.collected.all()
    t.strictSame(seen.map(({ capability, outcome, call, process, where, instead, count }) => [capability, outcome, call, process, where, instead, count]), [
      ['CAP_CHOWN', 'used', 'chown', 'my tool', 'ours', undefined, 2],
      ['CAP_DAC_OVERRIDE', 'refused', 'openat', 'my tool', 'ours', true, 1],
      ['CAP_DAC_OVERRIDE', 'used', 'openat', 'my tool', 'ours', undefined, 1],
      ['CAP_DAC_READ_SEARCH', 'refused', 'openat', 'my tool', 'ours', true, 1],
      ['CAP_DAC_READ_SEARCH', 'refused', 'openat', 'my tool', 'ours', undefined, 1],
      ['CAP_SYS_ADMIN', 'used', 'mount', 'my tool', 'own', undefined, 1],
    ], 'neither the launcher nor others, neither accounting nor probes; of alternatives one')
    t.strictSame(reader.left, { accounting: 1, probes: 1 })
    t.strictSame(needed(seen, 'ours'), ['CAP_CHOWN', 'CAP_DAC_OVERRIDE', 'CAP_DAC_READ_SEARCH'])
    t.strictSame(needed(seen, 'own'), ['CAP_SYS_ADMIN'])
  }
  t.equal(callOf(['x', '__do_sys_setgroups', 'do_syscall_64']), 'setgroups')
  t.equal(callOf(['do_mmap', 'vm_mmap_pgoff', 'do_syscall_64', 'entry']), 'in vm_mmap_pgoff')
  t.equal(callOf(['x', 'asm_exc_page_fault']), 'page fault')
  t.equal(read('garbage\n => x\n-1 [000] 1: y\n').works, false)
})

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

t.test('what real programs need: that is enough, and one less is not', { skip: noTrace || noPython }, async t => {
  for (const [name, { script, needs }] of Object.entries(programs)) {
    const words = ['python3', '-c', `import os, socket, tempfile\n${script}`]
    const { report, status } = why(words)
    t.equal(status, 0, name)
    t.strictSame(report.needs, needs, name)
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
  }
})

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
})
