// Options to steps: the one order that works, and what depends on the host.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { readFacts } from '../src/facts.ts'
import { hostRoot } from '../src/host-root.ts'
import { checkRoot, type RootOptions } from '../src/read.ts'
import { steps } from '../src/steps.ts'
import { inside, onHost, own, pid, user } from './fixtures/facts.ts'

const of = (options: RootOptions, facts = onHost, before: Parameters<typeof steps>[2] = []) => steps(checkRoot('./r', options), facts, before)
const names = (list: ReturnType<typeof of>) => list.map(step => step.do)
const targets = (list: ReturnType<typeof of>) => list.filter(step => step.do === 'fs.mount' || step.do === 'fs.bind').map(step => step['target'])

t.test('the order', async t => {
  const all = of({ tmpfs: '/t', bind: 'a:/a', mask: '/m', defaultMasks: true, readOnly: true, proc: true, workdir: '/t' })
  t.strictSame([...new Set(names(all))], ['fs.own-mounts', 'fs.private', 'fs.open', 'fs.attach', 'fs.mount', 'fs.bind', 'fs.mask', 'fs.read-only', 'fs.pivot', 'run.cwd'])
  t.strictSame(all.filter(step => step.do === 'fs.open').map(step => step['path']), ['./r', 'a'], 'relative as written')
  t.strictSame(all.at(-3), { do: 'fs.read-only' })
})

t.test('proc, sys and dev first, parents before children', async t => {
  t.strictSame(targets(of({ tmpfs: ['/a/b', '/a', '/z', '/dev/extra', '/a/b/c'], dev: true, proc: true })), ['/dev', '/dev/extra', '/dev/pts', '/dev/shm', '/proc', '/a', '/a/b', '/z', '/a/b/c'])
  t.strictSame(targets(of({ tmpfs: ['/a', '/a'] })), ['/a', '/a'])
  t.strictSame(targets(of({ tmpfs: ['/ab', '/a'] })), ['/ab', '/a'], 'a name that begins the same is not below')
})

t.test('a new /dev has its devices', async t => {
  const made = names(of({ dev: true }))
  t.equal(made[made.indexOf('fs.mount') + 1], 'fs.device')
  t.equal(made.filter(name => name === 'fs.device').length, 6)
  t.equal(made.filter(name => name === 'fs.symlink').length, 5)
})

t.test('a read-only tmpfs is closed when its places are made', async t => {
  const all = of({ tmpfs: ['/t:ro', '/t/x'] })
  t.strictSame(all.find(step => step['target'] === '/t')?.['attributes'], ['nosuid', 'nodev'])
  t.ok(all.findIndex(step => step.do === 'fs.read-only' && step['path'] === '/t') > all.findIndex(step => step['target'] === '/t/x'))
})

t.test('plain chroot', async t => {
  t.strictSame(of({ chroot: true, workdir: '/x' }), [{ do: 'fs.chroot', path: './r' }, { do: 'run.cwd', path: '/x' }])
  t.strictSame(of({ chroot: true, proc: true }).at(-1), { do: 'fs.chroot' })
})

const sysOf = (facts: typeof onHost, before: Parameters<typeof steps>[2]) => of({ sys: true }, facts, before).find(step => step['target'] === '/sys')?.do
t.test('sysfs where the network namespace is ours', async t => {
  t.equal(sysOf(onHost, []), 'fs.mount')
  t.equal(sysOf(onHost, [user]), 'fs.bind')
  t.equal(sysOf(onHost, [own('net'), user]), 'fs.bind', 'the outer one owns it')
  t.equal(sysOf(onHost, [user, own('uts', 'net')]), 'fs.mount')
  t.equal(sysOf(inside, []), 'fs.bind')
  t.equal(sysOf(inside, [own('net')]), 'fs.mount')
  const bind = of({ sys: true }, inside).find(step => step.do === 'fs.bind')
  t.strictSame(bind?.['recursiveAttributes'], ['ro', 'nosuid', 'nodev', 'noexec'], 'the present one is shown read-only as a whole')
})

t.test('nothing covers what others trust in /proc', async t => {
  for (const target of ['/proc/self/attr', '/proc/1/attr/current', '/proc/sys', '/proc']) t.throws(() => of({ bind: `/x:${target}` }), { code: 'E_REFUSED', why: /nothing else may lie over it/ }, target)
  t.throws(() => of({ tmpfs: '/proc' }), { code: 'E_REFUSED' })
  t.doesNotThrow(() => of({ proc: true, bind: '/x:/proc/meminfo' }))
  t.doesNotThrow(() => of({ bindProc: true, tmpfs: '/process' }))
})

t.test('the cgroup tree', async t => {
  const tree = (cgroup: 1 | 2 | undefined, before: Parameters<typeof steps>[2] = []) => of({ cgroups: true }, { ...onHost, cgroup }, before).find(step => step['target'] === '/sys/fs/cgroup')
  t.match(tree(1, [own('cgroup')]), { do: 'fs.bind', propagation: 'slave', recursiveAttributes: ['ro', 'nosuid', 'nodev', 'noexec', 'relatime'] })
  t.match(tree(2), { do: 'fs.bind' })
  t.match(tree(2, [user, own('cgroup')]), { do: 'fs.mount', type: 'cgroup2' })
  t.match(tree(2, [own('cgroup'), user]), { do: 'fs.bind' })
  t.throws(() => tree(undefined), { code: 'E_HOST', why: /no cgroup hierarchy/ })
})

t.test('terminals belong to group 5 only where there is one', async t => {
  const devpts = { mounts: [{ type: 'devpts', target: '/dev/pts', attributes: [], options: { gid: '5' } }], masks: [], readOnlyPaths: [] } as const
  const gid = (facts: typeof onHost, before: Parameters<typeof steps>[2]) => (steps(devpts, facts, before).find(step => step.do === 'fs.mount')?.['options'] as { gid?: string } | undefined)?.gid
  t.equal(gid(onHost, []), '5')
  t.equal(gid(inside, []), undefined)
  t.equal(gid(onHost, [user]), undefined)
  t.equal(gid(onHost, [{ ...user, gidMap: [{ inside: 0, outside: 100_000, count: 65_536 }] }]), '5')
})

t.test('the host\'s own tree', async t => {
  const all = steps(hostRoot(), onHost, [user, own('net'), pid])
  t.match(all.find(step => step.do === 'fs.attach'), { recursiveAttributes: ['ro', 'nosuid', 'nodev'] })
  t.match(targets(all), ['/proc', '/sys', '/dev', '/dev/pts', '/dev/shm', '/tmp', '/run', '/home', '/root', '/var/tmp'])
  t.strictSame(all.find(step => step['target'] === '/home'), { do: 'fs.mount', type: 'tmpfs', target: '/home', options: { mode: '755' }, attributes: ['nosuid', 'nodev'], optional: true })
  const more = hostRoot(checkRoot(undefined, { tmpfs: '/tmp:size=1m', mask: '/etc/ssh', workdir: '/tmp', bind: 'x:/srv' }))
  t.strictSame(more.mounts.filter(({ target }) => target === '/tmp').length, 1)
  t.match(more, { root: '/', workdir: '/tmp', masks: /\/etc\/ssh/ })
  t.equal(more.mounts.at(-1)?.target, '/srv')
})

t.test('a root with a lock beside it is held, first of all', async t => {
  const facts = { ...onHost, lockOf: (root: string) => (root === '/trees/a' ? '/trees/a.lock' : undefined) }
  t.strictSame(steps(checkRoot('/trees/a', {}), facts, [])[0], { do: 'fs.hold', path: '/trees/a.lock' })
  t.strictSame(steps(checkRoot('/trees/a', { chroot: true }), facts, []), [{ do: 'fs.hold', path: '/trees/a.lock' }, { do: 'fs.chroot', path: '/trees/a' }])
  t.equal(steps(checkRoot('/trees/b', {}), facts, [])[0]?.do, 'fs.own-mounts')
  const overlays = (root: string, options: Parameters<typeof checkRoot>[1]) => steps(checkRoot(root, options), facts, []).filter(step => step.do === 'fs.overlay')
  t.strictSame(overlays('/trees/a', {}), [{ do: 'fs.overlay', tree: 'root' }], 'and never written')
  t.strictSame(overlays('/trees/a', { overlay: 'size=1m' }), [{ do: 'fs.overlay', tree: 'root', size: '1m' }])
  for (const [root, options] of [['/trees/a', { readOnly: true }], ['/trees/a', { chroot: true, proc: true }], ['/trees/b', {}]] as const) t.strictSame(overlays(root, options), [], JSON.stringify(options))
  t.equal(steps(checkRoot(undefined, { tmpfs: ['/tmp'] }), { ...facts, lockOf: () => '/.lock' }, [])[0]?.do, 'fs.own-mounts', 'the host\'s own root is nobody\'s to remove')
  const folder = mkdtempSync(join(tmpdir(), 'chroot-fs-lock-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const root = join(folder, 'root')
  mkdirSync(root)
  t.equal(readFacts().lockOf?.(root), undefined)
  symlinkSync('/etc/passwd', `${root}.lock`)
  t.equal(readFacts().lockOf?.(root), undefined, 'never a link')
  rmSync(`${root}.lock`)
  writeFileSync(`${root}.lock`, '')
  t.equal(readFacts().lockOf?.(`${root}//`), `${root}.lock`)
})
