// What the measurements run: three small C programs, a root file system that holds nothing else, and plans.
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const here = import.meta.dirname

/** Whether a program is in PATH. */
export function has(program) {
  try {
    execFileSync('sh', ['-c', 'command -v "$1"', 'sh', program], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** Builds everything in a new temporary directory, which the caller removes. */
export function prepare() {
  const dir = mkdtempSync(join(tmpdir(), 'srcon-bench-'))
  const cc = has('musl-gcc') ? 'musl-gcc' : 'cc'
  const build = (name, flags = []) => {
    execFileSync(cc, ['-O2', ...flags, '-o', join(dir, name), join(here, `${name}.c`)], { stdio: 'inherit' })
    return join(dir, name)
  }
  const root = join(dir, 'root')
  for (const name of ['proc', 'dev', 'sys', 'tmp']) mkdirSync(join(root, name), { recursive: true })
  const programs = { stamp: build('stamp', ['-static']), floor: build('floor', ['-static']), toExec: build('to-exec') }
  copyFileSync(programs.stamp, join(root, 'stamp'))
  const plan = (name, steps) => {
    const file = join(dir, `${name}.json`)
    writeFileSync(file, JSON.stringify({ version: 1, steps }))
    return file
  }
  const plans = { empty: plan('empty', []), container: plan('container', container(root, false)), init: plan('init', container(root, true)) }
  return { dir, root, ...programs, plans }
}

/** pid, mount, uts and ipc namespaces, the root with a proc of its own: what `bwrap` is asked for beside it. */
export function container(root, init) {
  return [
    { do: 'ns.new', types: ['mnt', 'uts', 'ipc'], propagation: 'private' },
    { do: 'ns.pid', init },
    { do: 'fs.open', tree: 'root', path: root, recursive: true },
    { do: 'fs.attach', tree: 'root' },
    { do: 'fs.mount', type: 'proc', target: '/proc' },
    { do: 'fs.pivot' },
  ]
}

/** The config of an OCI runtime for the same container. */
export function bundle(dir, root) {
  const path = join(dir, 'bundle')
  mkdirSync(path)
  const namespaces = ['pid', 'mount', 'uts', 'ipc'].map(type => ({ type }))
  const config = {
    ociVersion: '1.0.2',
    process: { terminal: false, user: { uid: 0, gid: 0 }, args: ['/stamp'], env: ['PATH=/'], cwd: '/' },
    root: { path: root },
    mounts: [{ destination: '/proc', type: 'proc', source: 'proc' }],
    linux: { namespaces, resources: {} },
  }
  writeFileSync(join(path, 'config.json'), JSON.stringify(config))
  return path
}
