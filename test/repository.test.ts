// The rules of the house that can be read from the tree: which way the arrows point, what every package has, a lock for any mirror.
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'

const root = join(import.meta.dirname, '..')
interface Manifest {
  readonly name: string
  readonly license: string
  readonly engines: { readonly node: string }
  readonly bin?: Readonly<Record<string, string>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly srcon?: { readonly protocol: number; readonly link: string }
}
const read = (file: string): unknown => JSON.parse(readFileSync(join(root, file), 'utf8'))
const names = readdirSync(join(root, 'packages')).filter(name => existsSync(join(root, 'packages', name, 'package.json')))
const manifests = new Map(names.map(name => [name, read(`packages/${name}/package.json`) as Manifest]))
const isTool = (name: string) => manifests.get(name)?.srcon !== undefined

function sources(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter(entry => entry.isFile() && entry.name.endsWith('.ts'))
    .map(entry => join(entry.parentPath, entry.name))
}

/** The workspace packages that the sources of a package import. */
function imported(name: string): Set<string> {
  const found = new Set<string>()
  for (const file of sources(join(root, 'packages', name, 'src')))
    for (const [, target] of readFileSync(file, 'utf8').matchAll(/(?:from|import)\s*\(?\s*'(@srcon\/[\w-]+|srcon)(?:\/[^']*)?'/g)) found.add((target ?? '').replace('@srcon/', ''))
  return found
}

t.test('arrows point one way', async t => {
  for (const name of names) {
    const allowed = name === 'srcon' ? names : isTool(name) ? ['kit', name] : name === 'kit' ? ['kit', 'launcher'] : []
    for (const target of imported(name)) t.ok(allowed.includes(target), `${name} may import ${target}`)
    for (const target of Object.keys(manifests.get(name)?.dependencies ?? {}))
      if (/^@srcon\/|^srcon$/.test(target)) t.ok(allowed.includes(target.replace('@srcon/', '')), `${name} may depend on ${target}`)
  }
})

t.test('every package is of one kind', async t => {
  const other = names.filter(name => name !== 'srcon')
  for (const [name, manifest] of manifests) {
    t.equal(manifest.name, other.includes(name) ? `@srcon/${name}` : 'srcon')
    t.equal(manifest.license, 'Apache-2.0')
    t.equal(manifest.engines.node, '>=20.19')
    if (!isTool(name)) continue
    t.strictSame(manifest.bin, { [name]: `dist/bin/${name}.mjs` })
    t.strictSame(manifest.srcon, { protocol: 1, link: './dist/bin/link.mjs' })
    for (const file of ['README.md', 'plan.schema.json', 'src/options.ts', 'src/link.ts', 'src/cli.ts', 'src/index.ts', 'core/Cargo.toml', 'native/Cargo.toml'])
      // rootfs-fetch is a source: it changes no process, so it has no steps.
      if (name !== 'rootfs-fetch' || file !== 'plan.schema.json') t.ok(existsSync(join(root, 'packages', name, file)), `${name}/${file}`)
  }
})

t.test('the lock works with any mirror and on any platform', async t => {
  const lock = read('package-lock.json') as { packages: Record<string, { resolved?: string; optionalDependencies?: Record<string, string> }> }
  t.strictSame(Object.values(lock.packages).filter(({ resolved }) => resolved?.includes('://')), [], 'no registry host')
  const missing: string[] = []
  for (const [path, { optionalDependencies = {} }] of Object.entries(lock.packages))
    for (const name of Object.keys(optionalDependencies)) if (!lock.packages[`node_modules/${name}`] && !lock.packages[`${path}/node_modules/${name}`]) missing.push(name)
  t.strictSame(missing, [], 'no platform package left out: npm run lock')
})
