// Builds what changed, in the only order there is: addons and launcher (cargo), libraries (tsc), command lines (rolldown).
//   node scripts/build.mjs             everything; nothing to do costs 0.1 s
//   node scripts/build.mjs caps kit    only these packages, while others do not compile
//   node scripts/build.mjs --force     although nothing changed
import { buildBins } from './bins.mjs'
import { isBuilt, markBuilt, sourceState } from './freshness.mjs'
import { oneAtATime } from './one-at-a-time.mjs'
import { linkBins, packages } from './packages.mjs'
import { run, say, stop } from './run.mjs'
import { buildAddons, buildLauncher } from './rust.mjs'
import { checkRust } from './toolchain.mjs'

/** Builds everything, or the named packages; returns whether there was something to do. */
export async function build({ only = [], force = false } = {}) {
  if (!force && only.length === 0 && isBuilt(sourceState())) return false
  await oneAtATime()
  // The state from before the build: what is edited meanwhile is built next time. Asked again, since we may have waited.
  const state = sourceState()
  if (!force && only.length === 0 && isBuilt(state)) return false
  checkRust()
  const all = packages()
  const unknown = only.find(name => !all.some(each => each.name === name))
  if (unknown) stop(`no package '${unknown}'; there are: ${all.map(({ name }) => name).join(' ')}`)
  const wanted = only.length > 0 ? all.filter(({ name }) => only.includes(name)) : all

  const made = await buildAddons(wanted.filter(({ addon }) => addon))
  if (wanted.some(({ name }) => name === 'launcher')) made.push(...buildLauncher())
  const projects = only.length > 0 ? wanted.filter(({ typescript }) => typescript).map(({ path }) => path) : ['tsconfig.build.json']
  if (projects.length > 0) run('tsc', ['-b', ...projects])
  made.push(...(await buildBins(wanted)))
  linkBins(wanted)
  if (only.length === 0) markBuilt(state, made)
  return true
}

if (process.argv[1] === import.meta.filename) {
  const args = process.argv.slice(2)
  const did = await build({ only: args.filter(arg => !arg.startsWith('-')), force: args.includes('--force') })
  if (!did) say('up to date')
}
