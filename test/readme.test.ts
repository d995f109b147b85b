// What the README and the pages of docs/ show is run here, and must print what they say: console blocks as commands, one
// folder a page so that a later one finds the files of an earlier one; TypeScript that is followed by its output as a
// program. What differs from host to host is made equal on both sides.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t, { type Test } from 'tap'

const root = join(import.meta.dirname, '..')
const pages = ['README.md', ...readdirSync(join(root, 'docs')).filter(name => name.endsWith('.md')).map(name => join('docs', name))]
const bins = join(root, 'node_modules/.bin')
const mirror = process.env['SRCON_ALPINE_MIRROR'] ?? (process.env['SRCON_TEST_DATA'] === undefined ? undefined : join(process.env['SRCON_TEST_DATA'], 'alpine'))
const notRoot = process.getuid?.() === 0 ? false : 'the examples are those of root'

const env = (home: string): NodeJS.ProcessEnv => ({ PATH: `${bins}:/usr/sbin:/usr/bin:/sbin:/bin`, HOME: home, LANG: 'C.UTF-8', ...(mirror === undefined ? {} : { SRCON_ALPINE_MIRROR: mirror }) })
const noMirror = (text: string) => (text.includes('alpine:') || text.includes('./alpine')) && mirror === undefined && 'neither SRCON_ALPINE_MIRROR nor SRCON_TEST_DATA names a mirror'

interface Example {
  readonly command: string
  readonly output: string
}

/** The console blocks of a page: a line that begins with `$ ` is a command, what follows is what it prints. */
function examplesOf(page: string): Example[][] {
  return [...page.matchAll(/^```console\n([^]*?)^```/gm)].map(([, block = '']) =>
    block.split(/^\$ /m).slice(1).map(text => {
      const [command = '', ...output] = text.split('\n')
      return { command, output: output.join('\n') }
    }),
  )
}

/** What a command prints, on either descriptor. */
function shell(command: string, folder: string): string {
  const { stdout } = spawnSync('bash', ['--norc', '-c', `{ ${command}\n} 2>&1`], { cwd: folder, encoding: 'utf8', env: env(folder), stdio: ['ignore', 'pipe', 'inherit'], timeout: 60_000 })
  return stdout
}

/** Numbers of this host, and of this run. */
function normal(text: string): string {
  return text
    .replaceAll(/"lastCap": \d+/g, '"lastCap": N')
    .replaceAll(/srcon-[0-9a-f]{16}/g, 'srcon-NAME')
    .replaceAll(/\b(mnt|pid|uts|ipc|net|user|cgroup|time):\[\d+\]/g, '$1:[N]')
    .replaceAll(/\b\d+(\.\d+)? (ms|s|MiB|KiB|MB|kB)\b/g, 'N $2')
    .replaceAll(/^bash: line \d+: +\d+ (Killed) .*$/gm, '$1')
    .replaceAll(/[ \t]+/g, ' ')
    .trim()
}

t.test('commands', { skip: notRoot }, async t => {
  for (const name of pages) {
    const blocks = examplesOf(readFileSync(join(root, name), 'utf8'))
    if (blocks.length > 0) await t.test(name, async t => commands(t, blocks))
  }
})

function commands(t: Test, blocks: readonly (readonly Example[])[]): void {
  const folder = t.testdir({})
  for (const { command, output } of blocks.flat()) {
    const skip = noMirror(command)
    if (skip) t.pass(command, { skip })
    else t.equal(normal(shell(command, folder)), normal(output), command)
  }
}

t.test('programs', { skip: notRoot }, async t => {
  const home = t.testdir({})
  for (const name of pages) {
    const page = readFileSync(join(root, name), 'utf8')
    for (const [i, [, code = '', printed = '']] of [...page.matchAll(/```ts\n([^]*?)```\n+```text\n([^]*?)```/g)].entries()) {
      const file = join(home, `${name.replaceAll('/', '-')}-${i}.ts`)
      const skip = noMirror(code)
      if (skip) {
        t.pass(name, { skip })
        continue
      }
      writeFileSync(file, code)
      const { stdout, stderr } = spawnSync(process.execPath, ['--conditions=@srcon/source', file], { encoding: 'utf8', env: env(home), timeout: 60_000 })
      t.equal(normal(`${stderr}${stdout}`), normal(printed), name)
    }
  }
})

t.test('links and files lead somewhere', async t => {
  for (const name of [...pages, 'CONTRIBUTING.md']) {
    const page = readFileSync(join(root, name), 'utf8')
    const links = [...page.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(([, link = '']) => join(dirname(name), link))
    const files = [...page.matchAll(/`((?:crates|packages|scripts|test|labs|bench)\/[\w./-]+\.\w+)`/g)].map(([, file = '']) => file)
    for (const path of [...links, ...files]) t.ok(existsSync(join(root, path)), `${name}: ${path}`)
  }
})
