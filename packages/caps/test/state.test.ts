// What a process has after steps.
import t from 'tap'
import { fullSet, setOf } from '../src/names.ts'
import { isMapped, stateAfter } from '../src/state.ts'
import { mapRange, mapRoot, root, user } from './fixtures/facts.ts'

t.test('a user namespace gives all and takes what was inherited', async t => {
  const before = { ...user, inheritable: 1n, ambient: 0n }
  t.match(stateAfter(before, [mapRoot]), { bounding: fullSet(40), permitted: fullSet(40), effective: fullSet(40), inheritable: 0n, uid: 0, setgroups: false, groups: [1000, 27] })
  t.match(stateAfter(user, [mapRange]), { uid: 0, setgroups: true, groups: [] })
  t.match(stateAfter(user, [{ do: 'ns.user' }]), { uid: 65_534, setgroups: false })
  t.match(stateAfter(user, [{ ...mapRange, uid: 7 }]), { uid: 7 })
  t.match(stateAfter(user, [mapRoot, mapRange]), { setgroups: false }, 'denied outside is denied inside')
})

t.test('steps of caps', async t => {
  t.equal(stateAfter(root, [{ do: 'caps.bounding', drop: ['CAP_CHOWN'] }]).bounding, root.bounding & ~1n)
  t.equal(stateAfter(root, [{ do: 'caps.bounding', keep: ['CAP_CHOWN'] }]).bounding, 1n)
  t.match(stateAfter(root, [{ do: 'caps.sets', permitted: ['CAP_CHOWN'] }]), { permitted: 1n, effective: 1n })
  t.match(stateAfter(root, [{ do: 'caps.sets', permitted: { drop: ['CAP_CHOWN'] }, inheritable: ['CAP_KILL'] }]), { permitted: root.permitted & ~1n, inheritable: setOf(['CAP_KILL']) })
  const ambient = [{ do: 'caps.sets', inheritable: ['CAP_KILL'] }, { do: 'caps.ambient', raise: ['CAP_KILL'] }]
  t.equal(stateAfter(root, ambient).ambient, setOf(['CAP_KILL']))
  t.equal(stateAfter(root, [...ambient, { do: 'caps.ids', uid: 5, groups: [] }]).ambient, 0n, 'leaving uid 0 empties it')
  t.equal(stateAfter(root, [...ambient, { do: 'caps.sets', inheritable: [] }]).ambient, 0n)
  t.match(stateAfter(root, [{ do: 'caps.no-new-privs' }, { do: 'caps.ids', uid: 5, groups: [9] }]), { noNewPrivs: true, uid: 5, groups: [9] })
  t.match(stateAfter(root, [{ do: 'caps.ids', groups: 'keep' }, { do: 'fs.pivot' }]), { uid: 0, groups: [0, 4] })
})

t.test('maps', async t => {
  t.ok(isMapped(mapRange.uidMap, 65_535))
  t.notOk(isMapped(mapRange.uidMap, 65_536))
  t.notOk(isMapped([], 0))
})
