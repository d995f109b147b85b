// A server that gives up its privileges after it has bound its port: on every thread.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import t from 'tap'
import { notRoot } from './fixtures/run.ts'

const noPython = spawnSync('python3', ['-c', '']).status === 0 ? false : 'no python3'

const library = join(import.meta.dirname, '../src/index.ts')

interface Thread { readonly name: string; readonly status: Readonly<Record<string, string>> }

/** Runs a program with `applyToSelf`, `threads()` and `print` in it. */
function program(body: string, { env = {}, uid }: { env?: Record<string, string>; uid?: number } = {}): { status: number | null; out: Record<string, unknown>; stderr: string } {
  const text = `
    import { createServer } from 'node:net'; import fs from 'node:fs'; import { Worker } from 'node:worker_threads'
    import { applyToSelf } from ${JSON.stringify(library)}
    const threads = () => fs.readdirSync('/proc/self/task').map(tid => { const text = fs.readFileSync('/proc/self/task/' + tid + '/status', 'utf8')
      return { name: fs.readFileSync('/proc/self/task/' + tid + '/comm', 'utf8').trim(), status: Object.fromEntries(text.split('\\n').map(line => [line.split(':')[0], line.slice(line.indexOf(':') + 1).trim().replaceAll('\\t', ' ')])) } })
    const worker = async () => { const w = new Worker('setInterval(() => {}, 5)', { eval: true }); await new Promise(r => w.once('online', r)); return w }
    const busy = () => { for (let i = 0; i < 64; i++) fs.readFile('/etc/passwd', () => {}) }
    const out = {}; const attempt = act => { try { return act() } catch (e) { return { code: e.code, message: e.message, why: e.why } } }
    ${body}
    fs.writeSync(1, JSON.stringify(out)); process.exit(0)`
  const drop = uid === undefined ? [] : ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups']
  const words = [...drop, process.execPath, '--conditions=@srcon/source', '--input-type=module', '-e', text]
  const { status, stdout, stderr } = spawnSync(words[0] ?? '', words.slice(1), { encoding: 'utf8', cwd: '/', timeout: 60_000, env: { PATH: '/usr/bin:/bin:/usr/sbin:/sbin', ...env } })
  return { status, out: stdout === '' ? {} : (JSON.parse(stdout) as Record<string, unknown>), stderr }
}

t.test('a server on port 80', { skip: notRoot }, async t => {
  const { status, out, stderr } = program(`
    const server = createServer(s => s.end()); await new Promise((r, f) => server.on('error', f).listen(80, '127.0.0.9', r))
    await worker(); await worker(); busy()
    out.before = threads().length; out.done = applyToSelf({ user: 1000, noNewPrivs: true }); out.after = threads()
    await worker(); busy(); await new Promise(r => fs.readFile('/etc/passwd', r)); out.later = threads()
    out.port = await new Promise(r => fetch('http://127.0.0.9:80').then(() => r('answered'), e => r(e.cause?.code ?? String(e))))
    out.shadow = attempt(() => fs.readFileSync('/etc/shadow')).code; out.kill = attempt(() => process.kill(1, 0)).code; out.again = attempt(() => process.setuid(0)).code`)
  t.equal(status, 0, stderr)
  t.ok((out['before'] as number) >= 8, `${String(out['before'])} threads`)
  t.match(out['done'], { threads: Number })
  for (const thread of [...(out['after'] as Thread[]), ...(out['later'] as Thread[])]) {
    const empty = '0000000000000000'
    t.match(thread.status, { CapEff: empty, CapPrm: empty, CapInh: empty, CapBnd: empty, CapAmb: empty, Uid: '1000 1000 1000 1000', Gid: '1000 1000 1000 1000', NoNewPrivs: '1' }, thread.name)
    t.equal(thread.status['Groups'], '')
  }
  t.ok((out['later'] as Thread[]).length > (out['after'] as Thread[]).length, 'threads were made afterwards')
  t.notMatch(String(out['port']), /ECONNREFUSED/, 'the port is still bound')
  t.match(out, { shadow: 'EACCES', kill: 'EPERM', again: 'EPERM' }, 'and nothing is left')
})

t.test('some are kept', { skip: notRoot }, async t => {
  const { out, stderr } = program(`out.done = applyToSelf({ user: 1000, keep: 'net_bind_service', ambient: 'net_bind_service', groups: [7, 5] }); out.after = threads()
    out.bind = await new Promise(r => createServer().on('error', e => r(e.code)).listen(81, '127.0.0.9', () => r('bound')))
    out.twice = applyToSelf({ keep: 'none', noNewPrivs: true }); out.last = threads(); out.uid = process.getuid()`)
  for (const { status } of (out['after'] as Thread[] | undefined) ?? []) t.match(status, { CapEff: '0000000000000400', CapBnd: '0000000000000400', CapAmb: '0000000000000400', Groups: '5 7' })
  t.match(out, { bind: 'bound', uid: 1000, twice: { threads: Number } }, stderr)
  for (const { status } of (out['last'] as Thread[] | undefined) ?? []) t.match(status, { CapPrm: '0000000000000000', CapAmb: '0000000000000000' })
  t.ok((out['last'] as Thread[] | undefined)?.length)
})

t.test('a thread that does not take part', { skip: notRoot || (spawnSync('cc', ['--version']).error ? 'no C compiler' : false) }, async t => {
  const folder = t.testdir({ 'deaf.c': `#define _GNU_SOURCE
    #include <pthread.h>
    #include <unistd.h>
    #include <sys/syscall.h>
    #include <sys/prctl.h>
    #include <stdlib.h>
    static int ready[2];
    static void *deaf(void *p) { unsigned long all = ~0UL; syscall(SYS_rt_sigprocmask, 0, &all, 0, 8); prctl(PR_SET_NAME, "deaf"); write(ready[1], "x", 1); for (;;) pause(); }
    __attribute__((constructor)) static void start(void) { char c; pthread_t t; if (getenv("DEAF") && pipe(ready) == 0 && pthread_create(&t, 0, deaf, 0) == 0) { unsetenv("DEAF"); read(ready[0], &c, 1); } }` })
  const object = join(folder, 'deaf.so')
  t.equal(spawnSync('cc', ['-shared', '-fPIC', '-o', object, join(folder, 'deaf.c'), '-lpthread']).status, 0)
  const body = `const before = JSON.stringify(threads().map(({ status }) => [status.CapEff, status.Uid, status.CapBnd, status.NoNewPrivs]))
    out.done = attempt(() => applyToSelf({ user: 1000, noNewPrivs: true })); out.same = before === JSON.stringify(threads().map(({ status }) => [status.CapEff, status.Uid, status.CapBnd, status.NoNewPrivs])); out.uid = process.getuid()`
  const refused = program(body, { env: { LD_PRELOAD: object, DEAF: '1' } })
  t.match(refused.out, { done: { code: 'E_REFUSED', message: /thread \d+ \(deaf\); nothing was changed/, why: /blocks the signal/ }, same: true, uid: 0 }, refused.stderr)
  t.match(program(body, { env: { LD_PRELOAD: object } }).out, { done: { threads: Number }, same: false, uid: 1000 }, 'without that thread it works')
})

t.test('what is not there is refused before anything is changed', { skip: notRoot }, async t => {
  const { out } = program(`out.done = attempt(() => applyToSelf({ user: 0 })); out.drop = attempt(() => applyToSelf({ drop: 'all' })); out.nnp = applyToSelf({ drop: 'all', noNewPrivs: true }); out.after = threads()`, { uid: 65_534 })
  t.match(out, { done: { code: String }, drop: { code: 'E_REFUSED' }, nnp: { threads: Number } })
  for (const { status } of out['after'] as Thread[]) t.match(status, { NoNewPrivs: '1', Uid: '65534 65534 65534 65534' })
})

t.test('half way: a thread on which capset fails', { skip: notRoot || (spawnSync('cc', ['--version']).error ? 'no C compiler' : false) }, async t => {
  const folder = t.testdir({ 'refusing.c': `#define _GNU_SOURCE
    #include <pthread.h>
    #include <stddef.h>
    #include <stdlib.h>
    #include <unistd.h>
    #include <sys/syscall.h>
    #include <sys/prctl.h>
    #include <linux/filter.h>
    #include <linux/seccomp.h>
    static int ready[2];
    static void *refusing(void *p) {
      struct sock_filter code[] = { { 0x20, 0, 0, offsetof(struct seccomp_data, nr) }, { 0x15, 0, 1, SYS_capset }, { 0x06, 0, 0, 0x00050000 | 1 }, { 0x06, 0, 0, 0x7fff0000 } };
      struct sock_fprog program = { 4, code };
      prctl(PR_SET_NAME, "refusing");
      write(ready[1], syscall(SYS_seccomp, 1, 0, &program) == 0 ? "y" : "n", 1);
      for (;;) pause();
    }
    __attribute__((constructor)) static void start(void) { char c; pthread_t t; if (getenv("REFUSING") && pipe(ready) == 0 && pthread_create(&t, 0, refusing, 0) == 0) { unsetenv("REFUSING"); read(ready[0], &c, 1); if (c != 'y') _exit(77); } }` })
  const object = join(folder, 'refusing.so')
  t.equal(spawnSync('cc', ['-shared', '-fPIC', '-o', object, join(folder, 'refusing.c'), '-lpthread']).status, 0)
  const env = { LD_PRELOAD: object, REFUSING: '1' }
  const exit = program(`applyToSelf({ drop: 'all' }); out.alive = true`, { env })
  t.match(exit, { status: 125, out: {}, stderr: /the privileges of thread \d+ \(refusing\) could not be changed, those of others were\n {2}why: .*capset/ }, 'the process ends at once')
  const thrown = program(`out.done = attempt(() => applyToSelf({ drop: 'all', halfway: 'throw' })); out.after = threads()`, { env })
  t.match(thrown.out, { done: { code: 'E_HALFWAY' } }, thrown.stderr)
  for (const { name, status } of thrown.out['after'] as Thread[]) {
    t.equal(status['CapBnd'], '0000000000000000', `${name}: what could be dropped is`)
    t.equal(status['CapEff'] === '0000000000000000', name !== 'refusing', name)
  }
  t.match(program(`out.done = applyToSelf({ drop: 'all' })`, { env: { LD_PRELOAD: object } }).out, { done: { threads: Number } }, 'without that filter it works')
})

t.test('securebits, names; what cannot be is refused by name', { skip: notRoot || noPython }, async t => {
  // /proc does not tell the securebits: each thread of a program of ours is asked by its own program, which inherits them.
  const { out, stderr } = program(`const { execFileSync } = await import('node:child_process')
    const before = JSON.stringify(threads().map(({ status }) => [status.CapEff, status.Uid]))
    out.death = attempt(() => applyToSelf({ drop: 'all', pdeathsig: 'TERM' })); out.nobody = attempt(() => applyToSelf({ user: 'nobody-of-this-name' }))
    out.group = attempt(() => applyToSelf({ groups: ['no-such-group'] })); out.same = before === JSON.stringify(threads().map(({ status }) => [status.CapEff, status.Uid]))
    out.done = applyToSelf({ user: 'daemon:adm', groups: ['adm', 5], keep: 'net_raw', ambient: 'net_raw', securebits: ['noroot,noroot-locked', 'no-cap-ambient-raise'] })
    out.after = threads(); out.bits = []
    const ask = "import ctypes; print(ctypes.CDLL(None).prctl(27, 0, 0, 0, 0))"
    out.bits.push(execFileSync('python3', ['-c', ask], { encoding: 'utf8' }).trim())
    const w = new Worker('const { execFileSync } = process.getBuiltinModule("node:child_process"); process.getBuiltinModule("node:worker_threads").parentPort.postMessage(execFileSync("python3", ["-c", ' + JSON.stringify(ask) + '], { encoding: "utf8" }).trim())', { eval: true })
    out.bits.push(await new Promise(r => w.once('message', r)))
    out.again = attempt(() => applyToSelf({ keep: 'none', securebits: '-noroot' }))`)
  t.match(out, { death: { code: 'E_REFUSED', message: /caps\.pdeathsig .*nothing was changed/ }, nobody: { code: 'E_REFUSED', message: /no user 'nobody-of-this-name'/ }, group: { code: 'E_REFUSED', message: /no group 'no-such-group'/ }, same: true, done: { threads: Number }, again: { code: 'E_REFUSED' } }, stderr)
  t.strictSame(out['bits'], ['67', '67'], 'noroot, its lock, no_cap_ambient_raise')
  for (const { status } of (out['after'] as Thread[] | undefined) ?? []) t.match(status, { CapPrm: '0000000000002000', CapAmb: '0000000000002000', Uid: '1 1 1 1', Gid: '4 4 4 4', Groups: '4 5' })
})
