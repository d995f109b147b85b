// The library makes the steps that the command line makes.
import t from 'tap'
import { capabilities } from '../src/index.ts'
import { mapRoot, root, user } from './fixtures/facts.ts'

t.test('as the command line', async t => {
  t.strictSame(capabilities({ drop: 'all' }, root), [{ do: 'caps.bounding', keep: [] }, { do: 'caps.sets', effective: [], permitted: [], inheritable: [] }])
  t.strictSame(capabilities({ drop: ['chown', 'CAP_KILL'], noNewPrivs: true }, root).map(step => step.do), ['caps.bounding', 'caps.sets', 'caps.no-new-privs'])
  t.strictSame(capabilities({ user: 1000 }, root), [{ do: 'caps.ids', uid: 1000, gid: 1000, groups: [] }])
  t.strictSame(capabilities({ user: '1000:5', keepGroups: true }, root), [{ do: 'caps.ids', uid: 1000, gid: 5, groups: 'keep' }])
  t.strictSame(capabilities({ keep: 'kill', ambient: 'kill' }, root).map(step => step.do), ['caps.bounding', 'caps.sets', 'caps.ambient'])
  t.throws(() => capabilities({ drop: 'nothing_like_that' }, root), { code: 'E_USAGE' })
})

t.test('what comes before', async t => {
  t.strictSame(capabilities({ drop: 'all' }, user), capabilities({ drop: 'all' }, root), 'a user namespace is assumed')
  t.throws(() => capabilities({ drop: 'all' }, user, []), { code: 'E_REFUSED' })
  t.strictSame(capabilities({ drop: 'all' }, user, [mapRoot]), capabilities({ drop: 'all' }, root))
})
