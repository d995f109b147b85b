// What is generated from an option table: the man page is read by groff, the completions are run by the shells themselves.
import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { bashCompletion, between, fishCompletion, manPage, optionTables, pagesOf, planReference, planSchema, zshCompletion } from '../src/docs/index.ts'
import type { ToolTable } from '../src/table.ts'

const table: ToolTable = {
  name: 'box-tool',
  about: 'Puts a process into a box',
  verbs: {
    '': {
      about: "run a command in a box; it's `boxed` ~ [quite: so]",
      positionals: [{ name: 'root', about: 'where: the tree', completes: 'directory' }],
      command: 'optional',
      options: {
        memory: { takes: 'value', short: 'm', meta: 'SIZE', about: 'limit: at most SIZE bytes', more: '.A line that begins with a dot, and \\ a backslash.' },
        mode: { takes: 'value', choices: ['soft', 'hard'], about: 'how it is meant' },
        bind: { takes: 'value', repeat: true, meta: 'SRC:DST', completes: 'file', about: 'bind SRC on DST' },
        user: { takes: 'optional', meta: 'FILE', about: 'another user' },
        proc: { takes: 'nothing', short: 'p', about: 'mount a fresh /proc' },
      },
    },
    show: { about: 'show a box', positionals: [{ name: 'pid', about: 'a process', required: true, completes: 'pid' }], options: { all: { takes: 'nothing', about: 'all of them' } } },
  },
  examples: [{ command: "box-tool -m 1M -- sh -c 'echo \\n'", about: 'a small box' }],
  notes: ['Order matters.', "'Quoted at the start."],
  seeAlso: ['capabilities(7)', 'unshare(1)'],
}
const pages = pagesOf(table)
const has = (program: string) => spawnSync(program, ['--version']).error === undefined
const without = (program: string) => (has(program) ? {} : { skip: `${program} is not installed` })

t.test('the man page', without('groff'), async t => {
  const { stdout, stderr, status } = spawnSync('groff', ['-ww', '-b', '-Kutf8', '-Tutf8', '-man'], { input: manPage(pages), encoding: 'utf8', env: { ...process.env, GROFF_NO_SGR: '1' } })
  t.equal(status, 0)
  t.equal(stderr, '', 'groff has nothing to say of it')
  // Bold on a terminal is a letter struck twice.
  const text = stdout.replaceAll(/.\u0008/gu, '')
  for (const part of ['-m, --memory=SIZE', '.A line that begins with a dot, and \\ a backslash.', 'one of soft, hard', 'box-tool show [options] PID', 'EXIT STATUS', "sh -c 'echo \\n'", "'Quoted at the start."])
    t.ok(text.includes(part), part)
})

t.test('completion in bash', without('bash'), async t => {
  const complete = (...words: string[]) => {
    const script = `${bashCompletion(pages)}\nCOMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _srcon_box_tool; printf '%s\\n' "\${COMPREPLY[@]}"`
    return execFileSync('bash', ['--norc', '-c', `set -u\n${script}`, 'bash', ...words], { encoding: 'utf8', cwd: t.testdir({ 'a-file': '', 'a-dir': {} }) }).trim().split('\n')
  }
  t.strictSame(complete('box-tool', '--m'), ['--memory=', '--mode='])
  t.strictSame(complete('box-tool', 'sh'), ['show'])
  t.strictSame(complete('box-tool', 'show', '--a'), ['--all'])
  t.ok(complete('box-tool', 'show', '').includes(String(process.pid)), 'a pid where one is wanted')
  t.strictSame(complete('box-tool', '--mode', ''), ['soft', 'hard'])
  t.strictSame(complete('box-tool', '--mode', '=', 'h'), ['hard'], 'after an equals sign')
  t.strictSame(complete('box-tool', '--mode', '='), ['soft', 'hard'])
  t.strictSame(complete('box-tool', '--bind', 'a-').toSorted(), ['a-dir', 'a-file'])
  t.strictSame(complete('box-tool', 'a-d'), ['a-dir'], 'the positional')
  t.strictSame(complete('box-tool', '--', 'a-f'), [''], 'a command after the dashes, not a file')
  t.strictSame(complete('box-tool', '--', 'cat', 'a-f'), ['a-file'], 'and its words')
})

t.test('completion in fish', without('fish'), async t => {
  const home = t.testdir({ 'tool.fish': fishCompletion(pages), 'a-file': '' })
  const complete = (line: string) =>
    execFileSync('fish', ['--no-config', '-c', 'source tool.fish; complete -C $argv[1]', '--', line], { encoding: 'utf8', cwd: home, env: { ...process.env, HOME: home, XDG_CONFIG_HOME: home, XDG_DATA_HOME: home, XDG_CACHE_HOME: home } })
      .trim()
      .split('\n')
      .map(found => found.split('\t')[0])
  // fish offers what takes a value twice, with and without its equals sign, by version.
  t.strictSame([...new Set(complete('box-tool --m').map(each => each?.replace(/=$/, '')))], ['--memory', '--mode'])
  t.strictSame(complete('box-tool sh'), ['show'])
  t.strictSame(complete('box-tool show --a'), ['--all'])
  t.strictSame(complete('box-tool --mode '), ['hard', 'soft'])
  t.strictSame(complete('box-tool -- cat a-f'), ['a-file'])
  t.notOk(complete('box-tool -- --m').includes('--memory'), 'not ours after the dashes')
})

// What zsh would offer: a shell on a pseudo-terminal, whose compadd also writes what it adds to a file.
const zshRc = `
fpath=($BOX_HOME/functions $fpath); autoload -Uz compinit; compinit -u -D
compadd() {
  typeset -a offered; [[ \${@[1,(i)(-|--)]} == *-(O|A|D)\\ * ]] || builtin compadd -A offered "$@"
  (( $#offered )) && print -rl -- $offered >> $BOX_HOME/offered
  builtin compadd "$@"
}
bindkey '^I' complete-word
finish() { exit }; zle -N finish; bindkey '^X' finish
print -r -- READY`
const zshDriver = `
zmodload zsh/zpty
zpty box 'zsh -f -i'
zpty -w box 'source $BOX_HOME/rc'
zpty -r -m box seen '*READY*' || exit 1
zpty -n -w box "$1"$'\\t\\x18'
while zpty -r box seen; do :; done`

t.test('completion in zsh', without('zsh'), async t => {
  const home = t.testdir({ functions: { '_box-tool': zshCompletion(pages) }, rc: zshRc, 'a-file': '', offered: '' })
  const complete = (line: string) => {
    writeFileSync(join(home, 'offered'), '')
    execFileSync('zsh', ['-f', '-c', zshDriver, 'zsh', line], { cwd: home, env: { ...process.env, BOX_HOME: home, HOME: home, TERM: 'xterm' }, timeout: 60_000 })
    return [...new Set(readFileSync(join(home, 'offered'), 'utf8').split('\n').filter(Boolean))].toSorted()
  }
  t.strictSame(complete('box-tool --m'), ['--memory', '--mode'])
  t.strictSame(complete('box-tool sh'), ['show'])
  t.strictSame(complete('box-tool show --a'), ['--all'])
  t.strictSame(complete('box-tool --mode='), ['hard', 'soft'])
  t.strictSame(complete('box-tool -m 1M --pr'), ['--proc'])
  t.strictSame(complete('box-tool -- cat a-f'), ['a-file'])
})

t.test('the tables of a README', async t => {
  const text = optionTables(pages)
  t.match(text, '| `-m, --memory=SIZE` | limit: at most SIZE bytes |')
  t.match(text, '**`box-tool show [options] PID`**')
  t.equal(between('a\n<!-- x:begin -->\nold\n<!-- x:end -->\nb', 'x', 'new'), 'a\n<!-- x:begin -->\nnew\n<!-- x:end -->\nb')
  t.equal(between('no place', 'x', 'new'), undefined)
})

t.test('the published schema', async t => {
  const step = { title: 'one step', type: 'object', properties: { do: { const: 'box.close' }, how: { enum: ['soft', 'hard'], description: 'how' } }, required: ['do', 'how'], additionalProperties: false, examples: [{ do: 'box.close', how: 'soft' }] }
  const part = { package: 'box-tool', $defs: { 'box.close': step, size: { type: 'integer' } } }
  const schema = planSchema([part])
  const { Ajv2020 } = await import('ajv/dist/2020.js')
  const validate = new Ajv2020({ strict: false }).compile(schema)
  t.ok(validate({ version: 1, steps: [{ do: 'box.close', how: 'soft' }], argv: ['sh', { base64: '/w==' }] }))
  t.notOk(validate({ version: 1, steps: [{ do: 'box.open' }], argv: ['sh'] }), 'an unknown step')
  t.notOk(validate({ version: 1, steps: [{ do: 'box.close', how: 'soft', x: 1 }], argv: ['sh'] }), 'an unknown field')
  t.notOk(validate({ version: 2, steps: [], argv: ['sh'] }), 'another version')
  t.throws(() => planSchema([part, { package: 'other', $defs: { size: { type: 'string' } } }]), /defines size/)
  t.match(planReference([part]), '| `how` | "soft", "hard" | how |')
})
