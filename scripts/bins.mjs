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
  const made = []
  for (const tool of wanted.filter(({ cli }) => cli)) {
    // Two bundles: what a tool and its link share would otherwise be files of its own, to be opened at every start.
    const output = []
    for (const [name, file] of [[tool.name, 'src/cli.ts'], ...(tool.link ? [['link', 'src/link.ts']] : [])]) {
      const chunks = await bundle(tool, name, file)
      checkLazy(name, chunks)
      output.push(...chunks)
    }
    made.push(...place(join(tool.path, 'dist/bin'), output))
  }
  return made
}

/** An ESM import of a builtin runs every getter of it (node:fs: fs.promises too), some 4 ms a start; this does not. */
const builtins = {
  name: 'builtins',
  renderChunk: code =>
    code.replace(/^import (\{[^}]*\}) from "(node:[a-z_/]+)";$/gm, (_, names, from) => `const ${names.replaceAll(' as ', ': ')} = process.getBuiltinModule("${from}");`),
}

async function bundle(tool, name, file) {
  const { rolldown } = await import('rolldown')
  const built = await rolldown({
    cwd: root,
    input: { [name]: join(tool.path, file) },
    platform: 'node',
    preserveEntrySignatures: 'strict',
    external: [/\.node$/],
    plugins: [builtins],
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
  const options = { format: 'esm', minify: true, entryFileNames: '[name].mjs', chunkFileNames: `${name}-[name]-[hash].mjs` }
  // Once to learn what is loaded at every start, once to put all of that into one file. All but the entry: it awaits
  // the tool's work, and a chunk that is loaded meanwhile must not wait for the entry in turn.
  const { output: first } = await built.generate(options)
  if (atStart(first).length <= 2) {
    await built.close()
    return first
  }
  const eager = new Set(atStart(first).flatMap(({ moduleIds }) => moduleIds))
  eager.delete(join(root, tool.path, file))
  const { output } = await built.generate({ ...options, codeSplitting: { groups: [{ name: 'start', test: id => eager.has(id) }] } })
  await built.close()
  return output
}

/** The chunks that the entry imports without being asked, itself among them. */
function atStart(output) {
  const chunks = new Map(output.filter(({ type }) => type === 'chunk').map(chunk => [chunk.fileName, chunk]))
  const found = new Set()
  const visit = chunk => {
    if (!chunk || found.has(chunk)) return
    found.add(chunk)
    for (const next of chunk.imports) visit(chunks.get(next))
  }
  visit(output.find(({ isEntry }) => isEntry))
  return [...found]
}

/** What is loaded at every start must be free of the lazy packages. */
function checkLazy(name, output) {
  for (const { moduleIds, fileName } of atStart(output)) {
    const found = moduleIds.find(id => lazy.test(id))
    if (found) stop(`${name}: ${fileName} loads ${found} at every start; import it where it is needed`)
  }
}

/** Chunks first, entries last, each at once: a tool that starts meanwhile finds either the old or the new ones. */
function place(folder, output) {
  const at = join(root, folder)
  mkdirSync(at, { recursive: true })
  for (const chunk of output.toSorted((a, b) => Number(a.isEntry ?? false) - Number(b.isEntry ?? false))) {
    const file = join(at, chunk.fileName)
    const program = chunk.isEntry && chunk.fileName !== 'link.mjs'
    const text = chunk.code ?? chunk.source
    writeFileSync(`${file}.new`, program && !text.startsWith('#!') ? `#!/usr/bin/env node\n${text}` : text)
    if (program) chmodSync(`${file}.new`, 0o755)
    renameSync(`${file}.new`, file)
  }
  const names = new Set(output.map(({ fileName }) => fileName))
  for (const old of readdirSync(at)) if (!names.has(old)) rmSync(join(at, old), { recursive: true })
  return [...names].map(name => join(folder, name))
}
