// What a policy says of one call, from first principles: the rules are gone through, one after the other, with
// whole numbers of 64 bits. Slow, and so plain that it can be read: this is what the compiled filter is held against.
import { ENOSYS, ERRNO, permits, rank } from './action.ts'
import type { Call } from './data.ts'
import { SKIP, ways, X32_BIT, type Way } from './ways.ts'

/** From here on stand 32-bit Arm's private calls (set_tls), which say nothing of how new a call is. */
const ARM_PRIVATE = 0xf0000
const [X86_64, , X32] = ways as [Way, Way, Way]

/** A call's facts on one way in. */
export interface Known {
  readonly name: string
  readonly number: number
  /** Bits of each argument that the kernel reads; six. */
  readonly widths: readonly number[]
  /** Names of the argument in each register. */
  readonly registers?: readonly (readonly string[])[]
}
/** The calls of a way in. */
export type Calls = (way: Way) => readonly Known[]

export type Operator = '==' | '!=' | '<' | '<=' | '>' | '>='

/** `argument & mask operator value`, without sign. */
export interface Test {
  /** 0 to 5, which may depend on the way in. */
  readonly arg: number
  readonly mask: bigint
  readonly operator: Operator
  readonly value: bigint
}
export interface Rule {
  /** The only way in that it is for. */
  readonly way?: Way
  /** Names; what a way in does not have is not there. */
  readonly calls: ReadonlySet<string>
  /** Any of these must hold entirely; one empty list is "always". */
  readonly alternatives: readonly (readonly Test[])[]
  /** The value that a filter returns. */
  readonly action: number
}
export interface Policy {
  readonly default: number
  /** For ways in that are not open. */
  readonly closed: number
  /** For calls that are newer than all that the author can have known; undefined: as the default. */
  readonly unknown: number | undefined
  /** What "newer" is measured by: the newest call that the rules name, or that the table has. */
  readonly newest: 'named' | 'table'
  readonly ways: readonly Way[]
  /** Of several rules that match: the first, or (OCI has no order) the first without conditions, else the strictest. */
  readonly choice: 'first' | 'strictest'
  readonly rules: readonly Rule[]
  /** Whole registers are compared, as libseccomp does. */
  readonly registers: boolean
}

/** The unknown that is meant where none is said: ENOSYS, where the default forbids. */
export function unknownOf(action: number): number | undefined {
  return permits(action) ? undefined : ERRNO | ENOSYS
}

/** The value that a filter must return for a call. */
export function evaluate(policy: Policy, call: Call, calls: Calls): number {
  const way = cameBy(call)
  if (!policy.ways.includes(way)) return policy.closed
  if (way.name === 'x86_64' && call.number === SKIP) return policy.default
  const table = calls(way)
  const meant = table.filter(known => known.number === call.number)
  const matching: { readonly rule: Rule; readonly always: boolean }[] = []
  for (const rule of policy.rules) {
    if (rule.way && rule.way !== way) continue
    for (const known of meant.filter(({ name }) => rule.calls.has(name))) {
      const holds = rule.alternatives.map(tests => holdsFor(tests, known, way, call.args, policy.registers))
      if (holds.some(({ now }) => now)) matching.push({ rule, always: holds.some(({ always }) => always) })
    }
  }
  if (policy.choice === 'first') { if (matching[0]) return matching[0].rule.action } else {
    const always = matching.find(each => each.always)
    if (always) return always.rule.action
    const strictest = matching.toSorted((a, b) => rank(a.rule.action) - rank(b.rule.action))[0]
    if (strictest) return strictest.rule.action
  }
  return policy.unknown !== undefined && call.number > newest(policy, way, table) ? policy.unknown : policy.default
}

/** x32 is a bit of the number. */
function cameBy({ way, number }: Call): Way {
  if (way.audit !== X86_64.audit) return way
  return number >= X32_BIT && number !== SKIP ? X32 : X86_64
}

/** The one thing that is kept from call to call: it depends on the policy alone. */
const newestOf = new WeakMap<Policy, Map<Way, number>>()

function newest(policy: Policy, way: Way, table: readonly Known[]): number {
  const kept = newestOf.get(policy) ?? new Map<Way, number>()
  newestOf.set(policy, kept)
  const known = kept.get(way)
  if (known !== undefined) return known
  const counted = policy.newest === 'table' ? table.filter(({ number }) => way.name !== 'arm' || number < ARM_PRIVATE) : table.filter(({ name }) => policy.rules.some(rule => rule.calls.has(name)))
  const most = counted.reduce((max, { number }) => Math.max(max, number), way === X32 ? X32_BIT : 0)
  kept.set(way, most)
  return most
}

/** Whether all tests hold for these arguments, and whether they would for any. */
function holdsFor(tests: readonly Test[], known: Known, way: Way, args: readonly bigint[], registers: boolean): { now: boolean; always: boolean } {
  const each = tests.map(test => {
    const width = BigInt(widthOf(known, way, test.arg, registers))
    const read = (1n << width) - 1n
    const value = meantValue(test, read, width)
    const mask = test.mask & read
    return { now: compare((args[test.arg] ?? 0n) & mask, test.operator, value), always: isConstant(test.operator, mask, value) }
  })
  return { now: each.every(({ now }) => now), always: each.every(({ always }) => always) }
}

function widthOf({ widths }: Known, way: Way, arg: number, registers: boolean): number {
  if (!registers || way.narrow) return widths[arg] ?? 64
  return way === X32 ? 32 : 64
}

/** A negative number of the argument's width may be written over 64 bits; it is the same number. */
function meantValue({ mask, value }: Test, read: bigint, width: bigint): bigint {
  const beyond = mask & ~read
  const negative = width < 64n && (value >> (width - 1n) & 1n) === 1n && beyond !== 0n && (value & beyond) === beyond && (value & ~mask) === 0n
  return negative ? value & read : value
}

function compare(left: bigint, operator: Operator, right: bigint): boolean {
  if (operator === '==') return left === right
  if (operator === '!=') return left !== right
  if (operator === '<') return left < right
  if (operator === '<=') return left <= right
  return operator === '>' ? left > right : left >= right
}

/** Whether a comparison with what a mask leaves, 0 to `mask`, holds whatever that is. */
function isConstant(operator: Operator, mask: bigint, value: bigint): boolean {
  if (operator === '==') return mask === 0n && value === 0n
  if (operator === '!=') return (value & ~mask) !== 0n
  return (operator === '<' || operator === '<=') && value > mask
}
