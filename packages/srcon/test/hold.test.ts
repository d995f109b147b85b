// A root that others have too is held and never written, whatever the container calls it: with mapped ids it is entered first and then called `.`.
import { realpathSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { container } from '../src/index.ts'

t.test('the lock beside a root', t => {
  const folder = realpathSync(t.testdir({ rootfs: { bin: {} }, 'rootfs.lock': '', other: {}, link: t.fixture('symlink', 'rootfs') }))
  for (const options of [{}, { share: 'user' }]) {
    const stepsOf = (name: string) => container({ ...options, root: join(folder, name) })
    for (const name of ['rootfs', 'link']) {
      const steps = stepsOf(name)
      t.strictSame(steps.filter(step => step.do === 'fs.hold'), [{ do: 'fs.hold', path: join(folder, 'rootfs.lock') }], JSON.stringify([name, options]))
      t.equal(steps.some(step => step.do === 'fs.open' && step['path'] === '.'), !('share' in options), 'by its name, or from inside')
      t.strictSame(steps.filter(step => step.do === 'fs.overlay'), [{ do: 'fs.overlay', tree: 'root' }])
      const user = steps.findIndex(step => step.do === 'ns.user')
      if (user >= 0) t.ok(steps.findIndex(step => step.do === 'fs.hold') < user, 'while the caller may reach it')
    }
    t.strictSame(stepsOf('other').filter(step => step.do === 'fs.hold' || step.do === 'fs.overlay'), [])
  }
  t.end()
})
