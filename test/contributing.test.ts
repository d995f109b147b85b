// CONTRIBUTING.md names the files that a new tool, step and option touch. Its lists are followed here in a copy of the
// tree: nothing else is changed, and in the end the kernel says that the new step was carried out.
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { arch } from 'node:process'
import { dirname, join } from 'node:path'
import t from 'tap'
import { cleanEnv } from './support/clean-env.ts'
import { newOption, newStep, newTool, type Change } from './support/new-tool.ts'

const root = join(import.meta.dirname, '..')
const page = readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8')

/** The files of a list, with the names filled in. */
function listed(heading: string, step: string): string[] {
  const section = page.split(/^## /m).find(part => part.startsWith(`${heading}\n`)) ?? ''
  return [...section.matchAll(/^- `([^`]+)`/gm)].map(([, path = '']) => path.replaceAll('<tool>', 'proc-attr').replaceAll('<step>', step))
}

/** The tree as git sees it, with node_modules and the addons of the real one. */
function copyTree(to: string): void {
  const files = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root, encoding: 'utf8' }).split('\0')
  for (const file of files) if (file && existsSync(join(root, file))) cpSync(join(root, file), join(to, file), { recursive: true })
  for (const name of readdirSync(join(root, 'packages'))) {
    const addon = `packages/${name}/native/${name}.linux-${arch}-gnu.node`
    for (const built of [addon, `packages/${name}/native/index.d.ts`]) if (existsSync(join(root, built))) cpSync(join(root, built), join(to, built))
  }
  mkdirSync(join(to, 'node_modules/@srcon'), { recursive: true })
  for (const name of readdirSync(join(root, 'node_modules'))) if (name !== '@srcon' && name !== 'srcon') symlinkSync(join(root, 'node_modules', name), join(to, 'node_modules', name))
  for (const name of readdirSync(join(to, 'packages'))) symlinkSync(join(to, 'packages', name), join(to, 'node_modules', name === 'srcon' ? name : `@srcon/${name}`))
}

function apply(change: Change, to: string): void {
  for (const [path, what] of Object.entries(change)) {
    const file = join(to, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, typeof what === 'string' ? what : what(readFileSync(file, 'utf8')))
  }
}

t.test('a tool, a step and an option, added by the lists', { skip: existsSync(join(root, '.git')) ? false : 'not a git checkout' }, async t => {
  t.strictSame(listed('Add a tool', 'mask').toSorted(), Object.keys(newTool).toSorted(), 'the list of a tool')
  t.strictSame(listed('Add a step', 'nice').toSorted(), Object.keys(newStep).toSorted(), 'the list of a step')
  t.strictSame(listed('Add an option', '').toSorted(), Object.keys(newOption).toSorted(), 'the list of an option')

  const copy = t.testdir({})
  copyTree(copy)
  for (const change of [newTool, newStep, newOption]) apply(change, copy)

  const target = process.env['CARGO_TARGET_DIR'] ?? join(root, 'target')
  const env = cleanEnv({ CARGO_TARGET_DIR: join(target, 'contributing') })
  const command = (program: string, ...args: string[]) => spawnSync(program, args, { cwd: copy, env, encoding: 'utf8' })
  const source = (...args: string[]) => command(process.execPath, '--conditions=@srcon/source', ...args)

  const docs = source('scripts/docs.mjs')
  t.equal(docs.status, 0, docs.stderr)
  const made = (path: string) => readFileSync(join(copy, 'packages', path), 'utf8')
  t.match(made('proc-attr/man/proc-attr.1'), String.raw`\-N, \-\-nice=VALUE`, 'the man page has the option')
  t.match(made('proc-attr/completions/proc-attr.bash'), '--nice=', 'so has the completion')
  t.match(made('proc-attr/README.md'), '`-N, --nice=VALUE`', 'and the README')
  t.match(made('kit/schema/plan-v1.schema.json'), '"attr.nice"', 'the schema has the step')

  const types = command(join(root, 'node_modules/.bin/tsc'), '-b', 'packages/proc-attr')
  t.equal(types.status, 0, types.stdout + types.stderr)

  const cargo = command('cargo', 'build', '--offline', '--quiet', '-p', 'srcon-launch')
  t.equal(cargo.status, 0, cargo.stderr)
  cpSync(join(target, 'contributing/debug/srcon-launch'), join(copy, `packages/launcher/bin/srcon-launch-${arch}`))

  const cli = 'packages/proc-attr/src/cli.ts'
  t.match(source(cli, '--help').stdout, '--nice VALUE', 'help has the option')
  const ran = source(cli, '--mask', '027', '--nice', '5', '--', 'sh', '-c', 'umask; nice')
  t.equal(ran.stdout, '0027\n5\n', ran.stderr)
  t.equal(ran.status, 0)
})
