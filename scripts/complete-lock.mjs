// Adds to package-lock.json the platform packages that npm left out.
// npm writes an optional package of a foreign platform into the lock only where the registry it asked has it; with a lock
// that lacks one, `npm ci` refuses everywhere ("Missing: … from lock file"). A stub with os, cpu and libc is enough:
// npm skips it on this platform and resolves it from the registry on its own.
// Also takes out every `resolved` that names a registry host, so that any mirror will do.
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const systems = ['darwin', 'win32', 'freebsd', 'netbsd', 'openbsd', 'sunos', 'aix', 'android', 'openharmony', 'linux']
const processors = ['arm64', 'x64', 'ia32', 'ppc64', 's390x', 'riscv64', 'loong64', 'mips64el', 'arm']

/** What a platform package's name says about where it runs. */
function platformOf(name) {
  const os = systems.find(word => name.includes(word))
  const cpu = processors.find(word => name.includes(word)) ?? (name.includes('universal') ? undefined : 'wasm32')
  return {
    ...(cpu ? { cpu: [cpu] } : {}),
    dev: true,
    ...(name.includes('musl') ? { libc: ['musl'] } : name.endsWith('-gnu') ? { libc: ['glibc'] } : {}),
    optional: true,
    // A WebAssembly package names no system; none of those we know is its own.
    os: [os ?? 'none'],
  }
}

/** Completes a parsed lock in place; returns the names added. */
export function completeLock(lock) {
  const at = lock.packages
  const added = []
  for (const [path, entry] of Object.entries(at)) {
    if (/^https?:/.test(entry.resolved ?? '')) delete entry.resolved
    for (const [name, range] of Object.entries(entry.optionalDependencies ?? {})) {
      const top = `node_modules/${name}`
      if (at[`${path}/${top}`] || at[top]) continue
      const version = /^\d+\.\d+\.\d+/.exec(range)?.[0]
      if (!version) continue
      at[top] = { version, ...platformOf(name) }
      added.push(name)
    }
  }
  lock.packages = Object.fromEntries(Object.entries(at).sort(([a], [b]) => (a < b ? -1 : 1)))
  return added
}

/** The same for a file. */
export function completeLockFile(file) {
  const lock = JSON.parse(readFileSync(file, 'utf8'))
  const added = completeLock(lock)
  writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`)
  return added
}

if (process.argv[1] === import.meta.filename) {
  const added = completeLockFile(join(dirname(import.meta.dirname), 'package-lock.json'))
  process.stderr.write(`complete-lock: ${added.length} platform packages added\n`)
}
