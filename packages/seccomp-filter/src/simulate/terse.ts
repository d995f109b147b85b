// The second reader of the terse form, second half: statements to rules for each way in. Names of arguments stand for registers, which
// depend on the way in, and so may the values of constants. See docs/policy-language.md.
import { unknownOf, type Known, type Policy, type Rule, type Test } from './evaluate.ts'
import type { Host } from './oci.ts'
import { readText, type Clause, type Text } from './terse-text.ts'
import { nativeOf, ways, wayNamed, type Way } from './ways.ts'

/** What the names in a text stand for: facts, from the table of the tool. */
export interface Facts {
  readonly calls: (way: Way) => readonly Known[]
  readonly constant: (name: string, way: Way) => bigint | undefined
  readonly group: (name: string) => readonly string[] | undefined
  /** The policy that a text extends. */
  readonly extended: (name: string) => { readonly text: string; readonly path: string }
}

const ALL = (1n << 64n) - 1n

/** Reads a text and what it extends. Throws a RangeError. */
export function readTerse(source: string, host: Host, facts: Facts, read: (text: string, path: string) => Policy = refuse): Policy {
  const text = readText(source)
  const native = nativeOf(host.machine)
  if (!native) throw new RangeError(`no calls are known for ${host.machine}`)
  const below = text.extends === undefined ? undefined : facts.extended(text.extends)
  const base = below && read(below.text, below.path)
  const fallback = text.said.get('default') ?? base?.default
  if (fallback === undefined) throw new RangeError('a text needs a default')
  const own = text.said.has('default') || text.said.has('unknown')
  return {
    default: fallback,
    closed: text.said.get('closed') ?? base?.closed ?? host.closed,
    unknown: own || !base ? text.said.get('unknown') ?? unknownOf(fallback) : base.unknown,
    newest: own || !base ? 'table' : base.newest,
    ways: text.arches.length > 0 || !base ? opened(text, native) : base.ways,
    choice: 'first',
    registers: host.registers,
    rules: [...rulesFor(text, native, facts), ...(base?.rules ?? [])],
  }
}

function refuse(): never {
  throw new RangeError('this text extends another')
}

function opened(text: Text, native: Way): readonly Way[] {
  const named = text.arches.map(name => wayNamed(name))
  return ways.filter(way => way === native || (way.machine === native.machine && named.includes(way)))
}

/** In the order of the lines. */
function rulesFor(text: Text, native: Way, facts: Facts): readonly Rule[] {
  const mine = ways.filter(way => way.machine === native.machine)
  const tables = mine.map(way => ({ way, calls: new Map(facts.calls(way).map(known => [known.name, known])) }))
  const members = (name: string): readonly string[] => (name.startsWith('@') ? (text.groups.get(name) ?? facts.group(name) ?? []).flatMap(members) : [name])
  return text.statements.flatMap(({ calls, any, action }): readonly Rule[] => {
    const names = new Set(calls.flatMap(members))
    if (any.every(all => all.length === 0)) return [{ calls: names, action, alternatives: any.map(() => []) }]
    // A name of an argument is another register on another way in.
    return tables.flatMap(({ way, calls: known }) => [...names].flatMap(name => {
      const call = known.get(name)
      return call ? [{ way, calls: new Set([name]), action, alternatives: any.map(all => all.map(clause => testOf(clause, call, way, facts))) }] : []
    }))
  })
}

function testOf({ argument, mask, operator, value }: Clause, known: Known, way: Way, facts: Facts): Test {
  const arg = registerOf(argument, known)
  const number = (items: readonly string[]): bigint => BigInt.asUintN(64, items.reduce((sum, item) => sum | numberOf(item, way, facts), 0n))
  return { arg, mask: mask ? number(mask) : ALL, operator, value: number(value) }
}

/** arg0 to arg5 are registers whatever the call: prctl's own arg2 is the second of its arguments, and here the third. */
function registerOf(name: string, { name: call, registers = [] }: Known): number {
  const [, digit] = /^arg([0-5])$/.exec(name) ?? []
  if (digit !== undefined) return Number(digit)
  const found = registers.findIndex(names => names.includes(name))
  if (found < 0) throw new RangeError(`${call} has no argument ${name} in a register`)
  return found
}

function numberOf(item: string, way: Way, facts: Facts): bigint {
  const [, sign, digits] = /^(-?)(0x[\da-f]+|0o[0-7]+|\d+)$/i.exec(item) ?? []
  if (digits !== undefined) return sign ? -BigInt(digits) : BigInt(digits)
  const value = facts.constant(item, way)
  if (value === undefined) throw new RangeError(`there is no constant ${item}`)
  return value
}
