// The terse form on the command line: fmt, table, check; and the examples of its page.
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { addon } from '../src/addon.ts'
import { calls, format } from '../src/index.ts'
import { tool } from './fixtures/run.ts'

const page = readFileSync(join(import.meta.dirname, '../../../docs/policy-language.md'), 'utf8')

t.test('fmt', { timeout: 120_000 }, async t => {
  const canonical = 'default allow\n\n# why\nsocket(domain == AF_ALG): errno EPERM  # all\n'
  const dir = t.testdir({ 'odd.policy': 'default   allow\n\n\n#why\nsocket( domain==AF_ALG ):errno EPERM # all\n', 'good.policy': canonical, 'bad.policy': 'default alow\n', 'x.json': '{}' })
  const text = (name: string): string => readFileSync(join(dir, name), 'utf8')
  t.match(tool(['fmt', '--check', './odd.policy', './good.policy'], { cwd: dir }), { status: 125, stdout: './odd.policy\n', stderr: /not in canonical form: \.\/odd\.policy\n/ })
  t.not(text('odd.policy'), canonical, 'it changed nothing')
  const before = statSync(join(dir, 'good.policy')).ino
  t.match(tool(['fmt', './odd.policy', './good.policy'], { cwd: dir }), { status: 0, stdout: './odd.policy\n', stderr: '' })
  t.equal(text('odd.policy'), canonical)
  t.equal(statSync(join(dir, 'good.policy')).ino, before, 'what is canonical is not touched')
  t.match(tool(['fmt', './good.policy', './bad.policy'], { cwd: dir }), { status: 125, stdout: '', stderr: /bad\.policy:1:9: "alow" is no action; is it "allow"\?/ })
  t.match(tool(['fmt', './x.json'], { cwd: dir }), { status: 125, stderr: /not in the terse form/ })
  t.strictSame(readdirSync(dir).toSorted(), ['bad.policy', 'good.policy', 'odd.policy', 'x.json'], 'nothing is left beside')
  t.equal(format('allow  read\n'), 'allow read\n')
})

t.test('table', async t => {
  t.match(tool(['table', 'socket', '@chmod', '--arch', 'x86_64']).stdout, /^number +call[^]*\n41 +socket +2\.0 +@network-io +domain:32 type:32 protocol:32\n[^]*90 +chmod +1\.0 +@chmod +path:64 mode:16\n/i)
  const [clone] = JSON.parse(tool(['table', 'clone', '--arch', 's390x', '--json']).stdout) as [{ number: number; arguments: { names: string[]; register: number }[] }]
  t.match(clone, { number: 120, since: '1.0', group: '@process' })
  t.equal(clone.arguments.find(({ names }) => names.includes('flags'))?.register, 1, 'the flags are second there')
  t.match(tool(['table', 'sokcet']), { status: 125, stderr: /no system call or group sokcet[^]*socket/ })
  t.ok(calls('aarch64').filter(({ number }) => number !== undefined).length > 300)
  t.throws(() => calls('vax'), { code: 'E_USAGE' })
})

t.test('the examples of the page', async t => {
  const examples = [...page.matchAll(/```policy\n([^]*?)```/g)].map(([, text = '']) => text)
  t.ok(examples.length >= 3)
  for (const text of examples) {
    t.equal(format(text), text, 'in canonical form')
    const context = { arch: 'x86_64', caps: [], major: 6, minor: 1, registers: false }
    t.match(addon().compile(Buffer.from(text), './x.policy', context), { program: Buffer, error: undefined })
  }
})

t.test('the page names every group', async t => {
  const groups = new Set(calls('x86_64').map(({ group }) => group))
  for (const group of groups) t.ok(page.includes(`\`${group}\``), group)
})

t.test('check of presets and of what extends them', async t => {
  const dir = t.testdir({ 'own.policy': 'extends srcontainer-hardened\nnotify ptrace\n' })
  t.match(tool(['check', 'strict']), { status: 0, stderr: '', stdout: /^strict: \d+ instructions for SCMP_ARCH_\w+\n$/ })
  t.match(tool(['check', './own.policy'], { cwd: dir }), { status: 0, stdout: /\n\.\/own\.policy:2: notify: ENOSYS, unless whoever loads the policy listens\n$/ })
})
