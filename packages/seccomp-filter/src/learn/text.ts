// What was learned as a policy: in the terse form, or as OCI has it. Pure. See docs/policy-language.md.
import type { OciSeccomp } from '../profile.ts'
import type { Learned, LearnedRule } from './rules.ts'

const WIDTH = 100

export interface Origin {
  /** How it was made, a line for each. */
  readonly about: readonly string[]
  /** A policy that is to hold too, by name or file. */
  readonly base?: string | undefined
  /** The line that keeps the recording. */
  readonly recording: string
  /** A value by the names of its constants. */
  readonly words?: (call: string, register: number, value: bigint) => string | undefined
}

/** The terse form. */
export function terse({ rules, added, archs, clone3, unnamed }: Learned, { about, base, recording, words = () => undefined }: Origin): string {
  const free = rules.filter(({ values }) => values.length === 0).map(({ name }) => name)
  const bound = rules.filter(({ values }) => values.length > 0)
  const part = (title: string, lines: readonly string[]): string[] => (lines.length > 0 ? ['', `# ${title}`, ...lines] : [])
  return [
    ...about.map(line => `# ${line}`),
    ...(base === undefined ? ['default errno EPERM'] : [`extends ${base}`]),
    ...(archs.length > 0 ? [`arch ${archs.join(' ')}`] : []),
    ...part('Seen.', wrap('allow', free)),
    ...part('Seen with these arguments and no others.', bound.map(rule => line(rule, words))),
    ...part('Not seen, but needed: what depends on chance or on the machine, and what the launcher calls before the command.', wrap('allow', added)),
    ...part('Its flags lie in memory, where no filter can look: a C library takes clone instead.', clone3 ? ['clone3: errno ENOSYS'] : []),
    ...part('Numbers that have no name here, and stay refused.', unnamed.map(each => `#   ${each}`)),
    '',
    recording,
    '',
  ].join('\n')
}

function wrap(word: string, names: readonly string[]): string[] {
  const lines: string[] = []
  let row = word
  for (const name of names) {
    if (row.length + name.length >= WIDTH) {
      lines.push(row)
      row = ' '
    }
    row += ` ${name}`
  }
  return names.length > 0 ? [...lines, row] : []
}

/** In several lines where one would be long. */
function line({ name, args, values }: LearnedRule, words: NonNullable<Origin['words']>): string {
  const said = (argument: readonly [number, string], value: string): string => words(name, argument[0], BigInt(value)) ?? hexadecimal(value)
  const all = alternatives(args, values, said)
  const whole = `${name}(${all.join(' or ')}): allow`
  return whole.length <= WIDTH ? whole : `${name}(${all.join('\n    or ')}): allow`
}

/** Combinations with equal beginnings and, then, with equal endings are put together; there are no brackets, so each ending has its beginning. */
function alternatives(args: LearnedRule['args'], values: LearnedRule['values'], said: (argument: readonly [number, string], value: string) => string): string[] {
  const [argument = [0, ''] as const, ...more] = args
  const test = (firsts: readonly string[]): string => {
    const names = firsts.map(value => said(argument, value))
    return names.length === 1 ? `${argument[1]} == ${names[0]}` : `${argument[1]} in ${names.join(', ')}`
  }
  if (more.length === 0) return [test(values.map(([value = '0']) => value))]
  const byFirst = new Map<string, (readonly string[])[]>()
  for (const [first = '0', ...rest] of values) byFirst.set(first, [...(byFirst.get(first) ?? []), rest])
  const byRest = new Map<string, { readonly rest: readonly string[]; readonly firsts: string[] }>()
  for (const [first, rests] of byFirst) {
    const rest = alternatives(more, rests, said)
    const known = byRest.get(rest.join(' or ')) ?? { rest, firsts: [] }
    known.firsts.push(first)
    byRest.set(rest.join(' or '), known)
  }
  return [...byRest.values()].flatMap(({ rest, firsts }) => rest.map(each => `${test(firsts)} and ${each}`))
}

function hexadecimal(value: string): string {
  const number = BigInt(value)
  return number < 10n ? value : `0x${number.toString(16)}`
}

/** OCI's linux.seccomp. Each combination is a rule of its own. */
export function oci({ rules, added, archs, clone3 }: Learned, native: string): OciSeccomp {
  const free = [...rules.filter(({ values }) => values.length === 0).map(({ name }) => name), ...added].sort()
  const bound = rules.flatMap(({ name, args, values }) =>
    values.map(tuple => ({ names: [name], action: 'SCMP_ACT_ALLOW', args: args.map(([index], i) => ({ index, value: Number(tuple[i]), op: 'SCMP_CMP_EQ' })) })),
  )
  return {
    defaultAction: 'SCMP_ACT_ERRNO',
    defaultErrnoRet: 1,
    architectures: [native, ...archs].map(arch => `SCMP_ARCH_${arch.toUpperCase()}`),
    syscalls: [{ names: free, action: 'SCMP_ACT_ALLOW' }, ...bound, ...(clone3 ? [{ names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: 38 }] : [])],
  }
}
