// What a machine can find without running anything: types, TypeScript and Rust lints (every warning is an error), formatting.
import { spawnSync } from 'node:child_process'
import { output, root } from './run.mjs'

/** The checks, in the order of their speed. `needs`: a part of the Rust toolchain that not every installation has. */
export const checks = [
  { name: 'cargo fmt', command: 'cargo', args: ['fmt', '--all', '--check'], needs: 'rustfmt' },
  { name: 'tsc', command: 'tsc', args: ['-b'] },
  { name: 'oxlint', command: 'oxlint', args: ['--type-aware', '--deny-warnings'] },
  { name: 'cargo clippy', command: 'cargo', args: ['clippy', '--workspace', '--all-targets', '--quiet', '--', '-D', 'warnings'], needs: 'clippy' },
]

/** Asks rustup for a component that is not there; whether it is there now. */
function hasComponent(name) {
  const asked = () => output('cargo', [name === 'rustfmt' ? 'fmt' : name, '--version']) !== undefined
  return asked() || (output('rustup', ['component', 'add', name]) !== undefined && asked())
}

/** Runs one check: 'passed', 'failed', or 'skipped' where its tool cannot be had. */
export function check({ name, command, args, needs }) {
  if (needs && !hasComponent(needs)) {
    console.log(`skip ${name}: ${needs} is missing (rustup component add ${needs})`)
    return 'skipped'
  }
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit' })
  console.log(`${status === 0 ? 'ok  ' : 'FAIL'} ${name}`)
  return status === 0 ? 'passed' : 'failed'
}

if (process.argv[1] === import.meta.filename) process.exitCode = checks.map(check).includes('failed') ? 1 : 0
