// explain, diff, minimise, lint and export, as a user calls them; what is exported is loaded by others, and what they run under it
// is what the policy says.
import { spawnSync } from 'node:child_process'
import { openSync, closeSync, writeFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { diff, disassemble, explainCall, lint, minimise, terse, type Compared, type Explained, type Finding } from '../src/index.ts'
import { noChroot } from './fixtures/host.ts'
import { tool } from './fixtures/run.ts'

const data = process.env['SRCON_TEST_DATA']
const noData = data === undefined ? 'SRCON_TEST_DATA does not say where the profiles are' : false
const profile = (name: string): string => join(data ?? '', 'seccomp', name)
const asJson = (words: readonly string[], cwd?: string): unknown => JSON.parse(tool([...words, '--json'], cwd === undefined ? {} : { cwd }).stdout)

const socketRules = {
  defaultAction: 'SCMP_ACT_ALLOW',
  syscalls: [
    { names: ['socket'], action: 'SCMP_ACT_ERRNO', errnoRet: 97, args: [{ index: 0, value: 40, op: 'SCMP_CMP_EQ' }] },
    { names: ['uname'], action: 'SCMP_ACT_ERRNO', errnoRet: 2 },
  ],
}

t.test('explain', async t => {
  const explained = asJson(['explain', 'default', 'socket', '40', '1']) as Explained
  t.match(explained, { call: 'socket', verdict: 'errno EAFNOSUPPORT', because: 'rule', text: 'socket(domain in AF_ALG, AF_VSOCK): errno EAFNOSUPPORT' })
  t.match(explained.arguments[0], { name: 'domain', value: '0x28', bits: 32 })
  t.ok(explained.path && explained.path.executed < explained.path.of)
  t.match(explained.path?.steps.map(({ says }) => says), [/^arch is x86_64$|^arch is aarch64$/])
  t.match(explained.path?.steps.at(-1)?.says, 'answer: errno EAFNOSUPPORT')
  const dir = t.testdir({ 'two.json': JSON.stringify(socketRules, undefined, 1) })
  const { stdout } = tool(['explain', './two.json', 'socket', 'domain=40', '--arch', 'x86_64'], { cwd: dir })
  t.match(stdout, /^call: socket\(domain=.*\), x86_64 41\nverdict: errno EAFNOSUPPORT\nbecause: \.\/two\.json:4: socket\(domain == AF_VSOCK\): errno EAFNOSUPPORT\npath: \d+ of \d+ instructions\n/)
  t.match(stdout, /domain \(argument 0, lower 32 bits\) == AF_VSOCK/)
  t.match(explainCall('default', 'clone', ['flags=CLONE_NEWUSER|17'], { arch: 'x86_64' }), { verdict: 'errno EPERM', because: 'rule' })
  t.throws(() => explainCall('default', 'clone', ['CLONE_NEWUSR']), { code: 'E_INPUT' })
  t.match(explainCall({ policy: noChroot }, 'read', [], { arch: 'x86_64' }), { verdict: 'allow', because: 'default', line: 0 })
  t.match(explainCall('default', '9999', [], { arch: 'x86_64' }), { call: '9999', verdict: 'errno ENOSYS' })
  t.match(explainCall('default', 'read', [], { arch: 'x86' }), { verdict: 'kill-process', because: 'closed' })
  t.match(explainCall({ policy: socketRules }, 'socket', ['0x100000028'], { arch: 'x86_64' }), { verdict: 'errno EAFNOSUPPORT', arguments: [{ value: '0x100000028' }] }, 'what the kernel reads')
  t.match(explainCall({ policy: socketRules }, 'socket', ['0x100000028'], { arch: 'x86_64', widths: 'register' }), { verdict: 'allow' })
  t.throws(() => explainCall('default', 'socet'), { code: 'E_INPUT', message: /did you mean socket/ })
  t.throws(() => explainCall('default', 'socket', ['famly=1']), { code: 'E_INPUT', message: /no argument "famly"; there are domain/ })
  t.throws(() => explainCall('default', 'socket', ['NOTHING']), { code: 'E_INPUT', message: /neither a number nor a constant/ })
})

t.test('diff', { timeout: 120_000 }, async t => {
  t.match(tool(['diff', 'default', 'default']), { status: 0, stdout: /^equal: proved/ })
  const dir = t.testdir({
    'a.json': JSON.stringify(socketRules, undefined, 1),
    'b.json': JSON.stringify({ ...socketRules, syscalls: [{ ...socketRules.syscalls[0], args: [{ index: 0, value: 41, op: 'SCMP_CMP_EQ' }] }, socketRules.syscalls[1]] }, undefined, 1),
    // The same as a.json, said otherwise.
    'c.json': JSON.stringify({ ...socketRules, syscalls: [...socketRules.syscalls].reverse() }),
  })
  t.match(tool(['diff', './a.json', './c.json'], { cwd: dir }), { status: 0 })
  const { stdout, status } = tool(['diff', './a.json', './b.json', '--arch', 'x86_64'], { cwd: dir })
  t.equal(status, 1)
  t.match(stdout, /x86_64 socket\(domain == .*\n {2}\.\/a\.json: errno EAFNOSUPPORT {2}\.\/a\.json:4: socket.*\n {2}\.\/b\.json: allow {2}no rule matches: the default\n {2}witness: socket\(/)
  const compared = asJson(['diff', './a.json', './b.json', '--arch', 'x86_64'], dir) as Compared
  t.match(compared, { equal: false, unlike: 1 })
  t.strictSame(new Set(compared.differences.map(({ call, witness }) => `${call} ${witness.arguments[0]}`)), new Set(['socket 0x28', 'socket 0x29']))
  t.match(tool(['diff', 'default', 'none']), { status: 125 })
  t.match(tool(['diff', 'default']), { status: 125, stderr: /B is missing/ })
})

t.test('diff: profiles not written by us, quickly', { skip: noData }, async t => {
  const before = performance.now()
  const { differences, alike } = diff('default', profile('docker-default.json'), { arch: 'x86_64' })
  t.ok(performance.now() - before < 2000, 'well under what a person notices, even on a busy machine')
  t.ok(alike > 300)
  for (const each of differences.slice(0, 40)) {
    for (const [policy, side] of [['default', each.a], [profile('docker-default.json'), each.b]] as const) {
      const again = explainCall(policy, String(each.witness.number), each.witness.arguments, { arch: 'x86_64' })
      t.match(again, { verdict: side.verdict, line: side.line })
    }
  }
})

t.test('the page that compares the default policy is up to date', { skip: noData }, async t => {
  const script = join(import.meta.dirname, '../scripts/default-policy.mjs')
  const words = ['--conditions=@srcon/source', '--no-warnings', script, profile('docker-default.json'), profile('podman-2022.json')]
  const { stdout } = spawnSync(process.execPath, words, { encoding: 'utf8', env: { PATH: process.env['PATH'] ?? '' } })
  t.equal(stdout, readFileSync(join(import.meta.dirname, '../../../docs/default-policy.md'), 'utf8'), 'else run the command at the top of scripts/default-policy.mjs')
})

t.test('minimise', { timeout: 120_000 }, async t => {
  const long = {
    defaultAction: 'SCMP_ACT_ALLOW', architectures: ['SCMP_ARCH_X86_64'],
    syscalls: [
      ...socketRules.syscalls,
      { names: ['socket'], action: 'SCMP_ACT_ERRNO', errnoRet: 97, args: [{ index: 0, value: 0xffffffff, valueTwo: 40, op: 'SCMP_CMP_MASKED_EQ' }] },
      { names: ['read'], action: 'SCMP_ACT_ALLOW' },
    ],
  }
  const { text, unsaid, rules } = minimise({ policy: long }, { arch: 'x86_64' })
  t.strictSame(unsaid, [])
  t.strictSame(rules, [3, 2])
  t.match(text, /^default allow\n\nerrno ENOENT uname\n\nsocket\(domain == AF_VSOCK\): errno EAFNOSUPPORT\n$/)
  // prctl(2) calls its second argument arg2; so is the third register called, and what is written must be read as it was meant.
  const second = join(t.testdir({ policy: 'default allow\nprctl(option == PR_SET_DUMPABLE and arg1 == 4): errno EPERM\n' }), 'policy')
  t.match(tool(['minimise', second]).stdout, /^prctl\(op == PR_SET_DUMPABLE and arg1 == 4\): errno EPERM$/m)
  t.match(tool(['minimise', 'srcontainer']), { status: 0, stdout: /^default allow\n/, stderr: '' })
  const dir = t.testdir({})
  for (const preset of ['default', 'strict', 'srcontainer', 'srcontainer-hardened']) {
    const short = minimise(preset)
    t.strictSame(short.unsaid, [])
    if (preset === 'default' || preset === 'strict') {
      t.match(short.text, /^allow(?: @[\w-]+)+/m, 'groups')
      t.ok(short.text.length < terse(preset).text.length / 2, `${preset}: ${short.text.length} of ${terse(preset).text.length} characters`)
    }
    // Proved before it is printed; here once more, by the way of a user.
    const file = join(dir, `${preset}.policy`)
    writeFileSync(file, short.text)
    t.match(diff(file, preset), { equal: true }, preset)
    const json = join(dir, `${preset}.json`)
    writeFileSync(json, minimise(preset, { oci: true }).text)
    t.match(diff(json, preset), { equal: true }, `${preset}, OCI`)
  }
  t.match(asJson(['minimise', 'default', '--oci']), { policy: 'default', unsaid: [], seccomp: { defaultAction: 'SCMP_ACT_ERRNO' } })
  t.strictSame(Object.keys(asJson(['minimise', 'default', '--oci']) as object).includes('text'), false)
})

t.test('minimise: profiles not written by us', { skip: noData }, async t => {
  for (const name of ['docker-default.json', 'podman-2022.json']) {
    const { text, unsaid, rules } = minimise(profile(name))
    t.match(text, /^allow(?: @[\w-]+)+/m)
    t.ok(text.length < 8000 && (rules?.[1] ?? 0) <= (rules?.[0] ?? 0), `${name}: ${text.length} characters, not said: ${unsaid.join('; ')}`)
    const file = join(t.testdir({}), 'short.json')
    writeFileSync(file, minimise(profile(name), { oci: true }).text)
    t.match(diff(file, profile(name)), { equal: true }, name)
  }
})

t.test('lines of what is extended', { timeout: 120_000 }, async t => {
  const dir = t.testdir({
    'own.policy': 'extends ./base.policy\nuname: allow\n',
    'base.policy': 'default errno EPERM\nallow @basic-io\nsocket(domain == AF_UNIX): errno ENOENT\nchmod(mode == 0 and mode == 1): allow\nnotify ptrace\n',
  })
  const at = (...words: string[]): string => tool(words, { cwd: dir }).stdout
  t.match(at('explain', './own.policy', 'socket', 'AF_UNIX'), /^because: \.\/base\.policy:3: socket\(domain == AF_UNIX\): errno ENOENT$/m)
  t.match(at('explain', './own.policy', 'uname'), /^because: \.\/own\.policy:2: uname: allow$/m)
  t.match(asJson(['explain', './own.policy', 'socket', 'AF_UNIX'], dir), { file: './base.policy', line: 3 })
  t.match(at('lint', './own.policy'), /^\.\/base\.policy:4: warning: .*\[never-matches\]$/m)
  t.match(asJson(['lint', './own.policy'], dir), { findings: [{ file: './base.policy', line: 4 }] })
  t.match(at('export', './own.policy', '--disassemble'), /\[\.\/base\.policy:3\]/)
  t.match(at('check', './own.policy'), /^\.\/base\.policy:5: notify: ENOSYS, unless/m)
  t.match(at('simulate', './own.policy', 'socket', '1'), /^socket\(1, .*: errno ENOENT/)
})

t.test('lint', async t => {
  const findings = (policy: object): readonly Finding[] => lint({ policy: policy as { defaultAction: string } }, { arch: 'x86_64' })
  const of = (policy: object): Record<string, Finding> => Object.fromEntries(findings(policy).map(finding => [finding.id, finding]))
  const rule = (names: string[], more: object = {}): object => ({ names, action: 'SCMP_ACT_ALLOW', ...more })
  const eperm = (...syscalls: object[]): object => ({ defaultAction: 'SCMP_ACT_ERRNO', architectures: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86'], syscalls })
  const eq = (index: number, value: number): object => ({ index, value, op: 'SCMP_CMP_EQ' })
  t.match(of(socketRules)['register-width'], { severity: 'error', call: 'socket', line: 1, why: /reads 32 of 64 bits/ })
  t.notOk(of(eperm(rule(['socket'], { args: [{ index: 0, value: 0xffffffff, valueTwo: 2, op: 'SCMP_CMP_MASKED_EQ' }] })))['register-width'], 'the control')
  t.match(of(eperm(rule(['socket'], { args: [eq(0, 2 ** 33)] })))['never-matches'], { severity: 'warning' })
  t.match(of(eperm(rule(['socket'], { args: [eq(0, 1)] }), rule(['socket'])))['shadowed'], { call: 'socket' })
  t.match(of(eperm(rule(['prctl'], { args: [eq(0, 1), eq(0, 2)] })))['repeated-argument'], { severity: 'error', call: 'prctl' })
  t.match(of(eperm(rule(['read'], { action: 'SCMP_ACT_ERRNO' })))['equal-to-default'], { severity: 'note' })
  t.match(of(eperm(rule(['prctl'], { args: [eq(0, 1)] }), rule(['prctl'], { action: 'SCMP_ACT_LOG', args: [eq(1, 1)] })))['contradiction'], { severity: 'error' })
  t.match(of(eperm(rule(['prctl'], { args: [eq(0, 1)] }), rule(['prctl'], { action: 'SCMP_ACT_LOG', args: [eq(0, 2)] })))['contradiction'] ?? 'none', 'none')
  t.match(of(eperm(rule(['clone'], { args: [eq(0, 17)] }), rule(['clone3'])))['clone3'], { why: /flags lie in memory/, fix: /ENOSYS/ })
  t.match(of(eperm(rule(['openat2'])))['openat2'], { severity: 'warning' })
  t.match(of(eperm(rule(['io_uring_setup', 'read'])))['io-uring'], { severity: 'warning' })
  t.match(of(eperm(rule(['socketcall'])))['socketcall'], { why: /^x86: / })
  t.match(of(eperm(rule(['ipc'])))['ipc'], { why: /^x86: / })
  t.match(of(socketRules)['missing-arch'], { severity: 'note' })
  t.match(of(eperm(rule(['reed'])))['unknown-call'], { fix: 'did you mean read?' })
  t.match(of(eperm(rule(['read'])))['newer-calls'], { severity: 'note', why: /newest call that it names is read/ })
  t.strictSame(lint('default').filter(({ severity }) => severity !== 'note'), [], 'our own is clean')
  const dir = t.testdir({ 'bad.json': JSON.stringify(socketRules, undefined, 1) })
  t.match(tool(['lint', './bad.json', '--arch', 'x86_64'], { cwd: dir }), { status: 1, stdout: /^\.\/bad\.json:4: error: .*\[register-width\]\n {2}fix: / })
  t.match(tool(['lint', 'default']), { status: 0 })
})

t.test('export', { timeout: 120_000 }, async t => {
  const dir = t.testdir({ 'two.json': JSON.stringify(socketRules, undefined, 1) })
  const raw = (policy: string, file: string): string => {
    const fd = openSync(join(dir, file), 'w')
    const { program } = asJson(['export', policy, '--raw'], dir) as { program: string }
    writeFileSync(fd, Buffer.from(program, 'base64'))
    closeSync(fd)
    return join(dir, file)
  }
  const file = raw('./two.json', 'two.bpf')
  t.match(tool(['diff', './two.json', file], { cwd: dir }), { status: 0 }, 'the same bytes mean the same')
  t.equal(readFileSync(file).length % 8, 0)
  const listing = tool(['export', './two.json', '--disassemble'], { cwd: dir }).stdout
  t.match(listing, /^0000: ld \[4\] +; arch\n0001: jeq #0xc000003e, \d+, \d+ +; arch is x86_64\?\n/)
  t.match(listing, /; domain \(argument 0, lower 32 bits\) == .*\? {2}\[line 4\]\n/)
  t.match(tool(['export', file, '--terse'], { cwd: dir }), { status: 0, stdout: /^default allow\n/ })
  t.match(JSON.parse(tool(['export', './two.json', '--oci'], { cwd: dir }).stdout), { defaultAction: 'SCMP_ACT_ALLOW' })
  t.match(tool(['export', './two.json']), { status: 125, stderr: /one form/ })
  t.match(tool(['export', './two.json', '--raw', '--c']), { status: 125 })
  t.match(tool(['export', file, '--oci'], { cwd: dir }), { status: 125, stderr: /--terse decompiles it/ })
  const tty = spawnSync('script', ['-qec', `${process.execPath} --conditions=@srcon/source --no-warnings ${join(import.meta.dirname, '../src/cli.ts')} export default --raw`, '/dev/null'], { encoding: 'utf8' })
  if (tty.error) t.comment('no script(1): the terminal is left out')
  else t.match(tty.stdout, /not written to a terminal/)

  await t.test('a C array that compiles', { skip: spawnSync('cc', ['--version']).error ? 'no cc' : false }, async t => {
    const source = `${tool(['export', './two.json', '--c'], { cwd: dir }).stdout}\nint main(void) { return prog.len == sizeof(filter) / 8 ? 0 : 1; }\n`
    writeFileSync(join(dir, 'two.c'), source)
    t.match(spawnSync('cc', ['-Wall', '-Werror', '-o', join(dir, 'two'), join(dir, 'two.c')], { encoding: 'utf8' }), { status: 0, stderr: '' })
    t.equal(spawnSync(join(dir, 'two')).status, 0)
  })

  const bwrap = spawnSync('bwrap', ['--ro-bind', '/', '/', 'true'])
  await t.test('bwrap loads it', { skip: bwrap.status === 0 ? false : 'no bwrap, or it cannot work here' }, async t => {
    const fd = openSync(file, 'r')
    const run = (words: string[]): { status: number | null; stderr: string } => spawnSync('bwrap', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe', fd] })
    t.match(run(['--ro-bind', '/', '/', '--seccomp', '3', 'uname']), { stderr: /No such file or directory/ }, 'errno of the policy')
    closeSync(fd)
    t.equal(spawnSync('bwrap', ['--ro-bind', '/', '/', 'uname']).status, 0, 'the control')
  })

  const setpriv = spawnSync('setpriv', ['--help'], { encoding: 'utf8' }).stdout ?? ''
  await t.test('setpriv loads it', { skip: setpriv.includes('--seccomp-filter') ? false : 'this setpriv is older than --seccomp-filter (util-linux 2.40)' }, async t => {
    t.match(spawnSync('setpriv', ['--no-new-privs', `--seccomp-filter=${file}`, 'uname'], { encoding: 'utf8' }), { stderr: /No such file or directory/ })
  })
})

t.test('a program read back is the policy that it was made from', async t => {
  for (const policy of ['default', 'srcontainer']) {
    const program = Buffer.from((asJson(['export', policy, '--raw']) as { program: string }).program, 'base64')
    t.match(diff({ program }, policy), { equal: true })
    t.strictSame(terse({ program }).unsaid, [])
    t.equal(disassemble({ program }).length, program.length / 8)
  }
})
