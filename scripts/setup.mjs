// From a fresh clone to a tree that runs, doing only what is missing. Plain Node 20.19: nothing is installed yet.
//   node scripts/setup.mjs             what `npm start` needs
//   node scripts/setup.mjs --tests     and tap's plugins, which it must build before its first run
//   node scripts/setup.mjs --install   only the build tools
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isBuilt, sourceState } from './freshness.mjs'
import { oneAtATime } from './one-at-a-time.mjs'
import { root, run, say } from './run.mjs'
import { checkNode, checkNpm, checkRust } from './toolchain.mjs'

const installedFile = join(root, 'node_modules/.installed-lock')
const digest = () => createHash('sha256').update(readFileSync(join(root, 'package-lock.json'))).digest('hex')
const isInstalled = () => existsSync(installedFile) && readFileSync(installedFile, 'utf8') === digest()
const withTests = process.argv.includes('--tests')
const withBuild = !process.argv.includes('--install')
const hasTap = () => existsSync(join(root, '.tap/plugins/node_modules'))

checkNode()
if (!isInstalled() || (withTests && !hasTap()) || (withBuild && !isBuilt(sourceState()))) {
  // The toolchain first: npm takes a minute, and what is missing shall be said before it.
  checkRust()
  await oneAtATime()
  if (!isInstalled()) {
    checkNpm()
    say('installing the build tools (npm ci)')
    run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'])
    // What tap had built of its plugins lies partly in node_modules, which is new now.
    rmSync(join(root, '.tap'), { recursive: true, force: true })
    writeFileSync(installedFile, digest())
  }
  // Without this its first run uses the plugins that the configuration turned off, and fails.
  if (withTests && !hasTap()) run('tap', ['build'])
  if (withBuild) {
    const { build } = await import('./build.mjs')
    await build()
  }
}
