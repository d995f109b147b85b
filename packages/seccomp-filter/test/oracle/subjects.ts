// The policies that the oracles judge: every preset, and profiles not written by us where SRCON_TEST_DATA says that they are;
// and the calls that tell one policy from another.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { addon } from '../../src/addon.ts'
import { readFacts } from '../../src/facts.ts'
import { presets } from '../../src/index.ts'
import { DOCKER_CAPS } from '../../src/profile.ts'
import { callsOf } from '../../src/simulate/calls.ts'
import type { Call } from '../../src/simulate/data.ts'
import type { Policy } from '../../src/simulate/evaluate.ts'
import { readPolicy } from '../../src/simulate/read.ts'
import { ways, X32_BIT, type Way } from '../../src/simulate/ways.ts'
import { compile } from './compare.ts'
import { around } from './sets.ts'

export interface Subject {
  readonly name: string
  readonly text: string
  /** Compare whole registers. */
  readonly registers: boolean
}

const data = process.env['SRCON_TEST_DATA']
const folder = join(data ?? '', 'seccomp')
/** Why profiles of others are missing; false: they are there. */
export const noForeign = data === undefined ? 'SRCON_TEST_DATA does not say where profiles of others are' : false

export function subjects(): readonly Subject[] {
  const own = Object.keys(presets).map(name => ({ name, text: addon().presetText(name) ?? '', registers: false }))
  const foreign = noForeign === false ? readdirSync(folder).map(name => ({ name, text: readFileSync(join(folder, name), 'utf8') })) : []
  return [...own, ...foreign.flatMap(each => [{ ...each, registers: false }, { ...each, registers: true }])]
}

/** The same policy with all ways of its machine open. */
export function opened({ text, ...more }: Subject, machine: string): Subject {
  const mine = ways.filter(way => way.machine === machine)
  if (!text.trimStart().startsWith('{')) return { ...more, text: /^arch\b/m.test(text) ? text : `arch ${mine.map(({ name }) => name).join(' ')}\n${text}` }
  const listed = /"(?:architectures|archMap)"/.test(text)
  return { ...more, text: listed ? text : text.replace('{', `{"architectures": ${JSON.stringify(mine.map(({ oci }) => oci))},`) }
}

/** By both: what the compiler makes of it, and the rules. */
export function both({ name, text, registers }: Subject, machine: string): { readonly program: ReturnType<typeof compile>; readonly policy: Policy } {
  const context = { arch: machine, caps: [...DOCKER_CAPS], major: 6, minor: 1, registers }
  const host = { ...readFacts(), arch: machine, kernel: [6, 1] as const }
  return { program: compile(text, context), policy: readPolicy({ name, text, bytes: Buffer.from(text) }, registers ? { widths: 'register' } : {}, host) }
}

const patterns: readonly (readonly bigint[])[] = [
  [0n, 0n, 0n, 0n, 0n, 0n], [1n, 1n, 1n, 1n, 1n, 1n], Array<bigint>(6).fill((1n << 64n) - 1n), [0x7e020000n, 0o6755n, 2n, 3n, 4n, 5n], [0xffffffffn, 0x80000000n, 16n, 17n, 1n << 63n, 9n], [40n, 0o1000n, 6n, 0n, 0n, 0n],
  [0xdead00000001n, 1n << 32n, 38n | 1n << 40n, 40n | 1n << 32n, 7n, 8n],
]

/** Every number up to 1023 and some odd ones, at several arguments; and all values, by pairs, at which a verdict of the policy can change. */
export function* calls(policy: Policy, way: Way): Generator<Call> {
  const base = way.name === 'x32' ? X32_BIT : 0
  const odd = [0x3fffffff, 0x7fffffff, 0x80000000, 0xbfffffff, 0xfffffffe, 0xffffffff, 0xf0001, 0xf0005]
  for (const number of [...Array.from({ length: 1024 }, (_, n) => n + base), ...odd]) {
    for (const args of patterns) yield { way, number, args }
  }
  for (const known of callsOf(way)) {
    const tests = policy.rules.filter(rule => rule.calls.has(known.name)).flatMap(rule => rule.alternatives.flat())
    if (tests.length === 0) continue
    const values = [0, 1, 2, 3, 4].map(arg => [...new Set([0n, 1n << 40n, ...tests.filter(test => test.arg === arg).flatMap(({ operator, mask, value }) => around({ arg, operator, value, mask: mask === (1n << 64n) - 1n ? undefined : mask }))])])
    for (const [i, mine] of values.entries()) {
      const next = values[(i + 1) % values.length] ?? []
      for (const value of mine) for (const other of next) yield { way, number: known.number, args: [0n, 0n, 0n, 0n, 0n, 0n].with(i, value).with((i + 1) % values.length, other) }
    }
  }
}
