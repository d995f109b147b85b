// `seccomp-filter learn [-o FILE] -- COMMAND`: runs a command, records its calls, writes the policy that allows them and no
// others. The command may be a chain of our tools (`-- ns-unshare … -- chroot-fs … -- cmd`): the filter is then the last of
// its steps, so that the command is recorded in its container, and not what made that. See docs/seccomp-notify.md.
import { writeFileSync } from 'node:fs'
import { dirname, isAbsolute, relative, resolve } from 'node:path'
import { endAs, ToolError, type Verdict } from '@srcon/kit'
import type { Call, Part } from '@srcon/kit/cli'
import { usage } from '@srcon/kit/error'
import { json, writeAll, type Output } from '@srcon/kit/output'
import type { ScannedLink } from '@srcon/kit/table'
import { addon } from './addon.ts'
import { readFacts, type FilterFacts } from './facts.ts'
import { isFile } from './profile.ts'
import { compileSource, contextOf, refused, sourceOf } from './program.ts'
import { MARK, merge, readRecording, recordingText, type Recording } from './learn/recording.ts'
import { learn } from './learn/rules.ts'
import { oci, terse } from './learn/text.ts'
import { link as own } from './link.ts'
import { DESCRIPTOR, runListened, waitFlags } from './listening.ts'
import { loadStep, withNoNewPrivs } from './steps.ts'

interface Wanted {
  readonly file?: string
  readonly base?: string
  readonly merge: readonly string[]
  readonly runs: number
  readonly oci: boolean
  readonly clone3: boolean
  readonly noNewPrivs: boolean
}

const MOST_RUNS = 1000

export async function run(link: ScannedLink, out: Output, call: Call): Promise<void> {
  const wanted = read(link)
  const facts = readFacts()
  // Before the run: what cannot be read is to be known then.
  if (wanted.base !== undefined) checkBase(wanted.base, wanted.file, facts)
  const earlier = wanted.merge.map(path => readRecording(facts.readProfile(path).toString(), path))
  const folded = await call.fold()
  const before = folded.parts.flatMap(part => part.steps)
  const parts: Part[] = [...folded.parts, { link: own, steps: steps(facts, wanted, before) }]
  if (call.standard.plan !== undefined || call.standard['dry-run'] !== undefined) return await call.carry(parts, folded.command)
  const recordings = [...earlier]
  let last: Verdict | undefined
  for (let i = 0; i < wanted.runs; i++) {
    const { verdict, served } = await runListened(addon().record(wanted.clone3), parts, folded.command, () => say('the command has ended, processes that it started have not: recording them, ^C ends that'))
    recordings.push(JSON.parse(served.recording ?? '[]') as Recording)
    if (last === undefined || verdict.status !== 0) last = verdict
  }
  write(wanted, facts, merge(recordings), { out, command: (call.command ?? []).join(' ') })
  if (last && !last.ok) say(`the command ended with ${last.signal ?? `code ${last.code}`}; what it did until then was recorded`)
  if (last) endAs(last)
}

function read({ given }: ScannedLink): Wanted {
  const text = (name: string): string | undefined => given.filter(each => each.name === name).map(({ value }) => String(value))[0]
  const has = (name: string): boolean => given.some(each => each.name === name)
  const runs = Number(text('runs') ?? '1')
  if (!Number.isInteger(runs) || runs < 1 || runs > MOST_RUNS) throw usage('seccomp-filter', `--runs: '${text('runs')}' is no number from 1 to ${MOST_RUNS}`)
  const [file, base] = [text('output'), text('base')]
  if (has('oci') && base !== undefined) throw usage('seccomp-filter', '--oci and --base exclude each other', 'OCI has no order of rules and cannot extend a policy: write the terse form')
  if (file?.endsWith('.bpf')) throw usage('seccomp-filter', `${file}: a file that ends in .bpf holds a program, not a policy`, 'name it otherwise, or make the program of the policy: seccomp-filter export POLICY --raw')
  const merged = given.filter(({ name }) => name === 'merge').map(({ value }) => String(value))
  return { ...(file === undefined ? {} : { file }), ...(base === undefined ? {} : { base }), merge: merged, runs, oci: has('oci'), clone3: has('allow-clone3'), noNewPrivs: !has('no-no-new-privs') }
}

function steps(facts: FilterFacts, { noNewPrivs }: Wanted, before: Part['steps']): Part['steps'] {
  const program = addon().programThatAsks().toString('base64')
  const load = loadStep({ program, source: 'learn', flags: waitFlags(facts.kernel), listener: { descriptor: DESCRIPTOR } }, facts.arch)
  return withNoNewPrivs(load, { noNewPrivs }, before)
}

function write(wanted: Wanted, facts: FilterFacts, recording: Recording, { out, command }: { out: Output; command: string }): void {
  const known = new Set(addon().callsOf(`SCMP_ARCH_${facts.arch.toUpperCase()}`).map(({ name }) => name))
  const learned = learn(recording, facts.arch, known, wanted.clone3)
  const count = recording.reduce((sum, each) => sum + each.count, 0)
  const about = [
    `Made by seccomp-filter learn from ${wanted.runs === 1 ? 'a run' : `${wanted.runs} runs`} of: ${oneLine(command)}`,
    ...(wanted.merge.length > 0 ? [`and what was recorded in ${wanted.merge.map(oneLine).join(', ')}.`] : []),
    `${count} calls of ${recording.length} kinds were seen on ${facts.arch}.`,
  ]
  const inTerse = (): string => {
    const base = wanted.base === undefined ? undefined : baseFrom(wanted.base, wanted.file)
    const words = (name: string, register: number, value: bigint): string | undefined => addon().valueInConstants(facts.arch, name, register, value) ?? undefined
    const made = terse(learned, { about, base, recording: MARK + recordingText(recording), words })
    // What is written can be loaded: known here, not at the first use.
    const { error } = addon().compile(Buffer.from(made), wanted.file ?? './stdout.policy', contextOf({}, facts))
    if (error) throw refused('what was learned', error)
    return made
  }
  const text = out.json ? `${recordingText(recording)}\n` : wanted.oci ? json(oci(learned, facts.arch)) : inTerse()
  if (wanted.file === undefined) return writeAll(1, text)
  try {
    writeFileSync(wanted.file, text)
  } catch (cause) {
    const { code = 'E_HOST', syscall = 'open' } = cause as NodeJS.ErrnoException
    throw new ToolError('seccomp-filter', `cannot write the policy to ${wanted.file}: ${code} (${syscall})`, { code, syscall, path: wanted.file, cause })
  }
}

/** A base that could not be extended. Throws a ToolError. */
function checkBase(base: string, file: string | undefined, facts: FilterFacts): void {
  const options = { profile: base }
  compileSource(sourceOf(options, facts), options, facts)
  if (base.endsWith('.bpf')) throw usage('seccomp-filter', `--base: ${base} is a program; only a policy can be extended`, 'decompile it: seccomp-filter export FILE.bpf --terse')
  if (!/^[\p{L}\p{N}_@.\-+/~%]+$/u.test(baseFrom(base, file))) throw usage('seccomp-filter', `--base: the path ${base} has characters that cannot stand in a policy`, 'letters, digits and _ @ . - + / ~ % can')
}

/** As a policy in `file` names it: a path in a policy is relative to its own folder. */
function baseFrom(base: string, file: string | undefined): string {
  if (!isFile(base) || isAbsolute(base) || file === undefined) return base
  const path = relative(dirname(resolve(file)), resolve(base))
  return path.startsWith('../') ? path : `./${path}`
}

function oneLine(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, '?').slice(0, 200)
}

function say(text: string): void {
  writeAll(2, `seccomp-filter: ${text}\n`)
}
