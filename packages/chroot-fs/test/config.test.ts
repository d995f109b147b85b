// The config form: OCI's mounts, other keys untouched, and back without loss.
import { newConfig, type OciMount } from '@srcon/kit/config'
import t from 'tap'
import { configure, fromConfig } from '../src/config.ts'
import { hostRoot } from '../src/host-root.ts'
import { checkRoot, type RootOptions } from '../src/read.ts'
import { onHost } from './fixtures/facts.ts'

const config = (root: string | undefined, options: RootOptions) => configure(newConfig(), checkRoot(root, options), onHost)
const one = (mount: OciMount) => fromConfig({ ...newConfig(), mounts: [mount] })?.mounts[0]

/** `runc spec`, as of 1.2; the mounts of `runc spec --rootless` differ by the last three. */
const spec: readonly OciMount[] = [
  { destination: '/proc', type: 'proc', source: 'proc' },
  { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'] },
  { destination: '/dev/pts', type: 'devpts', source: 'devpts', options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'] },
  { destination: '/dev/shm', type: 'tmpfs', source: 'shm', options: ['nosuid', 'noexec', 'nodev', 'mode=1777', 'size=65536k'] },
  { destination: '/dev/mqueue', type: 'mqueue', source: 'mqueue', options: ['nosuid', 'noexec', 'nodev'] },
  { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['nosuid', 'noexec', 'nodev', 'ro'] },
  { destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup', options: ['nosuid', 'noexec', 'nodev', 'relatime', 'ro'] },
  { destination: '/sys', type: 'none', source: '/sys', options: ['rbind', 'nosuid', 'noexec', 'nodev', 'ro'] },
  { destination: '/etc/resolv.conf', type: 'bind', source: '/etc/resolv.conf', options: ['bind', 'rprivate', 'ro'] },
  { destination: 'relative/', type: 'tmpfs' },
]

t.test('what is written', async t => {
  t.match(config('./alpine', { proc: true, bind: './d:/data:ro', readOnly: true, workdir: '/data', mask: '/secret' }), {
    root: { path: '/work/alpine', readonly: true },
    mounts: [{ destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'nodev', 'noexec'] }, { destination: '/data', type: 'bind', source: '/work/d', options: ['bind', 'ro', 'nosuid', 'nodev'] }],
    process: { cwd: '/data' },
    linux: { maskedPaths: ['/secret'] },
  })
  t.strictSame(config(undefined, { rbind: '/sys:/sys:ro' }).mounts?.[0]?.options, ['rbind', 'rro', 'rnosuid', 'rnodev'])
  t.strictSame(config(undefined, {}), newConfig(), 'nothing said, nothing written')
})

t.test('what is not ours stays', async t => {
  const before = { ...newConfig(), hostname: 'x', root: { path: '/old', extra: 1 }, mounts: [{ destination: '/keep' }, { destination: '/t', type: 'bind' }], process: { args: ['sh'], cwd: '/' }, linux: { maskedPaths: ['/m'], namespaces: [] }, annotations: { a: 'b' } }
  const after = configure(before, checkRoot(undefined, { tmpfs: '/t', defaultMasks: true }), onHost)
  t.match(after, { hostname: 'x', root: { path: '/old', extra: 1 }, mounts: [{ destination: '/keep' }, { destination: '/t', type: 'tmpfs' }], process: { args: ['sh'], cwd: '/' }, linux: { namespaces: [] }, annotations: { a: 'b' } })
  t.equal(after.mounts?.length, 2, 'a mount on the same target is replaced')
  t.equal(after.linux?.maskedPaths?.[0], '/m')
  t.equal(configure(before, checkRoot(undefined, { readOnly: true }), onHost).root?.readonly, true)
})

t.test('there and back are the same options', async t => {
  const many: readonly RootOptions[] = [{}, { proc: true, dev: true, sys: true, cgroups: 'rw' }, { cgroups: true }, { bindProc: true }, { bind: ['/a:/b:ro,noexec', '/c:/d:suid,dev'], rbind: '/e:/f:nosymfollow' }, { tmpfs: '/t:ro,size=1m,noswap' }, { readOnly: true, workdir: '/w' }, { chroot: true }, { defaultMasks: true, mask: '/x' }]
  for (const options of many) {
    const wanted = checkRoot('/r', options)
    t.strictSame(fromConfig(configure(newConfig(), wanted, onHost)), wanted, JSON.stringify(options))
  }
  t.strictSame(fromConfig(config(undefined, { readOnly: true })), checkRoot(undefined, { readOnly: true }))
  t.strictSame(fromConfig(configure(newConfig(), hostRoot(), onHost)), hostRoot())
})

t.test('configs of others', async t => {
  t.equal(fromConfig(newConfig()), undefined)
  t.equal(fromConfig({ ...newConfig(), hostname: 'x', process: { args: ['sh'] } }), undefined)
  const { mounts } = fromConfig({ ...newConfig(), root: { path: 'rootfs', readonly: true }, mounts: spec, linux: { rootfsPropagation: 'rprivate' } }) ?? { mounts: [] }
  t.strictSame(mounts.map(({ type }) => type), ['proc', 'tmpfs', 'devpts', 'tmpfs', 'mqueue', 'sysfs', 'cgroup', 'bind', 'bind', 'tmpfs'])
  t.match(mounts[2], { options: { newinstance: true, ptmxmode: '0666', mode: '0620', gid: '5' }, attributes: ['nosuid', 'noexec'] })
  t.match(mounts[3], { options: { source: 'shm' } })
  t.match(mounts[7], { source: '/sys', recursive: true, attributes: ['ro', 'nosuid', 'nodev', 'noexec'] })
  t.equal(mounts[9]?.target, '/relative')
  t.strictSame(one({ destination: '/x', type: 'tmpfs', options: ['ro', 'rw', 'noexec', 'exec', 'noatime', 'strictatime'] })?.attributes, ['strictatime'], 'the last word counts')
  t.match(one({ destination: '/x', source: '/y', options: ['rbind', 'rslave', 'rro'] }), { slave: true, recursiveAttributes: ['ro'] })
})

t.test('what nobody carries out is an error', async t => {
  for (const [mount, why] of [
    [{ type: 'ext4', source: '/dev/sda' }, /the type 'ext4'/],
    [{ type: 'overlay', options: ['lowerdir=/a'] }, /the type 'overlay'/],
    [{}, /the type ''/],
    [{ type: 'bind' }, /needs a source/],
    [{ type: 'bind', source: '/a', options: ['rshared'] }, /'rshared'/],
    [{ type: 'bind', source: '/a', options: ['idmap'] }, /'idmap'/],
    [{ type: 'bind', source: '/a', options: ['size=1'] }, /no option of a bind/],
    [{ type: 'tmpfs', options: ['tmpcopyup'] }, /'tmpcopyup'/],
    [{ type: 'tmpfs', options: ['size='] }, /'size=' is no option/],
    [{ type: 'bind', source: '/a', uidMappings: [] }, /id-mapped/],
  ] as const) t.throws(() => one({ destination: '/x', ...mount }), { code: 'E_INPUT', why }, JSON.stringify(mount))
  t.throws(() => one({ destination: '/..', type: 'tmpfs' }), { code: 'E_INPUT', why: /root itself/ })
  t.throws(() => fromConfig({ ...newConfig(), linux: { rootfsPropagation: 'shared' } }), { code: 'E_INPUT' })
  t.throws(() => fromConfig({ ...newConfig(), process: { cwd: 'x' } }), { code: 'E_INPUT' })
  t.throws(() => fromConfig({ ...newConfig(), linux: { devices: [{ path: '/dev/null' }, { path: '/dev/fuse' }] } }), { code: 'E_INPUT', message: /\/dev\/fuse/ })
  t.equal(fromConfig({ ...newConfig(), linux: { devices: [{ path: '/dev/null' }] } }), undefined)
  t.throws(() => fromConfig({ ...newConfig(), annotations: { 'dev.srcon.chroot-fs.root-attributes': '"ro"' } }), { code: 'E_INPUT' })
  t.throws(() => configure(newConfig(), checkRoot('./r', {}), { ...onHost, cwd: undefined }), { code: 'E_HOST', why: /directory is gone/ })
})
