// Where the compiled parts are: addons and the launcher. Ten lines instead of napi's 778, which load
// code by an environment variable: here only the package's own folder decides.
import { statSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ToolError } from './error.ts'

/** Loads the addon of a package: `import type * as Native from '../native/index.d.ts'`, `loadAddon<typeof Native>('caps', import.meta.url)`. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- The caller says what is in it, as with import().
export function loadAddon<T>(name: string, from: string): T {
  const platform = `linux-${process.arch}-gnu`
  const file = `${name}.${platform}.node`
  // A release carries each platform's addon in a package of its own.
  const places = [join('native', file), join('..', `${name}-${platform}`, file), join('node_modules/@srcon', `${name}-${platform}`, file)]
  const folder = packageFolder(name, from)
  const path = folder && places.map(place => join(folder, place)).find(isFile)
  if (path === undefined) throw unloadable(name, file, folder, `it is not there: not built, or no release has it for ${process.arch}`, 'in a checkout: npm run build; else install the package again')
  const module = { exports: {} as T }
  try {
    // What require() does for a .node file, without the start-up of require().
    process.dlopen(module, path)
  } catch (cause) {
    throw unloadable(name, file, path, (cause as Error).message, 'it was built for another system: build or install it again', cause)
  }
  return module.exports
}

function unloadable(name: string, file: string, path: string | undefined, why: string, hint: string, cause?: unknown): ToolError {
  return new ToolError(name, `cannot load ${file}`, { code: 'E_HOST', path, why, hint, cause })
}

/** The folder of `@srcon/<name>`, seen from the module `from`: an ancestor, or found as Node finds packages. */
export function packageFolder(name: string, from: string): string | undefined {
  for (let at = dirname(fileURLToPath(from)); at !== dirname(at); at = dirname(at)) {
    if (nameAt(at) === `@srcon/${name}`) return at
    const beside = join(at, 'node_modules/@srcon', name)
    if (nameAt(beside) !== undefined) return beside
    // Strict installers put what kit depends on beside kit only.
    const behind = join(at, 'node_modules/@srcon/kit/node_modules/@srcon', name)
    if (nameAt(behind) !== undefined) return behind
  }
  return undefined
}

/** The launcher's program for this machine. */
export function launcherPath(from: string): string {
  const folder = packageFolder('launcher', from)
  const path = folder && join(folder, 'bin', `srcon-launch-${process.arch}`)
  if (path !== undefined && isFile(path)) return path
  throw new ToolError('srcon', `the launcher for ${process.arch} is not there`, { code: 'E_LAUNCH', path, why: '@srcon/launcher is not built or not installed', hint: 'in a checkout: npm run build; else npm install @srcon/launcher' })
}

function nameAt(folder: string): string | undefined {
  const file = join(folder, 'package.json')
  return isFile(file) ? (JSON.parse(readFileSync(file, 'utf8')) as { name?: string }).name : undefined
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false
}
