// Every step says what the kernel is asked and how a shell would do it.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { Step } from '@srcon/kit/step'
import { words } from '../src/words.ts'

const schema = JSON.parse(readFileSync(join(import.meta.dirname, '../plan.schema.json'), 'utf8')) as { $defs: Record<string, { examples: Step[] }> }

t.test('every example has words', async t => {
  for (const { examples } of Object.values(schema.$defs)) for (const step of examples) t.ok(words(step).calls.length > 0, JSON.stringify(words(step)))
})

t.test('the classic commands', async t => {
  t.equal(words({ do: 'caps.bounding', keep: [] }).classic, 'setpriv --bounding-set=-all')
  t.equal(words({ do: 'caps.bounding', drop: ['CAP_NET_RAW'] }).classic, 'setpriv --bounding-set=-net_raw')
  t.equal(words({ do: 'caps.ids', uid: 1, gid: 2, groups: [] }).classic, 'setpriv --reuid=1 --regid=2 --clear-groups')
  t.equal(words({ do: 'caps.ids', groups: [3, 4] }).classic, 'setpriv --groups=3,4')
  t.equal(words({ do: 'caps.sets', inheritable: ['CAP_KILL'] }).classic, 'setpriv --inh-caps=-all,+kill')
  t.equal(words({ do: 'caps.ambient', raise: ['CAP_KILL'], clear: true }).classic, 'setpriv --ambient-caps=-all,+kill')
  t.equal(words({ do: 'caps.no-new-privs' }).classic, 'setpriv --no-new-privs')
  t.strictSame(words({ do: 'fs.pivot' }).calls, [])
})
