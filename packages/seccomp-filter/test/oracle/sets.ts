// Random rule sets: 2 to 6 rules on a call, up to three tests a rule, values that meet and miss each other at the halves
// of 64 bits, masks, every operator, mixed actions. One set can be written in either form.
import { ways } from '../../src/simulate/ways.ts'
import type { Random } from './random.ts'

export interface SetTest { readonly arg: number; readonly mask: bigint | undefined; readonly operator: string; readonly value: bigint }
export interface SetRule { readonly call: string; readonly action: string; readonly tests: readonly SetTest[] }
export interface RuleSet {
  readonly machine: string
  /** Names of the ways in that are open besides the machine's own. */
  readonly open: readonly string[]
  readonly action: string
  readonly rules: readonly SetRule[]
}

export const ALL = (1n << 64n) - 1n
const values = [
  0n, 1n, 2n, 0x26n, 0x27n, 0x28n, 0x29n, 0xffffn, 0x10000n, 0x7fffffffn, 0x80000000n, 0xffffffffn, 1n << 32n, 0x100000027n, 0x2800000000n, 1n << 63n,
  0xffffff9cn, 0xffffffffffffff9cn, 0xffffffff80000000n, ALL - 1n, ALL,
]
const masks = [1n, 6n, 0xffn, 0x7e020000n, 0x80000000n, 0xffffffffn, 0xffffffff00000000n, 1n << 40n, 0xff000000ffn, ALL]
// Ints, addresses, a umode_t, unsigned longs: every width that there is.
const calls = ['socket', 'mmap', 'fchmod', 'prctl', 'clone', 'fcntl']
const operators = ['==', '!=', '<', '<=', '>', '>=']
export const actions = ['allow', 'allow', 'log', 'kill-process', 'kill-thread', 'trap', 'trace 7', 'errno 1', 'errno 13', 'errno 38']

export function testOf(random: Random, arg: number, anyMask: boolean): SetTest {
  const value = random.chance(6) ? random.wide() : random.pick(values)
  if (!random.chance(3)) return { arg, mask: undefined, operator: random.pick(operators), value }
  const mask = random.chance(5) ? random.wide() : random.pick(masks)
  // Mostly a value that can be reached under the mask.
  return { arg, mask, operator: anyMask ? random.pick(operators) : '==', value: random.chance(8) ? value : value & mask }
}

/** `anyMask`: every operator under a mask, which only the terse form has. */
export function ruleSet(random: Random, anyMask = false): RuleSet {
  const machines = [...new Set(ways.map(({ machine }) => machine))]
  const machine = random.chance(2) ? 'x86_64' : random.pick(machines)
  const open = ways.filter(way => way.machine === machine && way.name !== machine && random.chance(2)).map(({ name }) => name)
  const rules: SetRule[] = []
  for (const call of calls.filter(() => !random.chance(3))) {
    for (let n = 2 + random.below(5); n > 0; n--) {
      const args = [0, 1, 2].filter(() => random.chance(2))
      // Now and then what a list of values is, or two conditions on one argument.
      const twice = random.chance(12) ? [0, 0] : args
      rules.push({ call, action: random.pick(actions), tests: (random.chance(4) ? [0] : twice).map(arg => testOf(random, arg, anyMask)) })
    }
  }
  return { machine, open, action: random.pick(['errno 1', 'allow', 'kill-thread', 'errno 38', 'log']), rules }
}

const words: Readonly<Record<string, string>> = { allow: 'ALLOW', log: 'LOG', 'kill-process': 'KILL_PROCESS', 'kill-thread': 'KILL_THREAD', trap: 'TRAP', trace: 'TRACE', errno: 'ERRNO' }
const comparisons: Readonly<Record<string, string>> = { '==': 'EQ', '!=': 'NE', '<': 'LT', '<=': 'LE', '>': 'GT', '>=': 'GE' }

function ociAction(action: string): string {
  const [word = '', data] = action.split(' ')
  return `"SCMP_ACT_${words[word]}"${data === undefined ? '' : `, "@ErrnoRet": ${data}`}`
}

/** As OCI writes it; 64-bit values in digits. */
export function asOci({ machine, open, action, rules }: RuleSet): string {
  const arches = ways.filter(({ name }) => name === machine || open.includes(name)).map(({ oci }) => oci)
  const test = ({ arg, mask, operator, value }: SetTest): string => (mask === undefined
    ? `{"index": ${arg}, "value": ${value}, "op": "SCMP_CMP_${comparisons[operator]}"}`
    : `{"index": ${arg}, "value": ${mask}, "valueTwo": ${value}, "op": "SCMP_CMP_MASKED_EQ"}`)
  const rule = ({ call, action: own, tests }: SetRule): string => `{"names": ["${call}"], "action": ${ociAction(own).replace('@E', 'e')}, "args": [${tests.map(test).join(', ')}]}`
  return `{"defaultAction": ${ociAction(action).replace('@E', 'defaultE')}, "architectures": ${JSON.stringify(arches)},\n"syscalls": [\n${rules.map(rule).join(',\n')}]}`
}

/** In the terse form. Of two rules that match the first decides, and every operator may stand under a mask. */
export function asTerse({ machine, open, action, rules }: RuleSet): string {
  const test = ({ arg, mask, operator, value }: SetTest): string => `arg${arg} ${mask === undefined ? '' : `& 0x${mask.toString(16)} `}${operator} ${value}`
  const rule = ({ call, action: own, tests }: SetRule): string => `${call}${tests.length > 0 ? `(${tests.map(test).join(' and ')})` : ''}: ${own}`
  return `default ${action}\narch ${[machine, ...open].join(' ')}\n${rules.map(rule).join('\n')}\n`
}

/** Values at which a verdict can change, and neighbours. */
export function around({ mask, value }: SetTest): readonly bigint[] {
  const high = 1n << 32n
  const near = [value, value - 1n, value + 1n, value | high, value ^ high, value << 32n, value & 0xffffffffn, ALL, 0n]
  if (mask === undefined) return near.map(each => each & ALL)
  const bits = Array.from({ length: 64 }, (_, i) => 1n << BigInt(i)).filter(bit => mask & bit)
  return [...near, ALL ^ mask | value, ...bits.map(bit => value ^ bit), value | high << 7n, mask, mask | value].map(each => each & ALL)
}
