// Questions about a policy or a program, as functions. What they answer is exact: a comparison that finds nothing is a proof of
// equality over all architectures, numbers and arguments. Mechanism: core/src/analysis.
import { addon } from './addon.ts'
import { readFacts, type FilterFacts } from './facts.ts'
import type { FilterOptions } from './profile.ts'
import { answerOf, subjectOf, type Named, type Subject } from './subject.ts'

/** Who decided on a call. */
export interface By {
  /** The answer: `allow`, `errno EPERM`, `kill-process` … */
  readonly verdict: string
  /** A rule, the default, the answer to newer calls, a way in that is not open; of a raw filter `program`. */
  readonly because: 'rule' | 'default' | 'newer' | 'closed' | 'program'
  /** Line of the policy's text, from 1; 0 if no rule decides. */
  readonly line: number
  /** The text that the line is of, where it is one that the policy extends. */
  readonly file?: string
  /** The rule in the terse form. */
  readonly rule?: string
  /** The line as it is written; absent for JSON. */
  readonly text?: string
  /** Of a raw filter: the RET that was reached. */
  readonly instruction?: number
}

export interface Explained extends By {
  readonly arch: string
  readonly call: string
  readonly number: number
  /** `value`: 64 bits, hexadecimal; `means`: what the kernel reads of it, by name; `bits`: how many it reads. */
  readonly arguments: readonly { readonly name: string; readonly value: string; readonly means: string; readonly bits: number }[]
  /** Instructions executed, of how many, and what each comparison found. */
  readonly path?: { readonly executed: number; readonly of: number; readonly steps: readonly { readonly at: number; readonly says: string }[] }
  readonly noPath?: string
}

export interface Difference {
  /** The way in; `any other` for those that neither opens. */
  readonly arch: string
  readonly call: string | null
  /** First and last. */
  readonly numbers: readonly [number, number]
  /** For which arguments, in the terse form; empty: for all; absent: not to be said in a few words. */
  readonly when?: string
  /** A call that shows it; arguments are hexadecimal. */
  readonly witness: { readonly arch: string; readonly number: number; readonly arguments: readonly string[]; readonly call: string }
  readonly a: By
  readonly b: By
}

export interface Compared {
  /** Proved. */
  readonly equal: boolean
  /** Calls, by name and way in, that are answered alike for all arguments. */
  readonly alike: number
  readonly unlike: number
  readonly differences: readonly Difference[]
}

export interface PolicyText {
  /** The terse form. */
  readonly text: string
  /** What the form has no words for; empty: the text means exactly what it was made from. */
  readonly unsaid: readonly string[]
  /** Rules, call by call and way by way, before and after. */
  readonly rules?: readonly [number, number]
  readonly ways: readonly string[]
}

export interface Finding {
  readonly id: string
  readonly severity: 'error' | 'warning' | 'note'
  /** From 1; 0: the whole. */
  readonly line: number
  /** The text that the line is of, where it is one that the policy extends. */
  readonly file?: string
  readonly call: string | null
  readonly why: string
  readonly fix: string
}

export interface ListedInstruction {
  readonly at: number
  readonly code: number
  readonly jt: number
  readonly jf: number
  readonly k: number
  readonly mnemonic: string
  /** If it jumps: where to if the condition holds (or always), and else. */
  readonly targets: readonly number[]
  readonly means: string
  /** Lines of the policy that it was made for. */
  readonly lines: readonly number[]
  /** The same of texts that the policy extends. */
  readonly extended?: readonly { readonly file: string; readonly line: number }[]
}

/** Options of a question: `arch` is the machine or way in, this machine's own unless given. */
export type Asking = Pick<FilterOptions, 'arch' | 'caps' | 'widths'>

/** What is answered to one call and why. `args`: numbers, constants, `name=value`; those left out are 0. Throws a ToolError `E_INPUT`. */
export function explainCall(policy: Named, call: string, args: readonly string[] = [], options: Asking = {}, facts: FilterFacts = readFacts()): Explained {
  const subject = subjectOf(policy, options, facts)
  return answerOf(addon().explainCall(subject.asked, options.arch ?? facts.arch, call, [...args]), subject.name) as Explained
}

/** Two filters compared by meaning; with `arch` only that way in. Throws a ToolError `E_INPUT`. */
export function diff(a: Named, b: Named, options: Asking = {}, facts: FilterFacts = readFacts()): Compared {
  const [first, second] = [subjectOf(a, options, facts), subjectOf(b, options, facts)]
  return answerOf(addon().diff(first.asked, second.asked, options.arch), `${first.name}, ${second.name}`) as Compared
}

/** The shortest policy that is found of the same meaning, read again and proved equal; of a raw filter its decompilation. In the terse form, or
 *  with `oci` as JSON text in OCI's. Throws a ToolError `E_INPUT`. */
export function minimise(policy: Named, options: Asking & { readonly oci?: boolean } = {}, facts: FilterFacts = readFacts()): PolicyText {
  return minimised(subjectOf(policy, options, facts), options.oci)
}

export function minimised(subject: Subject, oci = false): PolicyText {
  return answerOf(addon().minimise(subject.asked, oci), subject.name) as PolicyText
}

/** The policy in the terse form, rule by rule; of a raw filter its decompilation. Throws a ToolError `E_INPUT`. */
export function terse(policy: Named, options: Asking = {}, facts: FilterFacts = readFacts()): PolicyText {
  const subject = subjectOf(policy, options, facts)
  return answerOf(addon().terse(subject.asked), subject.name) as PolicyText
}

/** What in a policy works otherwise than its author may think. Throws a ToolError `E_INPUT`. */
export function lint(policy: Named, options: Asking = {}, facts: FilterFacts = readFacts()): readonly Finding[] {
  const subject = subjectOf(policy, options, facts)
  return answerOf(addon().lint(subject.asked), subject.name) as readonly Finding[]
}

/** The program, instruction by instruction. Throws a ToolError `E_INPUT`. */
export function disassemble(policy: Named, options: Asking = {}, facts: FilterFacts = readFacts()): readonly ListedInstruction[] {
  const subject = subjectOf(policy, options, facts)
  return answerOf(addon().listing(subject.asked), subject.name) as readonly ListedInstruction[]
}
