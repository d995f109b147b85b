// From options to steps: what is loaded, and when no_new_privs comes first.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { Ajv } from 'ajv'
import { scanLink } from '@srcon/kit/scan'
import type { Step } from '@srcon/kit/step'
import { filter, presets, type FilterOptions } from '../src/index.ts'
import { table } from '../src/options.ts'
import { read } from '../src/profile.ts'
import { steps, type LoadStep } from '../src/steps.ts'
import { words } from '../src/words.ts'
import { closedHost, host, noChroot } from './fixtures/host.ts'

const optionsOf = (...own: string[]): FilterOptions => read(scanLink(table, own, true).link)
const last = (made: readonly Step[]): LoadStep => made.at(-1) as LoadStep

t.test('words', async t => {
  t.strictSame(optionsOf(), {})
  t.strictSame(optionsOf('-p', 'srcontainer', '--log', '--no-no-new-privs'), { profile: 'srcontainer', log: true, noNewPrivs: false })
  t.strictSame(optionsOf('--caps', 'CAP_SYS_ADMIN,net_raw', '--widths=register'), { caps: ['CAP_SYS_ADMIN', 'CAP_NET_RAW'], widths: 'register' })
  t.strictSame(optionsOf('--caps=none', '--widths=kernel'), { caps: [] })
  t.throws(() => optionsOf('--caps', 'a b'), { code: 'E_USAGE', message: /--caps: 'a b'/ })
  t.throws(() => optionsOf('--widths', 'half'), { code: 'E_USAGE' })
})

t.test('a preset needs neither compiler nor file', async t => {
  for (const profile of ['default', 'srcontainer']) {
    const made = steps({ profile }, closedHost)
    t.strictSame(made, [{ do: 'caps.no-new-privs' }, { do: 'seccomp.load', source: profile, arch: 'x86_64', program: presets[profile]?.programs['x86_64'] }])
    t.equal(last(steps({ profile }, { ...closedHost, arch: 'aarch64' })).program, presets[profile]?.programs['aarch64'])
  }
  t.strictSame(steps({}, closedHost), steps({ profile: 'default' }, closedHost))
  t.strictSame(steps({ profile: 'none' }, closedHost), [])
})

t.test('the compiler makes the same of them', async t => {
  for (const [name, { programs }] of Object.entries(presets)) {
    for (const arch of ['x86_64', 'aarch64']) {
      const made = last(steps({ profile: './own.policy' }, host({ './own.policy': `extends ${name}\n` }, { arch })))
      t.equal(made.program, programs[arch], `${name}, ${arch}`)
    }
  }
})

t.test('a raw program is loaded as it is', async t => {
  const program = 'BgAAAAAA/38='
  const readProfile = (): Buffer => Buffer.from(program, 'base64')
  t.equal(last(steps({ profile: './x.bpf' }, host({}, { readProfile }))).program, program)
  t.throws(() => steps({ profile: './x.bpf' }, host({ './x.bpf': 'seven..' })), { message: /^\.\/x\.bpf: no program of BPF: 7 bytes/ })
})

t.test('the terse form', async t => {
  const files = { './own.policy': 'default allow\nchroot: errno EPERM\n', './bad.policy': 'default allow\n\nalow read\n' }
  t.equal(last(steps({ profile: './own.policy' }, host(files))).program, last(steps({ policy: noChroot }, host())).program)
  t.throws(() => steps({ profile: './bad.policy' }, host(files)), { message: './bad.policy:3:1: "alow" begins no statement; is it "allow"?' })
})

t.test('no_new_privs', async t => {
  const dos = (options: FilterOptions, before: readonly Step[] = []): string[] => steps(options, closedHost, before).map(step => step.do)
  t.strictSame(dos({ noNewPrivs: false }), ['seccomp.load'])
  t.strictSame(dos({}, [{ do: 'caps.no-new-privs' }, { do: 'ns.new' }]), ['seccomp.load'], 'it is there already')
  t.strictSame(dos({}, [{ do: 'caps.sets' }]), ['caps.no-new-privs', 'seccomp.load'])
})

t.test('flags', async t => {
  t.strictSame(last(steps({ log: true }, closedHost)).flags, ['log'])
  t.notOk('flags' in last(steps({}, closedHost)))
  const flags = ['SECCOMP_FILTER_FLAG_LOG', 'SECCOMP_FILTER_FLAG_SPEC_ALLOW', 'SECCOMP_FILTER_FLAG_TSYNC']
  t.strictSame(last(filter({ policy: { ...noChroot, flags } }, host())).flags, ['log', 'spec-allow'])
})

t.test('files, in each form', async t => {
  const files = { './plain.json': JSON.stringify(noChroot), '/a/config.json': JSON.stringify({ ociVersion: '1.2.0', linux: { seccomp: noChroot } }) }
  const [plain, whole] = Object.keys(files).map(profile => last(steps({ profile }, host(files))))
  t.equal(plain?.program, whole?.program)
  t.equal(plain?.source, './plain.json')
  t.equal(last(steps({ policy: noChroot }, host())).program, plain?.program)
})

t.test('a Docker profile asks for capabilities and kernel', async t => {
  const asks = { defaultAction: 'SCMP_ACT_ERRNO', syscalls: [{ names: ['bpf'], action: 'SCMP_ACT_ALLOW', includes: { caps: ['CAP_BPF'], minKernel: '5.8' } }, { names: ['read'], action: 'SCMP_ACT_ALLOW' }] }
  const files = { './docker.json': JSON.stringify(asks) }
  const length = (options: FilterOptions, kernel: readonly [number, number] = [6, 1]): number => last(steps({ profile: './docker.json', ...options }, host(files, { kernel }))).program.length
  t.ok(length({ caps: ['CAP_BPF'] }) > length({}))
  t.equal(length({ caps: ['CAP_BPF'] }, [5, 7]), length({}))
})

t.test('what is refused', async t => {
  t.throws(() => steps({ profile: 'defualt' }, closedHost), { code: 'E_USAGE', hint: /default, strict, srcontainer, srcontainer-hardened, none/ })
  t.throws(() => steps({ profile: 'default', policy: noChroot }, closedHost), { code: 'E_USAGE' })
  const broken = { './bad.json': '{\n  "defaultAction": "SCMP_ACT_ALLOW",\n  "syscalls": [\n    { "names": ["read"], "action": "ALLOW" }\n  ]\n}' }
  t.throws(() => steps({ profile: './bad.json' }, host(broken)), { code: 'E_INPUT', message: /^\.\/bad\.json:4:5: unknown action "ALLOW"/ })
  t.throws(() => steps({ profile: './cut.json' }, host({ './cut.json': '{' })), { code: 'E_INPUT', message: /cut\.json:1:1: EOF/ })
  t.throws(() => steps({ policy: { ...noChroot, agrs: [] } }, host()), { code: 'E_INPUT', message: /linux\.seccomp:1:\d+: unknown field `agrs`/ })
  t.throws(() => steps({ policy: noChroot }, host({}, { arch: 'sparc64' })), { message: /no table of system calls for sparc64/ })
})

t.test('the steps are as the schema says', async t => {
  const schema = JSON.parse(readFileSync(join(import.meta.dirname, '../plan.schema.json'), 'utf8')) as { $defs: Record<string, { examples: unknown[] }> }
  const validate = new Ajv({ strict: false }).compile({ $ref: '#/$defs/seccomp.load', ...schema })
  const big = { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ names: ['mmap'], action: 'SCMP_ACT_LOG', args: [{ index: 0, value: 1, op: 'SCMP_CMP_EQ' }] }] }
  for (const step of [last(steps({ log: true }, closedHost)), last(steps({ policy: big }, host())), ...schema.$defs['seccomp.load']!.examples]) t.ok(validate(step), JSON.stringify(validate.errors))
  t.notOk(validate({ ...last(steps({}, closedHost)), more: 1 }))
})

t.test('in words', async t => {
  const [set, load] = steps({ log: true }, closedHost).map(words)
  t.strictSame(set?.calls, ['prctl(PR_SET_NO_NEW_PRIVS, 1)'])
  t.match(load?.calls[0], /^seccomp\(SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_LOG, \d+ instructions of default\)$/)
})
