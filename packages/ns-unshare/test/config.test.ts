// The OCI form: what is written, what is read back, and that other keys stay.
import t from 'tap'
import { newConfig, type OciConfig } from '@srcon/kit/config'
import { scanLink } from '@srcon/kit/scan'
import { configure, fromConfig } from '../src/config.ts'
import { table } from '../src/options.ts'
import { readWords } from '../src/request.ts'
import { steps } from '../src/steps.ts'
import { root, user } from './fixtures/facts.ts'

const read = (words: string) => readWords(scanLink(table, words.split(' ').filter(Boolean), true).link)

t.test('OCI words for what OCI knows', async t => {
  t.strictSame(configure(newConfig(), read('-UpmuinCT --map-users 0:100000:65536 --map-groups 0:100000:65536 --hostname box --monotonic 5'), root), {
    ociVersion: '1.2.0',
    linux: {
      namespaces: ['user', 'pid', 'mount', 'uts', 'ipc', 'network', 'cgroup', 'time'].map(type => ({ type })),
      uidMappings: [{ containerID: 0, hostID: 100_000, size: 65_536 }],
      gidMappings: [{ containerID: 0, hostID: 100_000, size: 65_536 }],
      timeOffsets: { monotonic: { secs: 5 } },
    },
    hostname: 'box',
  })
  t.strictSame(configure(newConfig(), read('-p --mount-proc'), root).mounts, [{ destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] }])
})

t.test('annotations only for what OCI has no word for', async t => {
  const of = (words: string) => configure(newConfig(), read(words), root).annotations
  t.equal(of('-UpmuinCT -r --hostname x'), undefined)
  t.strictSame(of('--net=/run/x'), { 'dev.srcon.ns-unshare.files': '{"net":"/run/x"}' })
  t.strictSame(of('-p --no-init'), { 'dev.srcon.ns-unshare.init': 'false' })
  t.strictSame(of('--setgroups deny --propagation slave --loopback'), { 'dev.srcon.ns-unshare.setgroups': '"deny"', 'dev.srcon.ns-unshare.propagation': '"slave"', 'dev.srcon.ns-unshare.loopback': 'true' })
})

t.test('other keys stay, namespaces are merged', async t => {
  const config: OciConfig = { ociVersion: '1.0.2', root: { path: 'x' }, linux: { namespaces: [{ type: 'mount' }, { type: 'network', path: '/run/n' }], maskedPaths: ['/p'] }, more: 1 }
  t.strictSame(configure(config, read('--net --uts'), root), { ...config, linux: { namespaces: [{ type: 'mount' }, { type: 'uts' }, { type: 'network' }], maskedPaths: ['/p'] } })
})

t.test('pipe and chain make the same steps', async t => {
  for (const facts of [root, user]) {
    for (const words of ['-UpmuinCT', '-r', '-c', '-c --map-users auto', '-r --map-users auto', '--map-users 0:100000:10 --map-groups 0:100000:10', '-p --no-init', '-p --init', '--hostname box', '-U --setgroups deny', '--propagation slave', '--monotonic 5 --boottime=-3', '--loopback', '--net=/n --pid=/p --user=/u']) {
      const has = { ...facts, subuid: user.subuid, subgid: user.subgid }
      const piped = fromConfig(JSON.parse(JSON.stringify(configure(newConfig(), read(words), has))) as OciConfig)
      const [one, two] = [steps(piped ?? {}, has, []), steps(read(words), has, [])]
      // Becoming oneself is said in words only where another id could be meant.
      const said = JSON.stringify(two.map(step => (words === '-c' ? { ...step, uid: undefined, gid: undefined } : step)))
      t.equal(JSON.stringify(one), said, words)
    }
  }
})

t.test('configs of others', async t => {
  t.equal(fromConfig(newConfig()), undefined)
  t.strictSame(fromConfig({ ociVersion: '1.0.2', hostname: 'runc', linux: { namespaces: [{ type: 'pid' }, { type: 'network' }, { type: 'mount' }] } }), { pid: true, net: true, mount: true, hostname: 'runc' })
  for (const [config, message] of [
    [{ linux: { namespaces: [{ type: 'network', path: '/run/n' }] } }, /joining the network namespace at \/run\/n/],
    [{ linux: { namespaces: [{ type: 'zone' }] } }, /unknown type 'zone'/],
    [{ linux: { namespaces: [{ type: 'time' }], timeOffsets: { realtime: { secs: 1 } } } }, /clock 'realtime'/],
    [{ linux: { namespaces: [{ type: 'time' }], timeOffsets: { monotonic: { secs: 1, nanosecs: 5 } } } }, /nanoseconds/],
  ] as const) t.throws(() => fromConfig({ ociVersion: '1.0.2', ...config }), { code: 'E_INPUT', message })
})
