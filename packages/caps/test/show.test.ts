// show: sets by name, of this process and of others.
import { spawn } from 'node:child_process'
import { readFileSync, readlinkSync } from 'node:fs'
import t from 'tap'
import { fullSet, namesOf } from '../src/names.ts'
import { sayNames } from '../src/say.ts'
import { securebitNames } from '../src/securebits.ts'
import { differingThreads, show } from '../src/show.ts'
import { caps, notRoot } from './fixtures/run.ts'

t.test('in words', async t => {
  t.equal(sayNames([], 40), 'none')
  t.equal(sayNames(namesOf(fullSet(40)), 40), 'all')
  t.equal(sayNames(['CAP_KILL'], 40), 'CAP_KILL')
  t.equal(sayNames(namesOf(fullSet(40) & ~1n), 40), 'all but CAP_CHOWN')
  t.strictSame(securebitNames(1), ['noroot'])
  t.strictSame(securebitNames(1 << 20), ['bit_20'], 'one that is newer')
  t.strictSame(securebitNames(0x2f), ['noroot', 'noroot_locked', 'no_setuid_fixup', 'no_setuid_fixup_locked', 'keep_caps_locked'])
})

t.test('show', async t => {
  const field = (name: string) => new RegExp(`^${name}:\\s*(\\S+)`, 'm').exec(readFileSync('/proc/self/status', 'utf8'))?.[1]
  const self = show('self')
  t.match(self, { pid: process.pid, noNewPrivs: field('NoNewPrivs') === '1' })
  t.equal(self.sets.effective.hex, field('CapEff'))
  t.equal(self.sets.bounding.hex, field('CapBnd'))
  t.ok(Array.isArray(self.securebits))
  t.equal(show(process.pid).securebits, undefined, 'of others they cannot be seen')
  t.throws(() => show(2 ** 22), { code: 'ENOENT', why: /no such process/ })
  t.match(self.userNamespace, { inode: Number(/\d+/.exec(readlinkSync('/proc/self/ns/user'))?.[0]), ours: true })
  t.strictSame(differingThreads('self'), [])
  t.match(caps(['show', 'self']).stdout, /^process +\d+ \S+\nuser +\d+/)
  t.match(caps(['show', 'self', String(process.pid), '--threads']).stdout, /\nthreads +all as the process\n\nprocess +\d+ [^]*\nsecurebits +not told: the kernel tells them only to the process itself\n/, 'several; of another the securebits are not known')
  t.equal((JSON.parse(caps(['show', 'self', String(process.pid), '--json']).stdout) as unknown[]).length, 2)
  t.match(caps(['show', 'x']), { status: 125, stderr: /PID: 'x'/ })
})

t.test('show another process', { skip: notRoot }, async t => {
  const child = spawn('setpriv', ['--reuid=1000', '--regid=1001', '--groups=7', '--inh-caps=-all,+kill', '--ambient-caps=+kill', 'sh', '-c', 'echo ready; read x'], { stdio: ['pipe', 'pipe', 'inherit'] })
  await new Promise(resolve => child.stdout.once('data', resolve))
  const shown = JSON.parse(caps(['show', String(child.pid), '--json']).stdout) as ReturnType<typeof show>
  t.match(shown, { uid: { real: 1000, effective: 1000 }, gid: { real: 1001 }, groups: [7], noNewPrivs: false, sets: { ambient: { names: ['CAP_KILL'] }, effective: { names: ['CAP_KILL'] } } })
  child.stdin.end()
})
