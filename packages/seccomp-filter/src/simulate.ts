// `seccomp-filter simulate POLICY CALL [ARG…]`: what a policy says of a call, found twice: by an evaluator that goes through the
// rules, and by a machine that runs the compiled program. They share no code with the compiler, nor with each other; if they ever
// disagree, that is our mistake and an error. A raw filter is run by the machine alone. See docs/seccomp.md.
import { ToolError } from '@srcon/kit/error'
import type { Output } from '@srcon/kit/output'
import type { ScannedLink } from '@srcon/kit/table'
import { readFacts, type FilterFacts } from './facts.ts'
import { read, type FilterOptions } from './profile.ts'
import { compileSource, sourceOf } from './program.ts'
import { words as inWords } from './simulate/action.ts'
import { assertAgreed } from './simulate/agree.ts'
import { readBytes, readCall, readCalls, wayOf } from './simulate/ask.ts'
import { callsOf } from './simulate/calls.ts'
import { wordsOf, type Call } from './simulate/data.ts'
import { evaluate, type Policy } from './simulate/evaluate.ts'
import { inWords as instruction } from './simulate/instruction.ts'
import { execute, type Executed, type Instruction, type Outcome } from './simulate/machine.ts'
import { decode, refusal } from './simulate/raw.ts'
import { readPolicy } from './simulate/read.ts'
import type { Way } from './simulate/ways.ts'

interface Subject {
  readonly name: string
  readonly program: readonly Instruction[]
  /** Absent for a raw filter. */
  readonly policy?: Policy
}

interface Answer extends Outcome {
  readonly call: Call
  readonly trace: readonly Executed[]
}

export async function run(link: ScannedLink, out: Output): Promise<void> {
  const { arch: _way, ...options } = read(link)
  const given = new Map(link.given.map(({ name, value }) => [name, value]))
  const facts = readFacts()
  const way = wayOf(given.get('arch'), facts.arch)
  const subject = subjectOf(options, facts, way)
  const [, word, ...args] = link.positionals
  const list = given.get('calls')
  if (typeof list === 'string') {
    if (word !== undefined) throw new ToolError('seccomp-filter', '--calls and a CALL exclude each other', { code: 'E_USAGE' })
    const answers = readCalls(list, way).map(call => answer(subject, call))
    if (out.json) return out.data(answers.map(each => described(subject, each)))
    for (const each of answers) print(subject, each, given.has('trace'), out)
    return
  }
  if (word === undefined) throw new ToolError('seccomp-filter', 'CALL is missing: a name or a number', { code: 'E_USAGE', hint: 'or many calls with --calls FILE' })
  const found = answer(subject, readCall([word, ...args], way))
  if (out.json) return out.data(described(subject, found))
  print(subject, found, given.has('trace'), out)
}

/** The policy by both readers, or a raw filter. Throws a ToolError `E_INPUT`. */
function subjectOf(options: FilterOptions, facts: FilterFacts, way: Way): Subject {
  const path = options.profile ?? ''
  if (path.endsWith('.bpf')) return { name: path, program: checked(path, readBytes(path), way) }
  const host = { ...facts, arch: way.machine }
  const source = sourceOf(options, host)
  const program = checked(source.name, compileSource(source, options, host).program, way)
  return { name: source.name, program, policy: readPolicy(source, options, host) }
}

function checked(name: string, bytes: Uint8Array, way: Way): readonly Instruction[] {
  try {
    const program = decode(bytes, way.bigEndian)
    const reason = refusal(program)
    if (reason === undefined) return program
    throw new RangeError(reason)
  } catch (cause) {
    throw new ToolError('seccomp-filter', `${name}: ${(cause as Error).message}`, { code: 'E_INPUT', path: name, why: 'the kernel would not load this filter', cause })
  }
}

/** Throws a ToolError `E_DISAGREE`. */
function answer({ name, program, policy }: Subject, call: Call): Answer {
  const trace: Executed[] = []
  const outcome = execute(program, wordsOf(call), step => trace.push(step))
  if (policy) assertAgreed(name, shown(call), evaluate(policy, call, callsOf), outcome.value)
  return { ...outcome, call, trace }
}

function nameOf({ way, number }: Call): string | undefined {
  return callsOf(way).find(known => known.number === number)?.name
}

function shown(call: Call): string {
  return `${nameOf(call) ?? call.number}(${call.args.map(arg => (arg < 10n ? arg : `0x${arg.toString(16)}`)).join(', ')}) by ${call.way.name}`
}

function print({ program }: Subject, { call, value, executed, trace }: Answer, traced: boolean, out: Output): void {
  out.line(`${shown(call)}: ${inWords(value)}`)
  if (!traced) return
  for (const { at, a, x } of trace) {
    const insn = program[at]
    if (insn) out.line(`  ${String(at).padStart(4)}  ${instruction(insn, at).padEnd(44)} a=0x${a.toString(16)}${x === 0 ? '' : ` x=0x${x.toString(16)}`}`)
  }
  out.line(`  ${executed} of ${program.length} instructions`)
}

/** For `--json`; registers as hexadecimal text, since a JSON number would round them. */
function described({ name, program, policy }: Subject, { call, value, at, executed, trace }: Answer): object {
  return {
    policy: name, arch: call.way.name, call: nameOf(call) ?? null, number: call.number, args: call.args.map(arg => `0x${arg.toString(16)}`),
    verdict: inWords(value), value, agreed: policy !== undefined, instruction: at, executed,
    trace: trace.map(step => ({ ...step, does: program[step.at] ? instruction(program[step.at] as Instruction, step.at) : '' })),
  }
}
