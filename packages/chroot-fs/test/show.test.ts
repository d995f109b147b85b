// The mounts of a process, against the kernel's own file.
import { readFileSync } from 'node:fs'
import t from 'tap'
import { show } from '../src/show.ts'
import { chrootFs, noLauncher } from './fixtures/run.ts'

t.test('as the kernel says', async t => {
  const mounts = show('self')
  const lines = readFileSync('/proc/self/mountinfo', 'utf8').trim().split('\n')
  t.equal(mounts.length, lines.length)
  for (const [i, line] of lines.entries()) t.match(line, `${mounts[i]?.id} ${mounts[i]?.parent} ${mounts[i]?.device} `)
  t.strictSame(show(process.pid), mounts)
  t.throws(() => show(4_194_304), { code: 'ESRCH' })
})

t.test('the verb', { skip: noLauncher }, async t => {
  t.match(JSON.parse(chrootFs(['show', 'self', '--json']).stdout), [{ target: String, attributes: [] }])
  t.match(chrootFs(['show', 'self']).stdout, /^TARGET.*PROPAGATION/)
  t.match(chrootFs(['show', 'x']), { status: 125, stderr: /PID: 'x'/ })
})
