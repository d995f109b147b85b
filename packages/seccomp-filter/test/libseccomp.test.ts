// libseccomp as an oracle, where it is one: rule sets with one rule a call (of several rules it makes wrong trees, see docs/seccomp.md), on every
// architecture that it has. Its filter and ours are run by the machine. Where they differ there is a reason, one of those in
// docs/seccomp.md: exactly those are expected, and each of them is seen.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import t from 'tap'
import { words } from '../src/simulate/action.ts'
import { callsOf } from '../src/simulate/calls.ts'
import { wordsOf, type Call } from '../src/simulate/data.ts'
import { execute } from '../src/simulate/machine.ts'
import { decode, refusal } from '../src/simulate/raw.ts'
import { ways, type Way } from '../src/simulate/ways.ts'
import { compile, contextOf, points } from './oracle/compare.ts'
import { Random } from './oracle/random.ts'
import { actions, asOci, testOf, type RuleSet, type SetRule } from './oracle/sets.ts'

const PYTHON = '/usr/bin/python3'
const script = join(import.meta.dirname, 'oracle/libseccomp.py')
const missing = spawnSync(PYTHON, [script, 'probe']).status === 0 ? false : 'python3-seccomp is not installed'
const SETS = process.env['SRCON_ORACLE'] === 'full' ? 4000 : 400

/** libseccomp's names; it has no loongarch64 in this version. */
const theirs: Readonly<Record<string, string>> = { x86_64: 'x86_64', x86: 'x86', x32: 'x32', aarch64: 'aarch64', arm: 'arm', riscv64: 'riscv64', s390x: 's390x', ppc64le: 'ppc64le' }
const names = ['socket', 'mmap', 'fchmod', 'prctl', 'clone', 'fcntl', 'ioctl', 'read', 'personality', 'semget', 'connect']

function oneRuleEach(random: Random): RuleSet {
  const way = random.pick(ways.filter(({ name }) => name in theirs))
  const action = random.pick(['errno 1', 'allow', 'kill-thread', 'errno 38', 'log'])
  const rules: SetRule[] = names.filter(name => random.chance(2) && callsOf(way).some(known => known.name === name)).map(call => {
    const args = random.chance(4) ? [] : [0, 1, 2].filter(() => random.chance(2))
    return { call, action: random.pick(actions.filter(each => each !== action)), tests: args.map(arg => testOf(random, arg, false)) }
  })
  // A kernel has its own way in always; an other one is looked at beside it.
  return { machine: way.machine, open: way.name === way.machine ? [] : [way.name], action, rules }
}

const inJson = (set: RuleSet): string => JSON.stringify({ ...set, arches: [set.machine, ...set.open].map(name => theirs[name]) }, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))

type Reason = 'newer' | 'multiplexer' | 'umode_t' | 'too wide' | 'beyond the mask' | undefined

/** Why the two may differ; see the table in docs/seccomp.md. */
function reasonFor(set: RuleSet, { way, number, args }: Call, ours: number): Reason {
  const cameBy = entry(way, number)
  const known = callsOf(cameBy).find(each => each.number === number)
  const named = callsOf(cameBy).filter(({ name }) => set.rules.some(rule => rule.call === name))
  if (ours === 0x50026 && number > Math.max(0, ...named.map(each => each.number))) return 'newer'
  if (known && ['socketcall', 'ipc'].includes(known.name)) return 'multiplexer'
  const tests = set.rules.find(rule => rule.call === known?.name)?.tests ?? []
  if (tests.some(({ mask, value }) => mask !== undefined && (value & ~mask) !== 0n)) return 'beyond the mask'
  const narrow = cameBy.narrow || cameBy.name === 'x32'
  if (narrow && tests.some(({ value, mask = 0n }) => value >> 32n !== 0n || mask >> 32n !== 0n)) return 'too wide'
  if (cameBy.narrow && known && tests.some(({ arg }) => known.widths[arg] === 16 && ((args[arg] ?? 0n) >> 16n !== 0n || tests.some(({ value }) => value >> 16n !== 0n)))) return 'umode_t'
  return undefined
}

function entry(way: Way, number: number): Way {
  if (way.machine !== 'x86_64' || way.narrow) return way
  const name = number >= 0x40000000 && number !== 0xffffffff ? 'x32' : 'x86_64'
  return ways.find(each => each.name === name) ?? way
}

t.test('one rule a call', { skip: missing }, async t => {
  const random = new Random(11)
  const sets = Array.from({ length: SETS }, () => oneRuleEach(random)).filter(({ rules }) => rules.length > 0)
  const made = spawnSync(PYTHON, [script], { input: sets.map(inJson).join('\n'), encoding: 'utf8', maxBuffer: 1 << 28, timeout: 120_000 })
  const programs = made.stdout.trim().split('\n')
  t.equal(programs.length, sets.length, made.stderr)
  const reasons = new Map<string, number>()
  const seen = new Set<string>()
  let compared = 0
  for (const [i, set] of sets.entries()) {
    const hex = programs[i] ?? ''
    if (!/^[\da-f]+$/.test(hex)) throw new Error(`${hex}\n${inJson(set)}`)
    const bigEndian = set.machine === 's390x'
    const theirProgram = decode(Buffer.from(hex, 'hex'), bigEndian)
    if (refusal(theirProgram) !== undefined) throw new Error(`${refusal(theirProgram)}\n${inJson(set)}`)
    const program = compile(asOci(set), contextOf(set.machine, true))
    const others = ways.filter(({ machine }) => machine === set.machine).flatMap(way => ['socketcall', 'ipc', 'getppid'].flatMap(name => callsOf(way).filter(known => known.name === name).map(({ number }) => ({ way, number, args: [1n, 0n, 0n, 0n, 0n, 0n] }))))
    const newer = ways.filter(({ machine, name }) => machine === set.machine && name !== 'x32').map(way => ({ way, number: 600, args: [0n, 0n, 0n, 0n, 0n, 0n] }))
    for (const call of [...points(random, set, 60), ...others, ...newer]) {
      const [ours, other] = [execute(program, wordsOf(call)).value, execute(theirProgram, wordsOf(call)).value]
      compared++
      if (ours === other) continue
      const reason = reasonFor(set, call, ours)
      if (reason === undefined) throw new Error(`${call.way.name} ${call.number} ${call.args.map(arg => arg.toString(16)).join(' ')}: ${words(ours)}, libseccomp: ${words(other)}\n${asOci(set)}`)
      reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
      seen.add(call.way.name)
    }
  }
  t.comment(`${compared} calls of ${sets.length} rule sets; differences: ${JSON.stringify(Object.fromEntries(reasons))}`)
  t.strictSame([...reasons.keys()].toSorted(), ['beyond the mask', 'multiplexer', 'newer', 'too wide', 'umode_t'])
})
