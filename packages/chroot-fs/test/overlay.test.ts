// A root that is never written: as root and as an ordinary user, in memory and in a directory that keeps the changes.
import { chownSync, existsSync, lstatSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { newConfig } from '@srcon/kit/config'
import t from 'tap'
import { configure, fromConfig } from '../src/config.ts'
import { readFacts } from '../src/facts.ts'
import { checkRoot } from '../src/read.ts'
import { steps } from '../src/steps.ts'
import { onHost } from './fixtures/facts.ts'
import { asUser, launched, makeRoot, noUserNamespaces, notRoot, ordinary, chrootFs } from './fixtures/run.ts'

for (const [who, types] of [['root', undefined], ['an ordinary user', ['net']]] as const) {
  t.test(`--overlay as ${who}`, { skip: who === 'root' ? notRoot : noUserNamespaces }, async t => {
    const { path, folder, programs, remove } = makeRoot()
    t.teardown(remove)
    writeFileSync(join(path, 'kept'), 'as it was')
    mkdirSync(join(path, 'd'))
    writeFileSync(join(path, 'd/gone'), '')
    const changes = join(folder, 'changes')
    mkdirSync(changes)
    // An owner that has no id inside cannot be given to a copy: the tree is that user's own, as its cache is.
    if (types && process.getuid?.() === 0) for (const each of [path, changes, ...['d', 'd/gone', 'kept'].map(name => join(path, name))]) chownSync(each, ordinary, ordinary)
    const script = 'echo new > /new; echo changed > /kept; rm /d/gone; cat /new /kept; ls /d'
    const run = (overlay: boolean | string) => {
      const before = types ? asUser(...types) : []
      const options = checkRoot(path, { rbind: programs, ...(overlay === false ? {} : { overlay }) })
      return launched([...before, ...steps(options, readFacts(), before)], script, types ? { uid: ordinary } : {})
    }
    const intact = () => t.strictSame([readFileSync(join(path, 'kept'), 'utf8'), existsSync(join(path, 'new')), existsSync(join(path, 'd/gone'))], ['as it was', false, true])
    t.match(run(true), { status: 0, stdout: 'new\nchanged\n' })
    intact()
    t.match(run('size=1m'), { status: 0, stdout: 'new\nchanged\n' })
    t.match(run(changes), { status: 0, stdout: 'new\nchanged\n' })
    intact()
    t.equal(readFileSync(join(changes, 'upper/new'), 'utf8'), 'new\n')
    t.ok(lstatSync(join(changes, 'upper/d/gone')).isCharacterDevice(), 'a whiteout')
    // A lock beside it tells that others have it too: then it needs no word.
    writeFileSync(`${path}.lock`, '')
    t.match(run(false), { status: 0, stdout: 'new\nchanged\n' })
    intact()
    rmSync(`${path}.lock`)
    // Positive control: without either, the root itself is written.
    run(false)
    t.equal(existsSync(join(path, 'new')), true)
  })
}

t.test('words, config and back', async t => {
  for (const [word, overlay] of [[true, {}], ['size=64m', { size: '64m' }], ['/var/box', { path: '/var/box' }]] as const) {
    const options = checkRoot('/r', { overlay: word })
    t.strictSame(options.overlay, overlay)
    const config = configure(newConfig(), options, onHost)
    t.strictSame(config.annotations, { 'dev.srcon.chroot-fs.overlay': JSON.stringify(overlay) })
    t.strictSame(fromConfig(config)?.overlay, overlay)
    t.strictSame(steps(options, onHost, []).slice(2, 4), [{ do: 'fs.open', tree: 'root', path: '/r', recursive: true }, { do: 'fs.overlay', tree: 'root', ...overlay }])
  }
  t.match(configure(newConfig(), checkRoot('r', { overlay: 'changes' }), onHost).annotations, { 'dev.srcon.chroot-fs.overlay': '{"path":"/work/changes"}' })
  t.throws(() => checkRoot('/r', { overlay: 'size=lots' }), { code: 'E_USAGE', message: /is no size of a tmpfs/ })
  t.throws(() => fromConfig({ ...newConfig(), annotations: { 'dev.srcon.chroot-fs.overlay': '{"upper":"/x"}' } }), { code: 'E_INPUT' })
  t.match(chrootFs(['/r', '--overlay', '--plan', '--', 'true']).stdout, /"fs\.overlay"/)
})
