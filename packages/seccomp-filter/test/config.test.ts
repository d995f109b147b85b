// Options to a config and back; other keys stay; what cannot be read exactly is refused.
import t from 'tap'
import type { OciConfig } from '@srcon/kit/config'
import { configure, fromConfig } from '../src/config.ts'
import { presets, type FilterOptions } from '../src/index.ts'
import { steps } from '../src/steps.ts'
import { closedHost, host, noChroot } from './fixtures/host.ts'

const base: OciConfig = { ociVersion: '1.2.0', hostname: 'h', process: { args: ['sh'], rlimits: [] }, linux: { namespaces: [{ type: 'pid' }], seccomp: { defaultAction: 'SCMP_ACT_KILL' } } }

t.test('a preset is written as a whole OCI object', async t => {
  const made = configure(base, { profile: 'default' }, closedHost)
  t.strictSame(made, { ...base, process: { ...base.process, noNewPrivileges: true }, linux: { namespaces: [{ type: 'pid' }], seccomp: presets['default']?.oci } })
  t.strictSame(configure(base, { profile: 'none' }, closedHost), { ...base, linux: { namespaces: [{ type: 'pid' }] } })
  t.strictSame(configure({ ociVersion: '1.2.0' }, { noNewPrivs: false, profile: 'srcontainer' }, closedHost), { ociVersion: '1.2.0', linux: { seccomp: presets['srcontainer']?.oci } })
})

t.test('and read back as the same options, so the same steps', async t => {
  const cases: FilterOptions[] = [{ profile: 'default' }, { profile: 'srcontainer', log: true }, { profile: 'default', noNewPrivs: false }, { policy: noChroot }, { policy: noChroot, widths: 'register', log: true }]
  for (const options of cases) {
    const config = JSON.parse(JSON.stringify(configure({ ociVersion: '1.2.0' }, options, host()))) as OciConfig
    const again = fromConfig(config)
    t.ok(again)
    const unnamed = (o: FilterOptions): unknown => steps(o, host())
    t.strictSame(unnamed(again ?? {}), unnamed(options), JSON.stringify(options).slice(0, 60))
  }
  t.equal(fromConfig({ ociVersion: '1.2.0' }), undefined)
  t.equal(fromConfig({ ociVersion: '1.2.0', linux: {} }), undefined)
  t.strictSame(fromConfig({ ociVersion: '1.2.0', linux: { seccomp: noChroot } }), { policy: noChroot, noNewPrivs: false }, 'a config says itself whether no_new_privs is set')
})

t.test('a Docker profile becomes plain', async t => {
  const docker = {
    defaultAction: 'SCMP_ACT_ERRNO', archMap: [{ architecture: 'SCMP_ARCH_X86_64', subArchitectures: ['SCMP_ARCH_X86'] }],
    syscalls: [{ names: ['read'], action: 'SCMP_ACT_ALLOW', comment: 'c' }, { name: 'bpf', action: 'SCMP_ACT_ALLOW', includes: { caps: ['CAP_BPF'] } }],
  }
  const facts = host({ './docker.json': JSON.stringify(docker) })
  const seccomp = (options: FilterOptions): unknown => configure({ ociVersion: '1.2.0' }, { profile: './docker.json', ...options }, facts).linux?.seccomp
  const plain = { defaultAction: 'SCMP_ACT_ERRNO', architectures: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86'], syscalls: [{ names: ['read'], action: 'SCMP_ACT_ALLOW' }] }
  t.strictSame(seccomp({}), plain)
  t.strictSame(seccomp({ caps: ['CAP_BPF'] }), { ...plain, syscalls: [...plain.syscalls, { names: ['bpf'], action: 'SCMP_ACT_ALLOW' }] })
})

t.test('values beyond 2^53 are not rounded but refused', async t => {
  const policy = (value: string): string => `{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mmap"],"action":"SCMP_ACT_LOG","args":[{"index":0,"value":${value},"op":"SCMP_CMP_EQ"}]}]}`
  const refused = { code: 'E_INPUT', message: /larger than 2\^53/, hint: /--profile FILE/ }
  t.throws(() => fromConfig({ ociVersion: '1.2.0', linux: { seccomp: JSON.parse(policy('18446744073709551615')) as Record<string, unknown> } }), refused)
  const facts = host({ './big.json': policy('18446744073709551615'), './small.json': policy('9007199254740991') })
  t.throws(() => configure({ ociVersion: '1.2.0' }, { profile: './big.json' }, facts), refused)
  t.doesNotThrow(() => configure({ ociVersion: '1.2.0' }, { profile: './small.json' }, facts))
  t.equal(steps({ profile: './big.json' }, facts).length, 2, 'a chain passes the text on as it is')
})

t.test('a policy of the terse form is written in OCI, exactly or not at all', async t => {
  const files = {
    './own.policy': 'default errno EPERM\nchmod(mode & S_ISUID != 0): errno EACCES\nallow chmod read\nflags log\n',
    './order.policy': 'default errno EPERM\nsocket(domain in AF_UNIX, AF_INET): allow\nsocket: errno EACCES\n',
    './x.bpf': '\u0006\0\0\0\0\0\0\0',
  }
  const made = configure({ ociVersion: '1.2.0' }, { profile: './own.policy' }, host(files)).linux?.seccomp
  t.match(made, { defaultAction: 'SCMP_ACT_ERRNO', defaultErrnoRet: 1, flags: ['SECCOMP_FILTER_FLAG_LOG'] })
  const mode = { index: 1, value: 0o4000, op: 'SCMP_CMP_MASKED_EQ' }
  t.match(made, { syscalls: [{ names: ['chmod'], action: 'SCMP_ACT_ERRNO', errnoRet: 13, args: [{ ...mode, valueTwo: 0o4000 }] }, { names: ['chmod'], action: 'SCMP_ACT_ALLOW', args: [{ ...mode, valueTwo: 0 }] }, { names: ['read'], action: 'SCMP_ACT_ALLOW' }] })
  t.throws(() => configure({ ociVersion: '1.2.0' }, { profile: './order.policy' }, host(files)), { message: /^\.\/order\.policy:3: .*several conditions on one argument/ })
  t.throws(() => configure({ ociVersion: '1.2.0' }, { profile: './x.bpf' }, host(files)), { message: /x\.bpf: a config holds a policy, and this is a program/ })
})
