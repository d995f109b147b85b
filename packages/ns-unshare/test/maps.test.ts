// Which lines are written, by whom, and what is refused before anything is done.
import t from 'tap'
import { subIds } from '../src/facts.ts'
import { mapsOf } from '../src/maps.ts'
import { root, user } from './fixtures/facts.ts'

const line = (inside: number, outside: number, count: number) => ({ inside, outside, count })
const level = (uidMap: readonly object[], gidMap: readonly object[]) => ({ do: 'ns.user', uidMap, gidMap })

t.test('one id', async t => {
  t.strictSame(mapsOf({ mapRootUser: true }, user, []), { uidMap: [line(0, 1000, 1)], gidMap: [line(0, 1001, 1)], setgroups: 'deny' })
  t.strictSame(mapsOf({ mapCurrentUser: true }, user, []), { uidMap: [line(1000, 1000, 1)], gidMap: [line(1001, 1001, 1)], setgroups: 'deny', uid: 1000, gid: 1001 })
  t.strictSame(mapsOf({ mapRootUser: true }, root, []), { uidMap: [line(0, 0, 1)], gidMap: [line(0, 0, 1)] }, 'root need not deny setgroups')
  t.strictSame(mapsOf({ mapRootUser: true, setgroups: 'deny' }, root, []).setgroups, 'deny')
  t.strictSame(mapsOf({}, user, []), { uidMap: [], gidMap: [] })
  t.throws(() => mapsOf({ mapRootUser: true, setgroups: 'allow' }, user, []), { code: 'E_REFUSED', message: /setgroups/ })
})

t.test('ranges', async t => {
  const map = [line(0, 100_000, 65_536)]
  t.strictSame(mapsOf({ mapUsers: map, mapGroups: map }, root, []), { uidMap: map, gidMap: map }, 'root writes them')
  t.strictSame(mapsOf({ mapUsers: map, mapGroups: map }, user, []), { uidMap: map, gidMap: map, helper: true }, 'a user has them written')
  t.strictSame(mapsOf({ mapRootUser: true, mapUsers: [line(1, 100_000, 10)], mapGroups: [] }, root, []).uidMap, [line(0, 0, 1), line(1, 100_000, 10)])
  t.throws(() => mapsOf({ mapUsers: map }, user, []), { code: 'E_USAGE', message: /--map-groups too/ })
  t.throws(() => mapsOf({ mapUsers: map, mapGroups: map }, { ...user, helpers: false }, []), { code: 'E_HOST', hint: /uidmap/ })
  t.throws(() => mapsOf({ mapUsers: [line(0, 0, 5), line(4, 10, 1)] }, root, []), { code: 'E_USAGE', message: /0:0:5 and 4:10:1 overlap inside/ })
  t.throws(() => mapsOf({ mapUsers: [line(0, 0, 5), line(5, 4, 1)] }, root, []), { message: /overlap outside/ })
  t.throws(() => mapsOf({ mapUsers: [line(1, 0, 2 ** 32 - 1)] }, root, []), { message: /largest id/ })
})

t.test('auto loses no id, whatever the single one is', async t => {
  const auto = { mapUsers: ['auto' as const], mapGroups: ['auto' as const] }
  t.strictSame(mapsOf(auto, user, []).uidMap, [line(0, 100_000, 65_536)])
  t.strictSame(mapsOf({ ...auto, mapRootUser: true }, user, []).uidMap, [line(0, 1000, 1), line(1, 100_000, 65_536)])
  t.strictSame(mapsOf({ ...auto, mapCurrentUser: true }, user, []).uidMap, [line(1000, 1000, 1), line(0, 100_000, 1000), line(1001, 101_000, 64_536)])
  const tiny = { ...user, subuid: { start: 7000, count: 1 } }
  t.strictSame(mapsOf({ ...auto, mapRootUser: true }, tiny, []).uidMap, [line(0, 1000, 1), line(1, 7000, 1)], 'a block of one id')
  t.strictSame(mapsOf({ ...auto, mapCurrentUser: true }, tiny, []).uidMap, [line(1000, 1000, 1), line(0, 7000, 1)])
  t.throws(() => mapsOf(auto, { ...user, subuid: undefined }, []), { code: 'E_REFUSED', path: '/etc/subuid', hint: /usermod/ })
  t.throws(() => mapsOf(auto, user, [level([line(0, 0, 1)], [])]), { code: 'E_REFUSED', message: /second user namespace/ })
})

t.test('in a user namespace of the same plan', async t => {
  const before = [level([line(0, 1000, 1)], [line(0, 1001, 1)])]
  t.strictSame(mapsOf({ mapRootUser: true }, user, before), { uidMap: [line(0, 0, 1)], gidMap: [line(0, 0, 1)] })
  t.strictSame(mapsOf({ mapCurrentUser: true }, user, [level([line(7, 1000, 1)], [line(8, 1001, 1)])]).uidMap, [line(7, 7, 1)])
  t.strictSame(mapsOf({ mapRootUser: true }, root, [{ do: 'caps.ids', uid: 5, gid: 6, groups: [] }]).uidMap, [line(0, 5, 1)])
  t.strictSame(mapsOf({ mapRootUser: true }, user, [{ do: 'ns.user' }]).uidMap, [line(0, 65_534, 1)])
})

t.test('subuid', async t => {
  const text = '# comment\nroot:1:2\nother:5:6\nme:100000:65536\nme:7:8\n1000:9:10\nbad:x:1\nbad:1:0\n'
  t.strictSame(subIds(text, 'me', 1000), { start: 100_000, count: 65_536 }, 'the first block')
  t.strictSame(subIds(text, undefined, 1000), { start: 9, count: 10 }, 'by number')
  t.equal(subIds(text, 'bad', 55), undefined)
  t.equal(subIds('', 'me', 1000), undefined)
})
