// One rule set, judged by both: the Rust compiler with the machine, and the evaluator. A difference is made as small
// as it goes before it is told.
import { addon, type Context } from '../../src/addon.ts'
import { words as inWords } from '../../src/simulate/action.ts'
import { callsOf } from '../../src/simulate/calls.ts'
import { wordsOf, type Call } from '../../src/simulate/data.ts'
import { evaluate, type Policy } from '../../src/simulate/evaluate.ts'
import { execute } from '../../src/simulate/machine.ts'
import { decode, refusal } from '../../src/simulate/raw.ts'
import { nativeOf, ways } from '../../src/simulate/ways.ts'
import type { Random } from './random.ts'
import { around, type RuleSet } from './sets.ts'

export interface Form {
  readonly write: (set: RuleSet) => string
  readonly read: (text: string, context: Context) => Policy
}
export interface Difference { readonly text: string; readonly call: string; readonly evaluator: string; readonly machine: string }

export function contextOf(machine: string, registers = false): Context {
  return { arch: machine, caps: [], major: 6, minor: 1, registers }
}

/** Compiles; throws if it is refused, or if the kernel would refuse the program. */
export function compile(text: string, context: Context): ReturnType<typeof decode> {
  const { program, error } = addon().compile(Buffer.from(text), 'x.policy', context)
  if (!program) throw new Error(`refused: ${error?.line}:${error?.column} ${error?.message}\n${text}`)
  const decoded = decode(program, nativeOf(context.arch)?.bigEndian)
  const reason = refusal(decoded)
  if (reason !== undefined) throw new Error(`the kernel would not take it: ${reason}\n${text}`)
  return decoded
}

/** Calls with arguments at the boundaries of the set's own tests, by every way in of its machine, the closed ones too. */
export function* points(random: Random, set: RuleSet, perCall: number): Generator<Call> {
  const mine = ways.filter(({ machine }) => machine === set.machine)
  const names = [...new Set(set.rules.map(({ call }) => call))]
  for (const way of mine) {
    for (const name of [...names, 'getppid']) {
      const known = callsOf(way).find(each => each.name === name)
      if (!known) continue
      const tests = set.rules.filter(({ call }) => call === name).flatMap(rule => rule.tests)
      const values = [0, 1, 2].map(arg => [0n, ...tests.filter(test => test.arg === arg).flatMap(around)])
      for (let n = 0; n < perCall; n++) yield { way, number: known.number, args: [...values.map(each => random.pick(each)), random.wide(), 0n, 0n] }
    }
  }
}

const shown = ({ way, number, args }: Call): string => `${way.name} ${number} ${args.map(arg => `0x${arg.toString(16)}`).join(' ')}`

/** The first difference, and how many calls were compared. */
export function differ(set: RuleSet, form: Form, context: Context, calls: Iterable<Call>): { readonly compared: number; readonly difference?: Difference; readonly at?: Call } {
  const text = form.write(set)
  const program = compile(text, context)
  const policy = form.read(text, context)
  let compared = 0
  for (const call of calls) {
    const [said, ran] = [evaluate(policy, call, callsOf), execute(program, wordsOf(call)).value]
    compared++
    if (said !== ran) return { compared, at: call, difference: { text, call: shown(call), evaluator: inWords(said), machine: inWords(ran) } }
  }
  return { compared }
}

/** Leaves rules and tests out as long as the call still makes a difference. */
export function shrink(set: RuleSet, form: Form, context: Context, call: Call): Difference | undefined {
  let [small, found] = [set, differ(set, form, context, [call]).difference]
  for (let smaller = true; smaller; ) {
    smaller = false
    for (const candidate of withLess(small)) {
      const { difference } = differ(candidate, form, context, [call])
      if (!difference) continue
      ;[small, found, smaller] = [candidate, difference, true]
      break
    }
  }
  return found
}

function* withLess(set: RuleSet): Generator<RuleSet> {
  for (const [i, rule] of set.rules.entries()) {
    yield { ...set, rules: set.rules.toSpliced(i, 1) }
    for (const t of rule.tests.keys()) yield { ...set, rules: set.rules.with(i, { ...rule, tests: rule.tests.toSpliced(t, 1) }) }
  }
  if (set.open.length > 0) yield { ...set, open: [] }
}
