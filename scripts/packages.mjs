// The packages of the workspace and what each of them has to build, read from the tree: a new tool needs no change here.
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './run.mjs'

/** All packages, in the order of their names. */
export function packages() {
  return readdirSync(join(root, 'packages'))
    .filter(name => existsSync(join(root, 'packages', name, 'package.json')))
    .map(name => {
      const has = path => existsSync(join(root, 'packages', name, path))
      const manifest = JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8'))
      const bundled = Object.values(manifest.bin ?? {}).some(file => file.startsWith('dist/bin/'))
      return {
        name,
        bin: manifest.bin ?? {},
        path: join('packages', name),
        addon: has('native/Cargo.toml'),
        typescript: has('src') && has('tsconfig.json'),
        cli: bundled && has('src/cli.ts'),
        link: bundled && has('src/link.ts'),
        table: has('src/options.ts'),
      }
    })
}

/** Puts the workspace's own commands where npm scripts find them: npm leaves out what was not yet built when it installed. */
export function linkBins(wanted) {
  const dir = join(root, 'node_modules/.bin')
  mkdirSync(dir, { recursive: true })
  for (const { path, bin } of wanted)
    for (const [name, file] of Object.entries(bin)) {
      rmSync(join(dir, name), { force: true })
      symlinkSync(join('../..', path, file), join(dir, name))
    }
}
