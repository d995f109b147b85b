// What the analysing verbs look at: a policy by name or file in any form, or a raw filter (a file that ends in .bpf: an array of
// struct sock_filter in this machine's byte order).
import { ToolError, usage } from '@srcon/kit/error'
import type { Given, ScannedLink } from '@srcon/kit/table'
import { addon, type Asked, type Reply } from './addon.ts'
import { readFacts, type FilterFacts } from './facts.ts'
import { read, type FilterOptions } from './profile.ts'
import { contextOf, refused, sourceOf } from './program.ts'

/** A policy or a program, with the name that it has in messages. */
export interface Subject {
  readonly name: string
  readonly asked: Asked
}

/** How the library names one: a preset or file as `--profile` takes it, a policy as an object, or a program. */
export type Named = string | { readonly policy: FilterOptions['policy'] } | { readonly program: Buffer }

/** Reads it. Throws a ToolError: `E_USAGE` for an unknown name, the errno of a file that cannot be read. */
export function subjectOf(named: Named, options: FilterOptions = {}, facts: FilterFacts = readFacts()): Subject {
  const { profile: _profile, policy: _policy, ...rest } = options
  const context = contextOf(rest, facts)
  if (typeof named !== 'string' && 'program' in named) return { name: 'program', asked: { name: 'program.bpf', bytes: named.program, context } }
  const policy = typeof named === 'string' ? { profile: named } : named.policy === undefined ? {} : { policy: named.policy }
  const source = sourceOf({ ...rest, ...policy }, facts)
  return { name: source.name, asked: { name: source.name, ...(source.bytes ? { bytes: source.bytes } : {}), context } }
}

/** The options of an analysing verb. */
export function optionsOf(link: ScannedLink): FilterOptions {
  const { profile: _profile, ...options } = read(link)
  return options
}

/** The n-th word, which is a policy. */
export function policyWord({ positionals }: ScannedLink, index: number): string {
  const word = positionals[index]
  if (word === undefined) throw usage('seccomp-filter', 'a policy is missing')
  return word
}

/** The text of an option that was given. */
export function textOf(given: readonly Given[], name: string): string | undefined {
  const value = given.find(each => each.name === name)?.value
  return typeof value === 'string' ? value : undefined
}

/** What was answered, of the shape that the question has in analysis.ts. Throws a ToolError `E_INPUT` for a policy that is refused. */
export function answerOf(reply: Reply, name: string): unknown {
  if (reply.json === undefined) throw refused(name, reply.error)
  return JSON.parse(reply.json)
}

/** The compiled program of a subject. Throws a ToolError `E_INPUT`. */
export function programOfSubject({ name, asked }: Subject): Buffer {
  const compiled = addon().compile(asked.bytes, asked.name, asked.context)
  if (!compiled.program) throw refused(name, compiled.error)
  return compiled.program
}

/** Where a line of a policy is, for people. */
export function placeOf(name: string, line: number): string {
  return line > 0 ? `${name}:${line}` : name
}

/** An error for what cannot be done with a subject. */
export function cannot(what: string, hint?: string): ToolError {
  return new ToolError('seccomp-filter', what, { code: 'E_INPUT', ...(hint === undefined ? {} : { hint }) })
}
