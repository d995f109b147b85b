// The verbs that look: show and check.
import { join } from 'node:path'
import t from 'tap'
import { selfStatus } from '@srcon/kit/host'
import { show } from '../src/index.ts'
import { tool } from './fixtures/run.ts'
import { noChroot } from './fixtures/host.ts'

t.test('show', async t => {
  const modes = ['none', 'strict', 'filter']
  t.match(show(process.pid), { pid: process.pid, mode: modes[selfStatus().seccomp], noNewPrivs: selfStatus().noNewPrivs })
  t.match(tool(['show', String(process.pid)]).stdout, /^mode: \w+\nfilters: \d+\nno_new_privs: (yes|no)\n$/)
  t.match(JSON.parse(tool(['show', 'self', '--json']).stdout), { mode: modes[selfStatus().seccomp] })
  t.throws(() => show(2 ** 22), { code: 'ESRCH' })
  t.match(tool(['show', '4194304']), { status: 125, stderr: /ESRCH\n {2}why: / })
})

t.test('check', { timeout: 120_000 }, async t => {
  t.match(tool(['check', 'default']), { status: 0, stdout: /^default: \d+ instructions for SCMP_ARCH_\w+\n$/, stderr: '' })
  const dir = t.testdir({ 'odd.json': JSON.stringify({ ...noChroot, syscalls: [{ names: ['reed'], action: 'SCMP_ACT_LOG' }] }, undefined, 1), 'bad.json': '{ "defaultAction": "ALLOW" }' })
  t.match(tool(['check', './odd.json'], { cwd: dir }).stdout, /\n\.\/odd\.json:4: reed: no such system call here, skipped\n$/)
  t.match(JSON.parse(tool(['check', './odd.json', '--json'], { cwd: dir }).stdout), { policy: './odd.json', notes: [{ line: 4 }] })
  t.match(tool(['check', './bad.json'], { cwd: dir }), { status: 125, stdout: '', stderr: /bad\.json: defaultAction: unknown action "ALLOW"/ })
  t.match(tool(['check', 'none']), { status: 125, stderr: /none/ })
})

t.test('check for other machines', async t => {
  for (const arch of ['x32', 'arm', 's390x']) {
    t.match(JSON.parse(tool(['check', 'default', '--arch', arch, '--json']).stdout), { arch, architectures: [`SCMP_ARCH_${arch.toUpperCase()}`], notes: [] })
  }
  t.match(tool(['check', 'default', '--arch', 'vax']), { status: 125, stderr: /vax/ })
})

const data = process.env['SRCON_TEST_DATA']
t.test('profiles not written by us', { skip: data === undefined ? 'SRCON_TEST_DATA does not say where they are' : false }, async t => {
  const sizes: Readonly<Record<string, number>> = { 'docker-default.json': 320, 'docker-old-format.json': 320, 'podman-2022.json': 320, 'oci-example.json': 40 }
  for (const [name, most] of Object.entries(sizes)) {
    const { instructions } = JSON.parse(tool(['check', join(data ?? '', 'seccomp', name), '--json']).stdout) as { instructions: number }
    t.ok(instructions <= most, `${name}: ${instructions} instructions`)
  }
})
