// Which ids a container gets, for callers of every kind.
import t from 'tap'
import type { NamespaceFacts } from '@srcon/ns-unshare'
import { defaultMaps } from '../src/ids.ts'
import { hasMapped } from '../src/ranges.ts'

const whole = [{ inside: 0, outside: 0, count: 2 ** 32 - 1 }]
const root: NamespaceFacts = { uid: 0, gid: 0, capabilities: (1n << 41n) - 1n, subuid: undefined, subgid: undefined, helpers: false, uidMap: whole, gidMap: whole }
const user: NamespaceFacts = { ...root, uid: 1000, gid: 1000, capabilities: 0n }
const block = { start: 200_000, count: 65_536 }

t.test('who may map any ids', async t => {
  const range = (start: number, count = 65_536) => ({ inside: 0, outside: start, count })
  t.strictSame(defaultMaps(root, false), { mapUsers: [range(100_000)], mapGroups: [range(100_000)] })
  t.strictSame(defaultMaps({ ...root, subuid: block, subgid: block }, true), { mapUsers: [range(200_000)], mapGroups: [range(200_000)] })
  const few = [{ inside: 0, outside: 100_000, count: 65_536 }]
  t.strictSame(defaultMaps({ ...root, uidMap: few, gidMap: few }, false).mapUsers, [range(32_768, 32_768)], 'in a container: never its own root')
})

t.test('an ordinary user', async t => {
  t.strictSame(defaultMaps(user, false), { mapRootUser: true })
  t.strictSame(defaultMaps({ ...user, subuid: block, subgid: block }, false), { mapRootUser: true }, 'nobody to write the map')
  const able = { ...user, subuid: block, subgid: block, helpers: true }
  t.strictSame(defaultMaps(able, false), { mapUsers: ['auto'], mapGroups: ['auto'] })
  t.strictSame(defaultMaps(able, true), { mapRootUser: true, mapUsers: ['auto'], mapGroups: ['auto'] }, 'a root of the user is owned by root inside')
})

t.test('ranges', async t => {
  const map = [{ inside: 10, count: 10 }, { inside: 0, count: 10 }]
  t.ok(hasMapped(map, 0, 20))
  t.ok(hasMapped(map, 5, 10))
  t.notOk(hasMapped(map, 5, 16))
  t.notOk(hasMapped([], 0, 1))
})
