// The Rust half of the build: one cargo call for all addons, one for the launcher.
// One call, because six `napi build` set different environments and recompile each other's dependencies (17 s against
// 0.4 s when nothing changed). What else `napi build` does is done here: the declarations and the name of the file.
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { root, run } from './run.mjs'
import { launcherTarget } from './toolchain.mjs'

const target = resolve(root, process.env.CARGO_TARGET_DIR ?? 'target')
const types = join(target, 'napi-types')
// On CI a lock that does not fit is a mistake; while working on the sources cargo brings it up to date.
const locked = process.env.CI ? ['--locked'] : []

/** Puts a file in its place at once: who runs the old one keeps it. */
function place(from, to) {
  mkdirSync(dirname(to), { recursive: true })
  copyFileSync(from, `${to}.new`)
  renameSync(`${to}.new`, to)
}

/** Builds the addons of these packages; returns the files made. */
export async function buildAddons(wanted) {
  if (wanted.length === 0) return []
  mkdirSync(types, { recursive: true })
  // Optimising over all crates at once is for the launcher, where every page counts: for seven addons it takes a minute and
  // gains nothing that can be measured. napi-derive leaves each crate's declarations in the folder while it is compiled.
  run('cargo', ['build', '--release', ...locked, ...wanted.flatMap(({ name }) => ['-p', `${name}-native`])], {
    NAPI_TYPE_DEF_TMP_FOLDER: types,
    CARGO_PROFILE_RELEASE_LTO: 'off',
    CARGO_PROFILE_RELEASE_CODEGEN_UNITS: '16',
  })
  const made = []
  for (const { name, path } of wanted) {
    const addon = join(path, 'native', `${name}.linux-${process.arch}-gnu.node`)
    place(join(target, 'release', `lib${name.replaceAll('-', '_')}_native.so`), join(root, addon))
    const declarations = join(path, 'native/index.d.ts')
    writeWhenChanged(join(root, declarations), await declarationsOf(name))
    made.push(addon, declarations)
  }
  return made
}

/** The declarations of one addon, from what napi-derive left of it. */
async function declarationsOf(name) {
  const left = join(types, `${name}-native`)
  // A crate that exports nothing leaves nothing.
  if (!existsSync(left)) return 'export {}\n'
  const { generateTypeDef } = await import('@napi-rs/cli')
  const own = join(`${types}.d`, name)
  rmSync(own, { recursive: true, force: true })
  mkdirSync(own, { recursive: true })
  copyFileSync(left, join(own, `${name}-native`))
  const { dts } = await generateTypeDef({ typeDefDir: own, constEnum: false, cwd: root })
  return dts
}

/** Leaves an equal file alone, so that tsc does not begin anew. */
function writeWhenChanged(file, text) {
  if (!existsSync(file) || readFileSync(file, 'utf8') !== text) writeFileSync(file, text)
}

/** Builds the launcher; returns the file made. */
export function buildLauncher() {
  const { triple, env } = launcherTarget()
  run('cargo', ['build', '--release', ...locked, '--target', triple, '-p', 'srcon-launch'], env)
  const made = `packages/launcher/bin/srcon-launch-${process.arch}`
  place(join(target, triple, 'release/srcon-launch'), join(root, made))
  return [made]
}
