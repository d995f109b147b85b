// Random rule sets: what the Rust compiler makes of them, run by the machine, is what the evaluator says, which shares no code
// with it. `npm run oracle` compares a million calls, `npm test` a part of them.
import t from 'tap'
import { callsOf } from '../src/simulate/calls.ts'
import { factsFor } from '../src/simulate/names.ts'
import { readOci } from '../src/simulate/oci.ts'
import { readTerse } from '../src/simulate/terse.ts'
import { ways, type Way } from '../src/simulate/ways.ts'
import { KILL_PROCESS } from '../src/simulate/action.ts'
import { contextOf, differ, points, shrink, type Form } from './oracle/compare.ts'
import { Random } from './oracle/random.ts'
import { ALL, asOci, asTerse, ruleSet, type RuleSet, type SetTest } from './oracle/sets.ts'

const wanted = process.env['SRCON_ORACLE'] === 'full' ? 1_000_000 : 50_000
const FIRST = Number(process.env['SRCON_ORACLE_SEED'] ?? 1)
const hostOf = ({ arch, caps, major, minor, registers }: ReturnType<typeof contextOf>) => ({ machine: arch, caps, kernel: [major, minor] as const, registers, closed: KILL_PROCESS })

const oci: Form = { write: asOci, read: (text, context) => readOci(text, hostOf(context)) }
/** A value that an argument cannot have is refused in the terse form, so that it is cut to what the kernel reads. */
function fitting(set: RuleSet): RuleSet {
  const way = ways.find(({ name }) => name === set.machine) as Way
  const cut = (call: string, { arg, mask, value, operator }: SetTest): SetTest => {
    const width = callsOf(way).find(({ name }) => name === call)?.widths[arg] ?? 64
    const narrow = mask === undefined ? undefined : BigInt.asUintN(width, mask)
    const fits = BigInt.asUintN(width, value) & (narrow ?? ALL)
    // Now and then as the negative number that it also is.
    return { arg, operator, mask: narrow, value: mask === undefined && value % 3n === 0n ? BigInt.asIntN(width, fits) : fits }
  }
  return { ...set, rules: set.rules.map(rule => ({ ...rule, tests: rule.tests.map(test => cut(rule.call, test)) })) }
}
const terse: Form = { write: set => asTerse(fitting(set)), read: (text, context) => readTerse(text, hostOf(context), factsFor('random.policy')) }

for (const [name, form, anyMask] of [['OCI', oci, false], ['terse', terse, true]] as const) {
  t.test(`random rule sets, ${name} form`, async t => {
    let [compared, sets] = [0, 0]
    for (let seed = FIRST; compared < wanted; seed++, sets++) {
      const random = new Random(seed)
      const set = ruleSet(random, anyMask)
      const context = contextOf(set.machine, name === 'OCI' && seed % 3 === 0)
      const found = differ(set, form, context, points(random, set, 40))
      compared += found.compared
      if (found.at) throw new Error(`seed ${seed}: ${JSON.stringify(shrink(set, form, context, found.at), undefined, 1)}`)
    }
    t.comment(`${compared} calls of ${sets} rule sets, 0 differences`)
    t.ok(compared >= wanted, `${compared} calls`)
  })
}

t.test('a wrong evaluator is found', async t => {
  const wrong: Form = { ...oci, read: (text, context) => oci.read(text.replaceAll('"SCMP_CMP_GE"', '"SCMP_CMP_GT"'), context) }
  for (let seed = FIRST; ; seed++) {
    const random = new Random(seed)
    const set = ruleSet(random)
    const found = differ(set, wrong, contextOf(set.machine), points(random, set, 40))
    if (!found.at) continue
    const small = shrink(set, wrong, contextOf(set.machine), found.at)
    t.ok(small && small.text.split('"names"').length < 4, 'and made small')
    return
  }
})
