// Is what was built still what the sources say? Names, sizes and times of all inputs against those of the last build,
// and the outputs of that build still there. About 20 ms, so that `npm start` can ask each time.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { root } from './run.mjs'

const builtFile = join(root, 'target/.built')
const generated = /^(?:node_modules|dist|target|man|completions|tests?|\..*|index\.d\.ts|srcon-launch-.*|.*\.(?:node|md))$/
const inputs = ['package-lock.json', 'Cargo.toml', 'Cargo.lock', 'tsconfig.base.json', 'tsconfig.build.json']
const folders = ['crates', 'packages', 'scripts']

function* filesUnder(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (generated.test(entry.name)) continue
    if (entry.isDirectory()) yield* filesUnder(path)
    else yield path
  }
}

/** A digest of everything the build reads. */
export function sourceState() {
  const hash = createHash('sha256')
  const line = path => {
    const { size, mtimeMs } = statSync(path)
    hash.update(`${path} ${size} ${mtimeMs}\n`)
  }
  for (const file of inputs) if (existsSync(join(root, file))) line(join(root, file))
  for (const folder of folders) for (const path of filesUnder(join(root, folder))) line(path)
  return hash.digest('hex')
}

/** Whether the last whole build was of these sources and all that it made is there. */
export function isBuilt(state) {
  try {
    const built = JSON.parse(readFileSync(builtFile, 'utf8'))
    return built.state === state && built.outputs.every(file => existsSync(join(root, file)))
  } catch {
    return false
  }
}

/** Remembers a whole build. */
export function markBuilt(state, outputs) {
  mkdirSync(dirname(builtFile), { recursive: true })
  writeFileSync(builtFile, JSON.stringify({ state, outputs }))
}
