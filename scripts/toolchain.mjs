// What must be on the machine before anything can be built: Node, npm, cargo, a C linker, the musl target.
// Each thing missing gives one line: what, why, the command that installs it.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { output, say, stop } from './run.mjs'

const rustup = "curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh"

/** Versions as `[major, minor]`, compared. */
function atLeast(version, [major, minor]) {
  const [, a, b] = /(\d+)\.(\d+)/.exec(version) ?? [undefined, 0, 0]
  return Number(a) > major || (Number(a) === major && Number(b) >= minor)
}

/** Node and npm; cheap, so asked at every start. */
export function checkNode() {
  if (process.platform !== 'linux') stop(`srcon changes Linux processes and cannot be built on ${process.platform}`)
  if (!['x64', 'arm64'].includes(process.arch)) stop(`srcon has no system-call tables for ${process.arch}; it runs on x64 and arm64`)
  if (!atLeast(process.versions.node, [20, 19]))
    stop(`Node ${process.versions.node} is too old, 20.19 is needed: install Node 24 from https://nodejs.org/en/download`)
}

/** npm, before it is called. */
export function checkNpm() {
  if (!output('npm', ['--version'])) stop('npm is missing, and it installs the build tools: apt-get install npm')
}

/** cargo, rustc and the C compiler that rustc links with. */
export function checkRust() {
  const rustc = output('rustc', ['--version'])
  if (!rustc || !output('cargo', ['--version'])) {
    // rustup puts a `rustc` into PATH even where no toolchain is chosen.
    if (output('rustup', ['--version']) !== undefined) stop('rustup has no toolchain here, and the launcher and the addons are Rust: rustup default stable')
    stop(`cargo is missing, and the launcher and the addons are Rust: ${rustup}`)
  }
  if (!atLeast(rustc, [1, 88])) stop(`${rustc} is too old, napi needs 1.88: rustup update stable (or ${rustup})`)
  if (!output('cc', ['--version'])) stop('cc is missing, and rustc links with it: apt-get install gcc libc6-dev')
}

/**
 * The target for which the launcher is built, and the flags it needs.
 * musl starts a static program in 0.05 ms, glibc in 0.5 (its start-up executes `cpuid` some 75 times, a trap to the
 * hypervisor each), so rustup is asked for musl where it is not there yet.
 */
export function launcherTarget() {
  const processor = { x64: 'x86_64', arm64: 'aarch64' }[process.arch]
  const musl = `${processor}-unknown-linux-musl`
  const sysroot = output('rustc', ['--print', 'sysroot'])
  const installed = () => existsSync(join(sysroot, 'lib/rustlib', musl, 'lib'))
  if (!installed() && output('rustup', ['--version']) !== undefined) {
    say(`adding the Rust target ${musl}: the launcher is linked with musl`)
    output('rustup', ['target', 'add', musl])
  }
  if (installed()) return { triple: musl, env: {} }
  say(`Rust target ${musl} is missing, so the launcher is linked with glibc and starts ten times slower: rustup target add ${musl}`)
  return { triple: `${processor}-unknown-linux-gnu`, env: { RUSTFLAGS: '-C target-feature=+crt-static' } }
}
