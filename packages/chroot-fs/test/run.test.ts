// The whole way: words, plan, launcher, and then the kernel is asked. Positive controls beside every wall.
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { readFacts } from '../src/facts.ts'
import { hostRoot } from '../src/host-root.ts'
import { checkRoot, type RootOptions } from '../src/read.ts'
import type { ChrootOptions } from '../src/root-options.ts'
import { steps } from '../src/steps.ts'
import { asUser, chrootFs, explained, launched, makeRoot, noUserNamespaces, notRoot, ordinary, type Ended } from './fixtures/run.ts'

const mountinfo = (): string => readFileSync('/proc/self/mountinfo', 'utf8')

/** Carries options out as root, or as an ordinary user in namespaces of its own. */
function run(options: ChrootOptions, script: string, types?: readonly string[]): Ended {
  const before = types ? asUser(...types) : []
  return launched([...before, ...steps(options, readFacts(), before)], script, types ? { uid: ordinary } : {})
}
const callers = [['root', undefined], ['an ordinary user', ['net']]] as const
const unless = (who: string) => (who === 'root' ? notRoot : noUserNamespaces)

/** A root for one test; the options put this host's programs into it. */
function rootFor(t: Test, options: RootOptions = {}): { readonly path: string; readonly folder: string; readonly options: ChrootOptions } {
  const { path, folder, programs, remove } = makeRoot()
  t.teardown(remove)
  return { path, folder, options: checkRoot(path, { ...options, rbind: [...programs, ...[options.rbind ?? []].flat()] }) }
}

for (const [who, types] of callers) {
  t.test(`as ${who}`, { skip: unless(who) }, async t => {
    t.test('the root is that directory and the old one is gone', async t => {
      const { path, options } = rootFor(t, { proc: true, sys: true, dev: true })
      const before = mountinfo()
      const { status, stdout, stderr } = run(options, 'stat -c %i /; pwd; grep -c " / / " /proc/self/mountinfo; ls /dev | tr "\\n" " "; echo; cut -d" " -f5- /proc/self/mountinfo', types)
      t.equal(status, 0, stderr)
      const [inode, cwd, , devices, ...mounts] = stdout.trim().split('\n')
      t.equal(Number(inode), statSync(path).ino)
      t.equal(cwd, '/')
      t.equal(devices?.trim(), 'fd full null ptmx pts random shm stderr stdin stdout tty urandom zero')
      t.notOk(mounts.some(line => /shared:|master:/.test(line)), 'all private')
      t.notOk(mounts.some(line => line.includes(path)), 'nothing of the old tree')
      t.equal(mountinfo(), before, 'the host is as it was')
    })

    t.test('devices work and no more are there', async t => {
      const { options } = rootFor(t, { proc: true, dev: true })
      const script = 'echo x > /dev/null; head -c3 /dev/zero | wc -c; head -c3 /dev/urandom | wc -c; echo x 2>&1 > /dev/full || echo full; ls -l /dev/null | cut -c1; mknod /dev/shm/m c 1 1 2>/dev/null && cat /dev/shm/m; test -e /dev/ptmx && echo ptmx'
      t.match(run(options, script, types).stdout, /^3\n3\n.*full\nc\nptmx\n$/s)
    })

    t.test('binds, tmpfs and attributes', async t => {
      const { folder, options } = rootFor(t)
      const data = join(folder, 'data:1')
      mkdirSync(data)
      writeFileSync(join(data, 'f'), 'content')
      writeFileSync(join(data, 's'), '#!/bin/sh\nid -u\n')
      chmodSync(join(data, 's'), 0o4755)
      const { mounts } = checkRoot(undefined, { bind: [`${data.replace(':', '\\:')}:/d:ro,noexec`, `${join(data, 'f').replace(':', '\\:')}:/deep/er/f`], tmpfs: '/t:size=64k,mode=0750', proc: true })
      const script = 'cat /d/f /deep/er/f; echo; touch /d/x 2>&1; /d/s 2>&1; stat -c %a /t; dd if=/dev/zero of=/t/x bs=1k count=100 2>&1 | head -1; grep " /d " /proc/self/mountinfo | cut -d" " -f6'
      const { stdout, stderr } = run({ ...options, mounts: [...options.mounts, ...mounts] }, script, types)
      t.match(stdout, /^contentcontent\n/, stderr)
      t.match(stdout, /touch: .*Read-only file system\n/)
      t.match(stdout, /Permission denied\n750\n/)
      t.match(stdout, /^ro,nosuid,nodev,noexec/m)
    })

    t.test('a read-only root, masks and a working directory', async t => {
      const { path, options } = rootFor(t, { proc: true, readOnly: true, tmpfs: '/t', mask: ['/secret', '/dir'], defaultMasks: true, workdir: '/t' })
      mkdirSync(join(path, 'dir'))
      for (const file of ['secret', 'dir/x', 'plain']) writeFileSync(join(path, file), 'open')
      const script = 'pwd; cat /plain /secret; ls -A /dir; touch /x 2>&1; touch /t/x && echo yes; head -c1 /proc/kallsyms /proc/keys; echo 1 2>&1 > /proc/sys/vm/drop_caches; find /proc/sys -type f -writable'
      const { stdout, stderr } = run(options, script, types)
      t.match(stdout, /^\/t\nopen.*Read-only file system\nyes\n/s, stderr)
      t.notMatch(stdout.replace('open', ''), /open/)
      t.notMatch(stdout, /^\/proc\/sys\//m, 'nothing of it is writable')
    })

    t.test('this host\'s own tree', async t => {
      const { status, stdout, stderr } = run(hostRoot(), 'touch /tmp/x && ls /tmp /home /root /run; touch /usr/x /etc/x; ls /dev | wc -l; stat -c %i /', types)
      t.equal(status, 0)
      t.match(stdout, /^\/home:\n\n\/root:\n\n\/run:\n\n\/tmp:\nx\n13\n/)
      t.equal(Number(stdout.trim().split('\n').at(-1)), statSync('/').ino)
      t.match(stderr, /'\/usr\/x': Read-only file system\n.*'\/etc\/x': Read-only file system/)
    })

    t.test('the cgroup tree', { skip: readFacts().cgroup === undefined && 'no cgroups here' }, async t => {
      const { options } = rootFor(t, { sys: true, cgroups: true, proc: true, dev: true })
      const before = mountinfo()
      const { stdout, stderr } = run(options, 'ls /sys/fs/cgroup | sort | tr "\\n" " "; echo; for d in /sys/fs/cgroup /sys/fs/cgroup/*/; do mkdir $d/srcon-never 2>&1 | grep -v Read-only; done; echo tried; umount -l /sys/fs/cgroup && echo gone', types)
      t.equal(stdout.split('\n')[0]?.trim(), readdirSync('/sys/fs/cgroup').sort().join(' '), stderr)
      t.match(stdout, /\ntried\ngone\n$/, 'nothing of it is writable')
      t.equal(mountinfo(), before, 'taking the copy down does not take the host\'s down')
    })

    t.test('a root that wants out', async t => {
      const { path, folder, options } = rootFor(t)
      const outside = join(folder, 'outside')
      mkdirSync(outside)
      chmodSync(outside, 0o777)
      const proc = { ...options, mounts: [...options.mounts, ...checkRoot(path, { proc: true }).mounts] }
      symlinkSync(outside, join(path, 'proc'))
      symlinkSync(`../../../../../../..${outside}`, join(path, 'mnt'))
      t.match(run(proc, 'true', types).status, 125)
      t.equal(run({ ...options, mounts: [...options.mounts, ...checkRoot(path, { tmpfs: '/mnt/x' }).mounts] }, 'true', types).status, 125)
      t.strictSame(readdirSync(outside), [], 'nothing was made outside')
      unlinkSync(join(path, 'proc'))
      t.equal(run(proc, 'test -e /proc/self/ns/mnt', types).status, 0, 'the control: an ordinary directory')
    })
  })
}

t.test('chains of roots', { skip: notRoot }, async t => {
  const { path, options } = rootFor(t)
  const inner = join(path, 'inner')
  mkdirSync(inner)
  const second = checkRoot('inner', { rbind: options.mounts.map(({ target }) => `${target}:${target}`) })
  for (const name of readdirSync(path)) if (statSync(join(path, name), { throwIfNoEntry: false })?.isDirectory() !== true) symlinkSync(`usr/${name}`, join(inner, name))
  const { status, stdout, stderr } = launched([...steps(options, readFacts(), []), ...steps(second, readFacts(), [])], 'stat -c %i /')
  t.equal(status, 0, stderr)
  t.equal(Number(stdout), statSync(inner).ino, 'the second is looked up in the first')
})

/** Case 28 of the security bar. */
t.test('the classic escape', { skip: notRoot }, async t => {
  const script = 'mkdir -p /x && exec python3 -c "import os\nd=os.open(\'/\',0)\nos.chroot(\'/x\')\nos.fchdir(d)\nfor _ in range(64): os.chdir(\'..\')\nos.chroot(\'.\')\nprint(os.stat(\'/\').st_ino)"'
  const { path, options } = rootFor(t, { proc: true })
  t.equal(Number(run(options, script).stdout), statSync(path).ino, 'contained')
  const bare = launched([{ do: 'fs.chroot', path: '/proc/self/cwd' }], script, { cwd: '/' })
  t.equal(Number(bare.stdout), statSync('/').ino, 'the control: chroot alone is left')
})

t.test('words on the command line', { skip: notRoot }, async t => {
  const { path, programs, remove } = makeRoot()
  t.teardown(remove)
  const binds = programs.flatMap(each => ['--rbind', each])
  const before = mountinfo()
  t.match(chrootFs([path, ...binds, '--proc', '--', 'sh', '-c', 'stat -c %i /; exit 7']), { status: 7, stdout: `${statSync(path).ino}\n`, stderr: '' })
  t.match(chrootFs(['./root', ...binds, '-w', '/usr', '--', 'pwd'], { cwd: join(path, '..') }), { status: 0, stdout: '/usr\n' })
  t.match(chrootFs([path, ...binds, '--chroot', '--', 'stat', '-c', '%i', '/']), { stdout: `${statSync(path).ino}\n` })
  t.match(chrootFs(['--tmpfs', '/tmp', '--', 'ls', '-A', '/tmp']), { status: 0, stdout: '' })
  t.match(chrootFs([path, '--', 'sh']), { status: 127 })
  t.match(chrootFs(['./nowhere', '--', 'sh']), { status: 125, stdout: '', stderr: /cannot open \.\/nowhere: ENOENT.*\n {2}why: \.\/nowhere does not exist/ })
  t.match(chrootFs([path, '--bind', '/etc/passwd:/usr2/', '--proc=1', '--', 'sh']), { status: 125, stderr: /--proc/ })
  t.match(chrootFs([path, '--', 'true'], { uid: ordinary }), { status: 125, stderr: /cannot make a mount namespace: EPERM.*\n {2}why: .*CAP_SYS_ADMIN.*\n {2}fix: put ns-unshare/ })
  t.equal(mountinfo(), before)
})

t.test('filter', { skip: notRoot }, async t => {
  const { status, stdout } = chrootFs(['./r', '--proc'], { input: '{"ociVersion":"1.2.0","hostname":"x"}', cwd: '/tmp' })
  t.equal(status, 0)
  t.match(JSON.parse(stdout), { hostname: 'x', root: { path: '/tmp/r' }, mounts: [{ destination: '/proc' }] })
})

t.test('a masked proc', { skip: noUserNamespaces }, async t => {
  const before = asUser()
  const plan = [...before, { do: 'fs.own-mounts' }, { do: 'fs.private' }]
  const proc = { do: 'fs.mount', type: 'proc', target: '/proc' }
  const masked = { uid: ordinary, first: 'mount -t tmpfs mask /proc/fs' }
  t.equal(launched([...plan, proc], 'true', { uid: ordinary }).status, 0, 'the control: one that hides nothing')
  t.equal(launched([...plan, proc], 'true', masked).status, 125, 'mount too revealing')
  const said = explained({ step: proc, index: plan.length, steps: [...plan, proc], syscall: 'fsmount', errno: 1, code: 'EPERM', path: '/proc', note: '' }, masked)
  t.match(said, { what: 'cannot mount proc on /proc: EPERM (fsmount)', why: /is masked \(\/proc\/fs\), and a user namespace may only mount a proc that hides nothing/, fix: /--bind-proc/ })
  const bind = steps(checkRoot(undefined, { bindProc: true }), readFacts(), before)
  t.equal(launched([...before, ...bind], 'test -e /proc/self/status', masked).status, 0, 'the remedy works')
})
