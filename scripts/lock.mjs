// Brings package-lock.json up to date with the package.json files: `npm run lock`, after a dependency was added.
//   npm run lock -- --fresh    takes the newest versions that the ranges allow
// Done in a folder of its own: an installed node_modules makes npm leave foreign platforms out (npm/cli#4828).
import { spawnSync } from 'node:child_process'
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { completeLockFile } from './complete-lock.mjs'
import { packages } from './packages.mjs'
import { root, say, stop } from './run.mjs'

const scratch = mkdtempSync(join(tmpdir(), 'srcon-lock-'))
try {
  const files = ['package.json', '.npmrc', ...(process.argv.includes('--fresh') ? [] : ['package-lock.json'])]
  for (const file of files) copyFileSync(join(root, file), join(scratch, file))
  for (const { path } of packages()) {
    mkdirSync(join(scratch, path), { recursive: true })
    cpSync(join(root, path, 'package.json'), join(scratch, path, 'package.json'))
  }
  const args = ['install', '--package-lock-only', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  if (spawnSync('npm', args, { cwd: scratch, stdio: 'inherit' }).status !== 0) stop('npm could not resolve the dependencies')
  const added = completeLockFile(join(scratch, 'package-lock.json'))
  copyFileSync(join(scratch, 'package-lock.json'), join(root, 'package-lock.json'))
  say(`package-lock.json is up to date (${added.length} foreign platform packages completed)`)
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
