// Every step says what the kernel is asked and how a shell would do it.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { Step } from '@srcon/kit/step'
import { words } from '../src/words.ts'

const schema = JSON.parse(readFileSync(join(import.meta.dirname, '../plan.schema.json'), 'utf8')) as { $defs: Record<string, { examples: Step[] }> }

t.test('every example has words and a classic command', async t => {
  for (const { examples } of Object.values(schema.$defs)) {
    for (const step of examples) {
      const { calls, classic } = words(step)
      t.ok(calls.length > 0 && classic, JSON.stringify({ calls, classic }))
    }
  }
  t.strictSame(words({ do: 'fs.pivot' }).calls, [])
})

t.test('the classic commands', async t => {
  t.equal(words({ do: 'ns.new', types: ['mnt', 'uts'], propagation: 'slave' }).classic, 'unshare --mount --uts --propagation=slave')
  t.equal(words({ do: 'ns.new', types: ['time'], timeOffsets: { boottime: 5 } }).classic, 'unshare --time --boottime=5')
  t.equal(words({ do: 'ns.user', uidMap: [{ inside: 0, outside: 5, count: 1 }], setgroups: 'deny' }).classic, 'unshare --user --map-users=0:5:1 --setgroups=deny')
  t.strictSame(words({ do: 'ns.user', uidMap: [{ inside: 0, outside: 5, count: 1 }], gidMap: [{ inside: 0, outside: 6, count: 1 }], helper: true }).calls, [
    'unshare(CLONE_NEWUSER)', 'from outside: newgidmap PID 0 6 1', 'from outside: newuidmap PID 0 5 1', 'setgroups(0, [])', 'setresgid(0, 0, 0)', 'setresuid(0, 0, 0)',
  ])
  t.match(words({ do: 'ns.pid', init: true }).calls.at(-1), /init/)
})
