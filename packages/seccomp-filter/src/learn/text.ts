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
}

/** The terse form. */
export function terse({ rules, added, archs, clone3, unnamed }: Learned, { about, base, recording }: Origin): string {
  const free = rules.filter(({ values }) => values.length === 0).map(({ name }) => name)
  const bound = rules.filter(({ values }) => values.length > 0)
  const part = (title: string, lines: readonly string[]): string[] => (lines.length > 0 ? ['', `# ${title}`, ...lines] : [])
  return [
    ...about.map(line => `# ${line}`),
    ...(base === undefined ? ['default errno EPERM'] : [`extends ${base}`]),
    ...(archs.length > 0 ? [`arch ${archs.join(' ')}`] : []),
    ...part('Seen.', wrap('allow', free)),
    ...part('Seen with these arguments and no others.', bound.map(line)),
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

function line({ name, args, values }: LearnedRule): string {
  return `${name}(${alternatives(args, values).join(' or ')}): allow`
}

/** Combinations with equal beginnings and, then, with equal endings are put together. */
function alternatives(args: LearnedRule['args'], values: LearnedRule['values']): string[] {
  const [[, name] = [0, ''], ...more] = args
  if (more.length === 0) return [test(name, values.map(([value = '0']) => value))]
  const byFirst = new Map<string, (readonly string[])[]>()
  for (const [first = '0', ...rest] of values) byFirst.set(first, [...(byFirst.get(first) ?? []), rest])
  const byRest = new Map<string, string[]>()
  for (const [first, rests] of byFirst) {
    const rest = alternatives(more, rests).join(' or ')
    byRest.set(rest, [...(byRest.get(rest) ?? []), first])
  }
  return [...byRest].map(([rest, firsts]) => `${test(name, firsts)} and ${rest}`)
}

function test(name: string, values: readonly string[]): string {
  const words = values.map(hexadecimal)
  return words.length === 1 ? `${name} == ${words[0]}` : `${name} in ${words.join(', ')}`
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
