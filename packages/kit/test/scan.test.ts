// From words to options: every spelling of getopt_long(3), the order kept, nothing converted.
import t from 'tap'
import { scanLink, splitCommand, type Scanned } from '../src/scan.ts'
import type { Given, OptionRow, ToolTable } from '../src/table.ts'
import { makeLink } from './fixtures/tool.ts'

const { table } = makeLink('alpha')
const scan = (...words: string[]): Scanned => scanLink(table, words, true)
const given = (...words: string[]): string[] => scan(...words).link.given.map(({ name, value }) => (value === true ? name : `${name}=${value}`))

t.test('the first -- splits, later ones belong to the command', async t => {
  t.strictSame(splitCommand(['a', '--', 'b', '--', 'c']), [['a'], ['b', '--', 'c']])
  t.strictSame(splitCommand(['a']), [['a'], undefined])
  t.strictSame(splitCommand(['--']), [[], []])
})

t.test('spellings', async t => {
  const rows: readonly [words: string[], given: string[]][] = [
    [['--set', 'x'], ['set=x']],
    [['--set=x'], ['set=x']],
    [['-sx'], ['set=x']],
    [['-s', 'x'], ['set=x']],
    [['-pf'], ['pid', 'force']],
    [['-pfsx'], ['pid', 'force', 'set=x']],
    [['-pfs', 'x'], ['pid', 'force', 'set=x']],
    [['-psf'], ['pid', 'set=f']],
    [['--set=-x'], ['set=-x']],
    [['--set', '-'], ['set=-']],
    [['--set==x'], ['set==x']],
    [['--set=a=b'], ['set=a=b']],
    [['--set', '1e3', '--set=0x10', '--set= 5'], ['set=1e3', 'set=0x10', 'set= 5']],
    [['--set="q"', "--set='q'"], ['set="q"', "set='q'"]],
    [['--set', 'a\nb'], ['set=a\nb']],
    [['--user'], ['user']],
    [['--user=f'], ['user=f']],
    [['-u', '-p'], ['user', 'pid']],
    [['--set', 'a', '-p', '--set', 'b', '--user', '-f', '-sc'], ['set=a', 'pid', 'set=b', 'user', 'force', 'set=c']],
    [['--mode=hard'], ['mode=hard']],
  ]
  for (const [words, expected] of rows) t.strictSame(given(...words), expected, words.join(' '))
})

t.test('positionals stand anywhere; an optional value never takes the next word', async t => {
  const { link } = scan('-p', 'dir', '--set', 'x')
  t.strictSame(link.positionals, ['dir'])
  t.strictSame(scan('--user', 'file').link.positionals, ['file'])
  t.strictSame(scan('-').link.positionals, ['-'])
})

t.test('standard options are kept apart, and verbs have their own', async t => {
  t.strictSame(scan('--plan', '--json', '--set', 'x').standard, { plan: true, json: true })
  t.strictSame(scanLink(table, ['-n', '--config=x'], false).standard, { new: true, config: 'x' })
  t.match(scan('show', '1', '-a').link, { verb: 'show', positionals: ['1'], given: [{ name: 'all', value: true }] })
  t.strictSame(scan('need', '--help').standard, { help: true }, 'help does not ask for what is missing')
  const net: ToolTable = { name: 'net', about: '', verbs: { '': { about: '', positionals: [], command: 'optional', options: { net: { takes: 'nothing', short: 'n', about: '' } } } } }
  t.strictSame(scanLink(net, ['-n'], false).link.given, [{ name: 'net', value: true }], "a tool's own letter wins")
})

t.test('refusals are one line and name the option', async t => {
  const rows: readonly [words: string[], message: string, hint?: string | undefined][] = [
    [['--prid'], 'unknown option --prid', 'did you mean --pid?'],
    [['--sett=x'], 'unknown option --sett', 'did you mean --set?'],
    [['--xyzzyplugh'], 'unknown option --xyzzyplugh', undefined],
    [['--all'], 'unknown option --all', 'it belongs to alpha show'],
    [['-z'], 'unknown option -z'],
    [['-pz'], 'unknown option -z'],
    [['-5'], 'unknown option -5'],
    [['--__proto__'], 'unknown option --__proto__'],
    [['--constructor=1'], 'unknown option --constructor'],
    [['--no-pid'], 'unknown option --no-pid'],
    [['--pid=banana'], "--pid takes no value, but got 'banana'"],
    [['--pid='], "--pid takes no value, but got ''"],
    [['--set'], '--set needs a value: --set NAME'],
    [['--set='], '--set needs a value: --set NAME'],
    [['--set', ''], '--set needs a value: --set NAME'],
    [['--user='], '--user needs a value: --user FILE'],
    [['--set', '--pid'], "--set needs a value, but '--pid' follows", 'write --set=--pid if it is meant'],
    [['-s', '-x'], "-s needs a value, but '-x' follows", 'write -s-x if it is meant'],
    [['--mode', 'sofd'], "--mode cannot be 'sofd'", 'one of soft, hard; did you mean soft?'],
    [['-pp'], '-p is given twice'],
    [['--mode=soft', '--mode=soft'], '--mode is given twice'],
    [['--plan', '--plan'], '--plan is given twice'],
    [['a', 'b'], "unexpected argument 'b'"],
    [[''], 'cwd is empty'],
    [['--json', 'x', 'show'], "unexpected argument 'show'", 'a verb stands first: alpha show …'],
    [['need'], 'pid is missing: a process'],
  ]
  for (const [words, message, hint] of rows) {
    t.throws(() => scan(...words), { name: 'ToolError', code: 'E_USAGE', exit: 125, message, ...(hint === undefined ? {} : { hint }) }, words.join(' '))
  }
  t.throws(() => scanLink(table, ['d', 'sh', '-c'], false), { message: "unexpected argument 'sh'", hint: 'put -- before the command: alpha … -- sh -c' })
})

// Random words against what they were made from: any order, any spelling.
t.test('whatever is written comes back', async t => {
  const rows: Record<string, OptionRow> = {
    'a-value': { takes: 'value', short: 'a', repeat: true, about: '' },
    bool: { takes: 'nothing', short: 'b', repeat: true, about: '' },
    choice: { takes: 'optional', short: 'c', repeat: true, about: '' },
    long: { takes: 'value', repeat: true, about: '' },
  }
  const random: ToolTable = { name: 'random', about: '', verbs: { '': { about: '', positionals: [{ name: 'one', about: '' }, { name: 'two', about: '' }], options: rows } } }
  let seed = 12345
  const below = (n: number): number => ((seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff), (seed >> 8) % n)
  const pick = <T>(all: readonly T[]): T => all[below(all.length)] as T
  const values = ['1e3', '-x', '--bool', 'a b', '=', '-', 'ä', '\n', '0x10', "'q'", '--no-bool', '$(x)', '-5', '...']
  for (let round = 0; round < 20_000; round++) {
    const expected: Given[] = []
    const positionals: string[] = []
    const words: string[] = []
    let cluster = ''
    const flush = (): void => {
      if (cluster) words.push(`-${cluster}`)
      cluster = ''
    }
    for (let n = below(7); n > 0; n--) {
      const [name, row] = pick(Object.entries(rows))
      const value = row.takes === 'nothing' || (row.takes === 'optional' && below(2) === 0) ? true : pick(values)
      expected.push({ name, value })
      if (value === true && row.short && below(2) === 0) {
        cluster += row.short
        continue
      }
      if (row.takes === 'value' && row.short && typeof value === 'string' && cluster && below(2) === 0) {
        cluster += row.short + value
        flush()
        continue
      }
      flush()
      if (value === true) words.push(`--${name}`)
      else if (row.takes === 'value' && !value.startsWith('-') && below(2) === 0) words.push(row.short && below(2) === 0 ? `-${row.short}` : `--${name}`, value)
      else words.push(`--${name}=${value}`)
      if (positionals.length < 2 && below(4) === 0) {
        const word = pick(values.filter(each => !each.startsWith('-') && !(each in random.verbs)))
        positionals.push(word)
        words.push(word)
      }
    }
    flush()
    const { link } = scanLink(random, words, true)
    if (JSON.stringify([link.given, link.positionals]) !== JSON.stringify([expected, positionals])) {
      t.strictSame([link.given, link.positionals], [expected, positionals], JSON.stringify(words))
      break
    }
  }
  t.pass('20,000 rounds')
})
