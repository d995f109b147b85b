// Sources of root file systems that are on this host already, each to its end: `rootfs-fetch X | … | srcon run -- CMD`, as root and
// as an ordinary user. What comes out is what the kernel says inside.
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { isRoot, start, user } from './support/probe.ts'

const dir = mkdtempSync(join(tmpdir(), 'srcon-roots-'))
chmodSync(dir, 0o755)
t.teardown(() => rmSync(dir, { recursive: true, force: true }))
/** A config that is built up has only the namespaces that it says, and who is not root needs one of users. */
const callers = [{ name: 'caller', how: {}, ns: isRoot ? 'ns-unshare --pid --mount | ' : 'ns-unshare --map-root-user --pid --mount --net | ' }, ...(isRoot ? [{ name: 'user', how: { as: user }, ns: 'ns-unshare --map-root-user --pid --mount --net | ' }] : [])]
const busybox = spawnSync('busybox', ['--list']).status === 0 && spawnSync('sh', ['-c', 'ldd "$(command -v busybox)"']).status !== 0
const noBusybox = busybox ? false : 'there is no static busybox here: apt-get install busybox-static'

/** A pipe of tools, and a cache of the caller's own. */
function pipe(line: string, { name, how }: (typeof callers)[number]) {
  const cache = join(dir, `cache-${name}`)
  mkdirSync(cache, { recursive: true, mode: 0o700 })
  if ('as' in how && how.as) spawnSync('chown', [`${how.as.uid}`, cache])
  return start(['sh', '-c', line], { ...how, env: { SRCON_CACHE: cache }, cwd: '/' })
}

for (const caller of callers) {
  t.test(`busybox, ${caller.name}`, { skip: noBusybox }, async t => {
    const { stdout, stderr, status } = pipe('rootfs-fetch busybox | srcon run -- sh -c ". /etc/os-release; echo \\$ID; ls /; stat -c %a /tmp; id -u; echo x > /tmp/x && cat /tmp/x"', caller)
    t.match({ status, stdout }, { status: 0, stdout: /^busybox\nbin\ndev\netc\nhome\nproc\nroot\nrun\nsbin\nsys\ntmp\nusr\nvar\n1777\n0\nx\n$/ }, stderr)
    const through = pipe(`rootfs-fetch busybox | ${caller.ns}chroot-fs --proc --overlay | srcon run -- sh -c "cat /etc/os-release | head -1; echo new > /etc/new; cat /etc/new"`, caller)
    t.match(through, { status: 0, stdout: 'ID=busybox\nnew\n' }, 'through another tool')
    const tree = pipe('rootfs-fetch busybox', caller).stdout.trim()
    t.throws(() => statSync(join(tree, 'etc/new')), { code: 'ENOENT' }, 'the tree is not written')
  })

  t.test(`dir, ${caller.name}`, { skip: noBusybox }, async t => {
    const tree = pipe('rootfs-fetch busybox', caller).stdout.trim()
    for (const form of [`dir:${tree}`, `dir ${tree}`]) t.match(pipe(`rootfs-fetch ${form} | srcon run -- cat /etc/os-release`, caller), { status: 0, stdout: /^ID=busybox\n/ }, form)
    const told = JSON.parse(pipe(`rootfs-fetch dir ${tree} --json`, caller).stdout) as unknown
    t.match(told, { path: tree, use: 'own', digests: [], facts: { shell: true, os: { id: 'busybox' } } })
  })

  t.test(`host, ${caller.name}`, async t => {
    const release = readFileSync('/etc/os-release', 'utf8')
    const words = 'sh -c "cat /etc/os-release; touch /etc/srcon-x /usr/srcon-x; ls -A /root /home; exit 0" 2>&1'
    const plain = start(['srcon', 'run', '-n', '--', 'sh', '-c', 'cat /proc/self/mountinfo | grep -v cgroup | wc -l'], caller.how)
    for (const line of [`rootfs-fetch host | srcon run -- ${words}`, `rootfs-fetch host | ${caller.ns}chroot-fs --tmpfs /mnt | srcon run -- ${words}`, `rootfs-fetch host --config new | srcon run -- ${words}`]) {
      const { status, stdout, stderr } = pipe(line, caller)
      t.equal(status, 0, stderr)
      t.ok(stdout.startsWith(release), line)
      t.match(stdout.slice(release.length), /'\/etc\/srcon-x'.*\n.*'\/usr\/srcon-x'.*\n\/home:\n\n\/root:\n$/, 'nothing is written, nothing private is seen')
    }
    for (const path of ['/etc/srcon-x', '/usr/srcon-x']) t.throws(() => statSync(path), { code: 'ENOENT' })
    const same = pipe('rootfs-fetch host | srcon run -- sh -c "cat /proc/self/mountinfo | grep -v cgroup | wc -l"', caller)
    t.equal(same.stdout, plain.stdout, 'as many mounts as srcon run has by itself')
  })
}

t.test('the view of the host is of / alone', async t => {
  const config = (root: string, more: object = {}) => JSON.stringify({ ociVersion: '1.2.0', root: { path: root }, annotations: { 'dev.srcon.chroot-fs.host': 'true', ...more } })
  writeFileSync(join(dir, 'a.json'), config('/usr'))
  writeFileSync(join(dir, 'b.json'), config('/', { 'dev.srcon.chroot-fs.overlay': '{}' }))
  t.match(start(['srcon', 'run', '--config', join(dir, 'a.json'), '--', 'true']), { status: 125, stderr: /host is not usable\n {2}why: root\.path is '\/usr'/ })
  t.match(start(['srcon', 'run', '--config', join(dir, 'b.json'), '--', 'true']), { status: 125, stderr: /cannot be the lower layer/ })
  t.match(start(['sh', '-c', `rootfs-fetch host | srcon bundle ${dir}/bundle -- true`], { env: { SRCON_CACHE: join(dir, 'cache-caller') } }), { status: 125, stderr: /a runtime would leave out/ })
})
