// Writes what is made from the option tables (man pages, completions, the README's option tables) and from the step
// schemas (the published schema, the reference in docs/plan.md). `--check` writes nothing and fails where one is stale.
// Reads the sources, so that nothing has to be built: node --conditions=@srcon/source scripts/docs.mjs
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { bashCompletion, between, fishCompletion, manPage, optionTables, pagesOf, planReference, planSchema, zshCompletion } from '@srcon/kit/docs'
import { packages } from './packages.mjs'
import { root, say } from './run.mjs'

const checking = process.argv.includes('--check')
let wrong = 0

function complain(line) {
  say(line)
  wrong++
}

/** One generated file. */
function put(file, text) {
  const path = join(root, file)
  if (existsSync(path) && readFileSync(path, 'utf8') === text) return
  if (checking) return complain(`${file} is stale: npm run docs`)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
  say(`wrote ${file}`)
}

/** The generated part of a page that is otherwise written by hand; a page without a place for it gets one at its end. */
function putBetween(file, name, title, text) {
  const path = join(root, file)
  if (!existsSync(path)) return complain(`${file} is missing`)
  const page = readFileSync(path, 'utf8')
  put(file, between(page, name, text) ?? `${page.trimEnd()}\n\n## ${title}\n\n<!-- ${name}:begin -->\n${text}\n<!-- ${name}:end -->\n`)
}

async function tool({ name, path }) {
  const { table } = await import(join(root, path, 'src/options.ts'))
  const pages = pagesOf(table)
  put(join(path, `man/${name}.1`), manPage(pages))
  put(join(path, `completions/${name}.bash`), bashCompletion(pages))
  put(join(path, `completions/_${name}`), zshCompletion(pages))
  put(join(path, `completions/${name}.fish`), fishCompletion(pages))
  putBetween(join(path, 'README.md'), 'options', 'Options', optionTables(pages))
}

const all = packages()
for (const each of all) if (each.table) await tool(each)

const parts = all
  .map(({ name, path }) => ({ name, file: join(root, path, 'plan.schema.json') }))
  .filter(({ file }) => existsSync(file))
  .map(({ name, file }) => ({ package: name, ...JSON.parse(readFileSync(file, 'utf8')) }))
put('packages/kit/schema/plan-v1.schema.json', `${JSON.stringify(planSchema(parts), null, 2)}\n`)
putBetween('docs/plan.md', 'reference', 'Reference', planReference(parts))

process.exitCode = wrong > 0 ? 1 : 0
