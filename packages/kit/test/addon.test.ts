// Where compiled parts are looked for: in the package's own folder, seen from src, dist, dist/bin
// or from another package.
import { chmodSync, copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import t, { type Test } from 'tap'
import { launcherPath, loadAddon, packageFolder } from '../src/addon.ts'

const url = (...path: string[]): string => pathToFileURL(join(...path)).href
const own = `linux-${process.arch}-gnu`

/** npm's layout: flat, and strict, where only kit sees the launcher. */
function installation(t: Test): string {
  const named = (name: string): Record<string, string> => ({ 'package.json': JSON.stringify({ name }) })
  return t.testdir({
    'package.json': '{"name":"app"}',
    'app.js': '',
    node_modules: {
      '@srcon': {
        demo: { ...named('@srcon/demo'), native: { [`demo.${own}.node`]: 'not an addon' }, dist: { bin: {} }, src: {} },
        other: named('@srcon/other'),
        kit: { ...named('@srcon/kit'), node_modules: { '@srcon': { launcher: { ...named('@srcon/launcher'), bin: {} } } } },
      },
    },
  })
}

t.test('a package is found from each of its places and from its neighbours', async t => {
  const home = installation(t)
  const demo = join(home, 'node_modules/@srcon/demo')
  for (const from of ['src/x.ts', 'dist/x.js', 'dist/bin/x.mjs']) t.equal(packageFolder('demo', url(demo, from)), demo, from)
  t.equal(packageFolder('demo', url(home, 'app.js')), demo)
  t.equal(packageFolder('demo', url(home, 'node_modules/@srcon/other/dist/bin/x.mjs')), demo)
  t.equal(packageFolder('launcher', url(demo, 'dist/bin/x.mjs')), join(home, 'node_modules/@srcon/kit/node_modules/@srcon/launcher'))
  t.equal(packageFolder('absent', url(home, 'app.js')), undefined)
})

t.test('an addon: the real one, a missing one, a broken one', async t => {
  const home = installation(t)
  const kit = loadAddon<object>('kit', import.meta.url)
  t.type(kit, 'object')
  t.throws(() => loadAddon('other', url(home, 'app.js')), { name: 'ToolError', code: 'E_HOST', message: `cannot load other.${own}.node`, why: /not there/, hint: /npm run build/ })
  t.throws(() => loadAddon('absent', url(home, 'app.js')), { code: 'E_HOST', why: /not there/ })
  t.throws(() => loadAddon('demo', url(home, 'app.js')), { code: 'E_HOST', path: /demo\.linux/, why: /file too short|invalid ELF header/ })
  const platform = join(home, `node_modules/@srcon/other-${own}`)
  mkdirSync(platform)
  copyFileSync(join(import.meta.dirname, `../native/kit.${own}.node`), join(platform, `other.${own}.node`))
  t.strictSame(Object.keys(loadAddon<object>('other', url(home, 'app.js'))), Object.keys(kit), 'a release has it in a package of its own')
})

t.test('the launcher', async t => {
  const home = installation(t)
  t.throws(() => launcherPath(url(home, 'app.js')), { code: 'E_LAUNCH', hint: /npm run build/ })
  const bin = join(home, `node_modules/@srcon/kit/node_modules/@srcon/launcher/bin/srcon-launch-${process.arch}`)
  copyFileSync('/bin/true', bin)
  chmodSync(bin, 0o755)
  t.equal(launcherPath(url(home, 'app.js')), bin)
  t.match(launcherPath(import.meta.url), /packages\/launcher\/bin\/srcon-launch-|node_modules\/@srcon\/launcher\/bin/)
})
