// seccomp-filter simulate: both implementations, the trace, raw filters, many calls; and that a disagreement is an error.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { presets } from '../src/index.ts'
import { tool } from './fixtures/run.ts'

t.test('a call', async t => {
  t.match(tool(['simulate', 'default', 'socket', '40', '1', '--arch', 'x86_64']), { status: 0, stdout: 'socket(0x28, 1, 0, 0, 0, 0) by x86_64: errno EAFNOSUPPORT\n', stderr: '' })
  t.equal(tool(['simulate', 'default', '41', '0x28', '1', '--arch', 'x86_64']).stdout, 'socket(0x28, 1, 0, 0, 0, 0) by x86_64: errno EAFNOSUPPORT\n')
  const found = JSON.parse(tool(['simulate', 'default', 'socket', '0xdead00000028', '--arch=x86_64', '--json']).stdout) as { trace: unknown[]; executed: number }
  t.match(found, { policy: 'default', arch: 'x86_64', call: 'socket', number: 41, verdict: 'errno EAFNOSUPPORT', agreed: true, args: ['0xdead00000028', '0x0'] })
  t.equal(found.trace.length, found.executed)
  t.equal(tool(['simulate', 'default', 'read', '--arch', 'x86']).stdout, 'read(0, 0, 0, 0, 0, 0) by x86: kill-process\n')
  t.match(tool(['simulate', 'default', 'read', '--arch', 'aarch64']).stdout, /by aarch64: allow\n/)
})

t.test('the trace ends with the verdict', async t => {
  const lines = tool(['simulate', 'srcontainer', 'ptrace', '--trace', '--arch', 'x86_64']).stdout.trim().split('\n')
  t.match(lines[0], /^ptrace\(.*: errno EPERM$/)
  t.match(lines.at(-2), /^ +\d+ {2}return errno EPERM /)
  t.match(lines.at(-1), new RegExp(`^ +${lines.length - 2} of \\d+ instructions$`))
})

t.test('many calls', async t => {
  const asked = tool(['simulate', 'default', '--calls', '-', '--arch', 'x86_64'], { input: 'read\n\n# nothing\nclone 0x10000000  # a user namespace\n' })
  t.match(asked, { status: 0, stdout: 'read(0, 0, 0, 0, 0, 0) by x86_64: allow\nclone(0x10000000, 0, 0, 0, 0, 0) by x86_64: errno EPERM\n' })
  t.match(tool(['simulate', 'default', '--calls', '-'], { input: 'read\nreed\n' }), { status: 125, stderr: /-:2: .*there is no call 'reed'/ })
})

t.test('a raw filter', async t => {
  const dir = t.testdir({})
  const program = Buffer.from(presets['default']?.programs['x86_64'] ?? '', 'base64')
  writeFileSync(join(dir, 'default.bpf'), program)
  writeFileSync(join(dir, 'cut.bpf'), program.subarray(0, -8))
  const found = JSON.parse(tool(['simulate', './default.bpf', 'mount', '--arch', 'x86_64', '--json'], { cwd: dir }).stdout) as object
  t.match(found, { verdict: 'errno EPERM', agreed: false })
  t.match(tool(['simulate', './cut.bpf', 'mount'], { cwd: dir }), { status: 125, stderr: /cut\.bpf: .*\n {2}why: the kernel would not load this filter/ })
})

t.test('64-bit values are exact', async t => {
  const wide = '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mmap"], "action": "SCMP_ACT_ERRNO", "errnoRet": 1, "args": [{"index": 0, "value": 18446744073709551615, "valueTwo": 9007199254740993, "op": "SCMP_CMP_MASKED_EQ"}]}]}'
  const dir = t.testdir({ 'wide.json': wide })
  for (const [arg, verdict] of [['9007199254740992', 'allow'], ['9007199254740993', 'errno EPERM']] as const) {
    t.match(tool(['simulate', './wide.json', 'mmap', arg], { cwd: dir }).stdout, new RegExp(`: ${verdict}\n`))
  }
})

t.test('what is refused', async t => {
  t.match(tool(['simulate', 'default']), { status: 125, stderr: /CALL is missing/ })
  t.match(tool(['simulate', 'default', 'read', '1x']), { status: 125, stderr: /'1x' is not a whole number of 64 bits/ })
  t.match(tool(['simulate', 'default', '4294967296']), { status: 125, stderr: /32 bits/ })
  t.match(tool(['simulate', 'default', 'read', '--arch', 'x86-64']), { status: 125, stderr: /did you mean x86_64\?/ })
  t.match(tool(['simulate', 'default', 'read', '--calls', '-']), { status: 125, stderr: /exclude each other/ })
  t.match(tool(['simulate', './gone.bpf', 'read']), { status: 125, stderr: /cannot read \.\/gone\.bpf: ENOENT/ })
})

t.test('a disagreement is told', async t => {
  const { assertAgreed } = await import('../src/simulate/agree.ts')
  t.throws(() => assertAgreed('x', 'read()', 0x7fff0000, 0x50001), { code: 'E_DISAGREE', message: /the rules say allow, the compiled filter errno EPERM/ })
  t.doesNotThrow(() => assertAgreed('x', 'read()', 0x50001, 0x50001))
})
