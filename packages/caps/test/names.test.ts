// Names, numbers and sets; the same list in TypeScript and Rust.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { bit, fullSet, NAMES, nameOf, namesOf, normalName, numberOf, setOf, without } from '../src/names.ts'
import { PRESETS } from '../src/presets.ts'

t.test('every number has one name', async t => {
  for (let number = 0; number < 64; number++) t.equal(numberOf(nameOf(number)), number)
  t.equal(nameOf(40), 'CAP_CHECKPOINT_RESTORE')
  t.equal(nameOf(41), 'CAP_41')
  for (const wrong of ['CAP_40', 'CAP_64', 'CAP_', 'cap_chown', 'CHOWN', '__proto__']) t.equal(numberOf(wrong), undefined, wrong)
  t.throws(() => bit('CAP_NONE'), RangeError)
})

t.test('as people write them', async t => {
  for (const word of ['net_raw', 'NET_RAW', 'cap_net_raw', 'Cap_Net_Raw']) t.equal(normalName(word), 'CAP_NET_RAW')
  t.equal(normalName('cap_41'), 'CAP_41')
  t.equal(normalName('net-raw'), undefined)
})

t.test('sets', async t => {
  const set = setOf(['CAP_NET_RAW', 'CAP_CHOWN'])
  t.equal(set, 0x2001n)
  t.strictSame(namesOf(set), ['CAP_CHOWN', 'CAP_NET_RAW'])
  t.equal(fullSet(40), 0x1ffffffffffn)
  t.strictSame(namesOf(without(set, 1n)), ['CAP_NET_RAW'])
  t.equal(namesOf(fullSet(63)).length, 64)
})

t.test('the launcher has the same list', async t => {
  const rust = readFileSync(join(import.meta.dirname, '../core/src/cap.rs'), 'utf8')
  const list = /const NAMES[^=]*= \[([^\]]*)\]/.exec(rust)?.[1] ?? ''
  t.strictSame([...list.matchAll(/"(\w+)"/g)].map(found => found[1]), NAMES)
})

t.test('presets name what there is, once', async t => {
  for (const { names } of Object.values(PRESETS)) {
    t.equal(new Set(names).size, names.length)
    for (const name of names) t.ok(numberOf(name) !== undefined, name)
  }
  t.equal(setOf(PRESETS['docker']?.names ?? []), 0xa80425fbn, 'what /proc shows in a Docker container')
  t.equal(PRESETS['srcontainer']?.names.length, 20)
  t.equal(without(fullSet(40), setOf(PRESETS['srcontainer']?.names ?? [])), 0x1c0141cbfebn, 'what the course\'s container leaves')
})
