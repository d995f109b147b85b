// Takes away what was built; `npm run clean -- --all` what was installed too.
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { packages } from './packages.mjs'
import { root } from './run.mjs'

const remove = path => rmSync(join(root, path), { recursive: true, force: true })

remove('target')
for (const { path } of packages()) {
  remove(join(path, 'dist'))
  for (const [folder, built] of [
    ['native', /\.node$|^index\.d\.ts$/],
    ['bin', /^srcon-launch-/],
  ]) {
    let names = []
    try {
      names = readdirSync(join(root, path, folder))
    } catch {
      // This package has none.
    }
    for (const name of names) if (built.test(name)) remove(join(path, folder, name))
  }
}
if (process.argv.includes('--all')) for (const path of ['.tap', 'node_modules']) remove(path)
