// The second reader of OCI's linux.seccomp, alone or in a config.json, and of Docker's and podman's profiles. It takes
// each rule as the runtime-spec and runc's seccomp_linux.go describe it. What is no policy at all the compiler has
// refused before, with its place; here it only must not pass for one. See docs/seccomp.md.
import { ALLOW, EPERM, ERRNO, errnoNamed, KILL_PROCESS, KILL_THREAD, LOG, MAX_ERRNO, NOTIFY, TRACE, TRAP } from './action.ts'
import { unknownOf, type Operator, type Policy, type Rule, type Test } from './evaluate.ts'
import { parse } from './json.ts'
import { nativeOf, ways, type Way } from './ways.ts'

/** What a profile's meaning depends on. */
export interface Host {
  /** `uname -m`. */
  readonly machine: string
  readonly caps: readonly string[]
  readonly kernel: readonly [major: number, minor: number]
  readonly registers: boolean
  /** The answer to calls by a way in that is not open. */
  readonly closed: number
}

type Json = Readonly<Record<string, unknown>>

const actions: Readonly<Record<string, number>> = {
  KILL: KILL_THREAD, KILL_THREAD, KILL_PROCESS, TRAP, ERRNO, TRACE, LOG, ALLOW, NOTIFY,
}
const operators: Readonly<Record<string, Operator>> = { EQ: '==', NE: '!=', LT: '<', LE: '<=', GT: '>', GE: '>=' }
const ALL = (1n << 64n) - 1n

/** Reads a profile for one host. Throws SyntaxError or RangeError. */
export function readOci(text: string, host: Host): Policy {
  const profile = profileOf(parse(text))
  const native = nativeOf(host.machine)
  if (!native) throw new RangeError(`no calls are known for ${host.machine}`)
  const fallback = action(string(profile['defaultAction']), errnoOf(profile['defaultErrnoRet'], profile['defaultErrno']))
  const rules = list(profile['syscalls']).filter(rule => applies(object(rule), host, native)).map(rule => ruleOf(object(rule)))
  const unknown = unknownOf(fallback)
  // As runc: a rule that says what the default says is left out, but the calls that it names are known to its author.
  const said = rules.map(rule => (rule.action === fallback ? { ...rule, alternatives: [] } : rule))
  return { default: fallback, closed: host.closed, unknown, newest: 'named', ways: waysOf(profile, native), choice: 'strictest', rules: said, registers: host.registers }
}

function profileOf(document: unknown): Json {
  const root = object(document)
  if (!('linux' in root) && !('ociVersion' in root)) return root
  return object(object(root['linux'])['seccomp'])
}

function waysOf(profile: Json, native: Way): readonly Way[] {
  const maps = list(profile['archMap']).map(object).filter(map => map['architecture'] === native.oci)
  const tokens = [...list(profile['architectures']), ...maps.flatMap(map => list(map['subArchitectures']))]
  return ways.filter(way => way === native || (way.machine === native.machine && tokens.includes(way.oci)))
}

/** Docker's conditions on the host. */
function applies(rule: Json, host: Host, native: Way): boolean {
  const [includes, excludes] = [object(rule['includes'] ?? {}), object(rule['excludes'] ?? {})]
  const held = (cap: unknown): boolean => host.caps.includes(string(cap))
  const arches = list(includes['arches'])
  if (arches.length > 0 && !arches.includes(native.docker)) return false
  if (!list(includes['caps']).every(held) || !(newEnough(includes, host) ?? true)) return false
  return !list(excludes['caps']).some(held) && !list(excludes['arches']).includes(native.docker) && !(newEnough(excludes, host) ?? false)
}

function newEnough({ minKernel }: Json, { kernel: [major, minor] }: Host): boolean | undefined {
  if (minKernel === undefined || minKernel === null) return undefined
  const [wanted = NaN, least = NaN] = string(minKernel).split('.').map(Number)
  return major > wanted || (major === wanted && minor >= least)
}

function ruleOf(rule: Json): Rule {
  const tests = list(rule['args']).map(arg => testOf(object(arg)))
  const twice = tests.some(test => tests.filter(other => other.arg === test.arg).length > 1)
  return {
    calls: new Set([...list(rule['names']), ...(typeof rule['name'] === 'string' ? [rule['name']] : [])].map(string)),
    // runc: where one argument has several conditions, any condition of the rule is enough.
    alternatives: twice ? tests.map(test => [test]) : [tests],
    action: action(string(rule['action']), errnoOf(rule['errnoRet'], rule['errno'])),
  }
}

function testOf(arg: Json): Test {
  const [index, value, two] = [Number(arg['index']), integer(arg['value']), integer(arg['valueTwo'] ?? 0)]
  const name = string(arg['op']).replace(/^SCMP_CMP_/, '')
  if (name === 'MASKED_EQ') return { arg: index, mask: value, operator: '==', value: two }
  const operator = operators[name]
  if (!operator) throw new RangeError(`unknown operator ${name}`)
  return { arg: index, mask: ALL, operator, value }
}

function action(name: string, data: number | undefined): number {
  const kind = actions[name.replace(/^SCMP_ACT_/, '')]
  if (kind === undefined) throw new RangeError(`unknown action ${name}`)
  return kind === ERRNO || kind === TRACE ? kind | (data ?? EPERM) : kind
}

/** `errnoRet`, else podman's `errno` by name. */
function errnoOf(number: unknown, name: unknown): number | undefined {
  if (typeof number === 'number') return Math.min(number, MAX_ERRNO)
  return typeof name === 'string' ? errnoNamed(name) : undefined
}

function integer(value: unknown): bigint {
  if (typeof value !== 'number' && typeof value !== 'bigint') throw new RangeError('an argument is compared with a whole number')
  const exact = BigInt(value)
  if (exact < 0n || exact > ALL) throw new RangeError(`${exact} is not a number of 64 bits without sign`)
  return exact
}

function object(value: unknown): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new RangeError('there should be an object')
  return value as Json
}

function string(value: unknown): string {
  if (typeof value !== 'string') throw new RangeError('there should be a string')
  return value
}

/** Go writes an empty list as null. */
function list(value: unknown): readonly unknown[] {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) throw new RangeError('there should be a list')
  return value as readonly unknown[]
}
