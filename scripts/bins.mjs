// The command lines as they are shipped: one bundle per tool, because Node pays for each file it opens at start.
// Two entries share it: the tool itself and the link that other tools import to fold it.
// What only people read (yargs: help) stays in a chunk of its own, loaded when asked for; the build fails if it does not.
import { chmodSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root, stop } from './run.mjs'

/** Packages that no ordinary call of a tool may load. */
const lazy = /\/node_modules\/(?:yargs|cliui|y18n|yargs-parser|string-width)\//

/** Builds the bins of these packages; returns the files made. */
export async function buildBins(wanted) {
  const { rolldown } = await import('rolldown')
  const made = []
  for (const tool of wanted.filter(({ cli }) => cli)) {
    const bundle = await rolldown({
      cwd: root,
      input: {
        [tool.name]: join(tool.path, 'src/cli.ts'),
        ...(tool.link ? { link: join(tool.path, 'src/link.ts') } : {}),
      },
      platform: 'node',
      external: [/\.node$/],
      logLevel: 'warn',
      onLog(level, log, next) {
        if (level === 'warn') stop(`rolldown, ${tool.name}: ${log.message}`)
        next(level, log)
      },
      resolve: {
        alias: { 'string-width': join(root, 'scripts/width.mjs') },
        conditionNames: ['@srcon/source', 'node', 'import'],
      },
    })
    const { output } = await bundle.generate({
      format: 'esm',
      entryFileNames: '[name].mjs',
      chunkFileNames: '[name]-[hash].mjs',
    })
    await bundle.close()
    checkLazy(tool.name, output)
    made.push(...place(join(tool.path, 'dist/bin'), output))
  }
  return made
}

/** Everything that an entry imports without being asked must be free of the lazy packages. */
function checkLazy(name, output) {
  const chunks = new Map(output.filter(({ type }) => type === 'chunk').map(chunk => [chunk.fileName, chunk]))
  const seen = new Set()
  const visit = (fileName, from) => {
    const chunk = chunks.get(fileName)
    if (!chunk || seen.has(fileName)) return
    seen.add(fileName)
    const found = chunk.moduleIds.find(id => lazy.test(id))
    if (found) stop(`${name}: ${from} loads ${found} at every start; import it where it is needed`)
    for (const next of chunk.imports) visit(next, fileName)
  }
  for (const chunk of chunks.values()) if (chunk.isEntry) visit(chunk.fileName, chunk.fileName)
}

/** Chunks first, entries last, each at once: a tool that starts meanwhile finds either the old or the new ones. */
function place(folder, output) {
  const at = join(root, folder)
  mkdirSync(at, { recursive: true })
  for (const chunk of output.toSorted((a, b) => Number(a.isEntry ?? false) - Number(b.isEntry ?? false))) {
    const file = join(at, chunk.fileName)
    writeFileSync(`${file}.new`, chunk.code ?? chunk.source)
    if (chunk.isEntry) chmodSync(`${file}.new`, 0o755)
    renameSync(`${file}.new`, file)
  }
  const names = new Set(output.map(({ fileName }) => fileName))
  for (const old of readdirSync(at)) if (!names.has(old)) rmSync(join(at, old), { recursive: true })
  return [...names].map(name => join(folder, name))
}
