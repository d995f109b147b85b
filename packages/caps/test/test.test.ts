// test and supports: exit codes, and that a slip is no answer.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import t from 'tap'
import { lastCap } from '@srcon/kit/host'
import { supports } from '../src/supports.ts'
import { test } from '../src/test.ts'
import { caps, notRoot } from './fixtures/run.ts'

t.test('supports', async t => {
  t.strictSame(caps(['supports', 'chown']), { status: 0, stdout: '', stderr: '' })
  t.ok(supports(String(lastCap())))
  t.strictSame(caps(['supports', String(lastCap() + 1)]), { status: 1, stdout: '', stderr: '' })
  for (const feature of ['ambient', 'no-new-privs', 'securebits', 'user-namespaces']) t.ok(supports(feature), feature)
  t.match(caps(['supports', 'chwn']), { status: 125, stderr: /did you mean chown/ })
})

t.test('test', { skip: notRoot }, async t => {
  const child = spawn('setpriv', ['--reuid=1000', '--regid=1001', '--groups=7', '--inh-caps=-all,+kill', '--ambient-caps=+kill', '--no-new-privs', 'sh', '-c', 'echo ready; read x'], { stdio: ['pipe', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  const pid = String(child.pid)
  const says = (word: string, of: number | 'self' = child.pid ?? 0) => { const [name = '', value] = word.split('='); return test(of, [{ name, value: value ?? true }]).holds }
  const held = ['has=kill', 'has=ep:kill', 'has=effective,ambient:cap_kill', 'has-no-new-privs', 'uid=1000', 'gid=1001', 'group=7', 'group=1001']
  for (const word of held) t.equal(says(word), true, word)
  t.strictSame(caps(['test', ...held.map(word => `--${word}`), pid]), { status: 0, stdout: '', stderr: '' }, 'all of them')
  for (const word of ['has=chown', 'has=ea:kill,chown', 'has=none', 'has=b:none', 'uid=0', 'gid=0', 'group=8']) t.equal(says(word), false, word)
  t.strictSame(caps(['test', '--has=kill', '--uid=0', pid]), { status: 1, stdout: '', stderr: '' }, 'one that does not hold')
  t.match(JSON.parse(caps(['test', '--has=chown', '--json', pid]).stdout), { holds: false, missing: ['effective lacks CAP_CHOWN'] })
  for (const word of ['has=x:kill', 'has=kil', 'uid=x', 'securebits=noroot']) t.throws(() => says(word), { code: 'E_USAGE' }, word)
  t.equal(says('securebits=none', 'self'), true)
  t.equal(says('securebits=noroot', 'self'), false)
  t.equal(caps(['test']).status, 125, 'nothing is asked')
  child.stdin.end()
  await once(child, 'exit')
})
