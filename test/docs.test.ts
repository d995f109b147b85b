// Nothing that is generated may be stale, and what was generated is read by those it was made for.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { cleanEnv } from './support/clean-env.ts'

const root = join(import.meta.dirname, '..')
const has = (program: string) => spawnSync(program, ['--version']).error === undefined
const tools = readdirSync(join(root, 'packages')).filter(name => existsSync(join(root, 'packages', name, 'src/options.ts')))

t.test('everything generated is as the option tables and the step schemas say', async t => {
  const { status, stderr } = spawnSync(process.execPath, ['--conditions=@srcon/source', 'scripts/docs.mjs', '--check'], { cwd: root, encoding: 'utf8', env: cleanEnv() })
  t.equal(stderr, '')
  t.equal(status, 0)
})

t.test('man pages', { skip: has('groff') ? false : 'groff is not installed' }, async t => {
  for (const tool of tools) {
    const input = readFileSync(join(root, 'packages', tool, `man/${tool}.1`), 'utf8')
    const { status, stdout, stderr } = spawnSync('groff', ['-ww', '-b', '-Kutf8', '-Tutf8', '-man'], { input, encoding: 'utf8', env: cleanEnv({ GROFF_NO_SGR: '1' }) })
    t.equal(stderr, '', `groff has nothing to say of ${tool}.1`)
    t.equal(status, 0)
    // Bold on a terminal is a letter struck twice.
    t.match(stdout.replaceAll(/.\u0008/gu, ''), /EXIT STATUS/)
  }
})

/** A shell that reads the file and then says what it completes the tool with. */
const shells = [
  { shell: 'bash', file: (tool: string) => `${tool}.bash`, args: (file: string, tool: string) => ['--norc', '-c', `source "${file}" && complete -p ${tool}`], says: (tool: string) => `-F _srcon_${tool.replaceAll('-', '_')}` },
  { shell: 'fish', file: (tool: string) => `${tool}.fish`, args: (file: string, tool: string) => ['--no-config', '-c', `source ${file}; and complete -c ${tool}`], says: () => '-l help' },
  { shell: 'zsh', file: (tool: string) => `_${tool}`, args: (file: string, tool: string) => ['-f', '-c', `autoload -Uz compinit; compinit -u -D; fpath=(${file.replace(/\/[^/]*$/, '')} $fpath); compinit -u -D; autoload +X _${tool} && print -r -- $_comps[${tool}]`], says: (tool: string) => `_${tool}` },
]
for (const { shell, file, args, says } of shells)
  t.test(`completions load in ${shell}`, { skip: has(shell) ? false : `${shell} is not installed` }, async t => {
    const home = t.testdir({})
    for (const tool of tools) {
      const path = join(root, 'packages', tool, 'completions', file(tool))
      const { stdout, stderr } = spawnSync(shell, args(path, tool), { encoding: 'utf8', env: cleanEnv({ HOME: home, XDG_CONFIG_HOME: home, XDG_DATA_HOME: home, XDG_CACHE_HOME: home }) })
      t.equal(stderr, '', `${shell} has nothing to say of ${tool}`)
      t.ok(stdout.includes(says(tool)), `${shell} completes ${tool}`)
    }
  })
