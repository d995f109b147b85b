// Folding: which words are read as our tools and which are commands like any other, and what the plan
// of a chain is. The tools `beta` and `gamma` stand in a PATH of the test's own.
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import t, { type Test } from 'tap'
import { foldChain, type Chain, type ChainLink } from '../src/fold.ts'
import type { Plan } from '../src/plan.ts'
import { scanLink } from '../src/scan.ts'
import { alpha, type Ended, type How } from './fixtures/run.ts'
import { makeLink } from './fixtures/tool.ts'

const tool = pathToFileURL(join(import.meta.dirname, 'fixtures/tool.ts')).href
const manifest = (srcon: object): string => JSON.stringify({ name: 'x', version: '7.8.9', type: 'module', srcon })
const script = { mode: 0o755, text: '#!/bin/sh\necho foreign "$@"\n' }

/** A folder as npm makes it: links in `bin`, packages elsewhere. */
function installation(t: Test): string {
  const link = (name: string): string => `import { makeLink } from ${JSON.stringify(tool)}\nexport const link = makeLink('${name}')\n`
  const home = t.testdir({
    bin: {
      beta: t.fixture('symlink', '../packages/beta/dist/bin/beta.mjs'),
      gamma: t.fixture('symlink', '../packages/gamma/cli.mjs'),
      newer: t.fixture('symlink', '../packages/newer/cli.mjs'),
      broken: t.fixture('symlink', '../packages/broken/cli.mjs'),
      mute: t.fixture('symlink', '../packages/mute/cli.mjs'),
      plain: t.fixture('symlink', '../packages/plain/cli.mjs'),
      folder: {},
    },
    early: { beta: 'not executable' },
    packages: {
      beta: { 'package.json': manifest({ protocol: 1, link: './dist/link.mjs' }), dist: { 'link.mjs': link('beta'), bin: { 'beta.mjs': script.text } } },
      gamma: { 'package.json': manifest({ protocol: 1, link: './link.mjs' }), 'link.mjs': link('gamma'), 'cli.mjs': script.text },
      newer: { 'package.json': manifest({ protocol: 2, link: './link.mjs' }), 'link.mjs': link('newer'), 'cli.mjs': script.text },
      broken: { 'package.json': manifest({ protocol: 1, link: './absent.mjs' }), 'cli.mjs': script.text },
      mute: { 'package.json': manifest({ protocol: 1, link: './link.mjs' }), 'link.mjs': 'export const other = 1', 'cli.mjs': script.text },
      plain: { 'package.json': '{"name":"plain"}', 'cli.mjs': script.text },
    },
  })
  for (const name of ['beta/dist/bin/beta.mjs', 'gamma/cli.mjs', 'newer/cli.mjs', 'broken/cli.mjs', 'mute/cli.mjs', 'plain/cli.mjs']) chmodSync(join(home, 'packages', name), 0o755)
  return home
}

function planOf(words: readonly string[], how: How): Pick<Plan, 'steps' | 'argv'> {
  const { stdout, stderr } = alpha(words, how)
  if (stderr) throw new Error(stderr)
  const { steps, argv } = JSON.parse(stdout) as Plan
  return { steps, argv }
}
const env = (name: string, value: string): object => ({ do: 'run.env', edits: [{ name, value }] })
const first: ChainLink = { link: makeLink('alpha'), scanned: scanLink(makeLink('alpha').table, [], true) }
const fold = (command: readonly string[]): Promise<Chain> => foldChain(first, command)
const refused = (t: Test, { status, stderr, stdout }: Ended, text: RegExp): void => {
  t.equal(status, 125)
  t.equal(stdout, '')
  t.match(stderr, text)
}

t.test('a chain is one plan, in the order written', async t => {
  const path = join(installation(t), 'bin')
  t.strictSame(planOf(['--plan', '-s', 'a', '--', 'beta', '-s', 'b', '/', '--', 'gamma', '-s', 'c', '-s', 'd', '--', 'sh', '-c', 'x'], { path }), {
    steps: [env('a', 'alpha-0'), env('b', 'beta-1'), { do: 'run.cwd', path: '/' }, env('c', 'gamma-3'), env('d', 'gamma-3')],
    argv: ['sh', '-c', 'x'],
  })
  t.strictSame(planOf(['-s', 'a', '--', 'alpha', '-s', 'b', '--plan', '--', 'x'], {}).steps, [env('a', 'alpha-0'), env('b', 'alpha-1')], 'our own name needs no PATH, and any link may ask for the plan')
})

t.test('what is foreign', async t => {
  const home = installation(t)
  const path = join(home, 'bin')
  const foreign: readonly (readonly string[])[] = [
    ['beta', 'show', '1'],
    ['beta', 'need'],
    [join(path, 'beta'), '-s', 'b', '--', 'x'],
    ['./beta', '--', 'x'],
    ['newer', '--', 'x'],
    ['plain', '--', 'x'],
    ['folder', '--', 'x'],
    ['absent', '--', 'x'],
    ['alpha', 'show'],
    ['sh', '--', 'x'],
    ['', '--', 'x'],
  ]
  const { PATH } = process.env
  t.teardown(() => (process.env['PATH'] = PATH))
  process.env['PATH'] = `${path}:/usr/bin:/bin`
  for (const argv of foreign) t.match(await fold(argv), { links: { length: 1 }, command: argv }, argv.join(' '))
  process.env['PATH'] = `${join(home, 'early')}:${path}`
  t.match(await fold(['beta', '--', 'x']), { links: { length: 2 }, command: ['x'] }, 'exec goes on past a file that it cannot execute')
  process.chdir(path)
  t.teardown(() => process.chdir(import.meta.dirname))
  process.env['PATH'] = '/nowhere::/usr/bin'
  t.match(await fold(['beta', '--', 'x']), { links: { length: 2 }, command: ['x'] }, 'an empty part of PATH is the working directory')
})

t.test('a tool that cannot be folded is an error, not a command', async t => {
  const path = join(installation(t), 'bin')
  refused(t, alpha(['--plan', '--', 'broken', '--', 'x'], { path }), /cannot load .*absent\.mjs[^]*build or install/)
  refused(t, alpha(['--plan', '--', 'mute', '--', 'x'], { path }), /exports no link of protocol 1/)
})

t.test('words of a folded link are as strict as our own', async t => {
  const path = join(installation(t), 'bin')
  refused(t, alpha(['--plan', '--', 'beta', '--sett=1', '--', 'x'], { path }), /^beta: unknown option --sett\n {2}fix: did you mean --set\?/)
  refused(t, alpha(['--plan', '--', 'beta', '-s', 'wrong', '--', 'x'], { path }), /^beta: --set cannot be 'wrong'/)
  refused(t, alpha(['--plan', '-s', 'a', '--', 'beta', '-s', 'b'], { path }), /^beta: no command follows/)
  refused(t, alpha(['--plan', '--'], { path }), /^alpha: no command follows/)
  refused(t, alpha(['--plan', '--', 'beta', '--'], { path }), /^beta: no command follows/)
  refused(t, alpha(['--', 'beta', '-n', '--', 'x'], { path }), /^beta: --new is for the filter form/)
})

t.test('our own tool behind a foreign command behind a new root is refused', async t => {
  const path = join(installation(t), 'bin')
  refused(t, alpha(['--new-root', '--', 'env', 'X=1', 'beta', '-s', 'b', '--', 'x'], { path }), /^alpha: beta stands behind env and a new root\n {2}why: .*\n {2}fix: put beta before env/)
  refused(t, alpha(['--new-root', '--', 'env', 'beta', '--', 'x'], { path }), /beta stands behind env/)
  refused(t, alpha(['--new-root', '--', 'env', 'alpha', '--', 'x'], { path }), /alpha stands behind env/)
  t.strictSame(planOf(['--plan', '--', 'env', 'beta', '-s', 'b', '--', 'x'], { path }).argv, ['env', 'beta', '-s', 'b', '--', 'x'], 'without a new root it is left alone')
})

t.test('a link in a chain can be asked for its help', async t => {
  const path = join(installation(t), 'bin')
  t.match(alpha(['-s', 'a', '--', 'beta', '--help'], { path }).stdout, /^beta: Sets variables/)
  t.match(alpha(['-s', 'a', '--', 'beta', '--help', '--', 'x'], { path }).stdout, /^beta: Sets variables/)
  t.match(alpha(['-s', 'a', '--', 'beta', '--version', '--', 'x'], { path }), { status: 0, stdout: 'beta 7.8.9\n' })
})
