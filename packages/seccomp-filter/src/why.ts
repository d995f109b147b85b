// Why a call was refused: the policy as a filter that asks where it refuses, and a report of each question on stderr, as JSON
// lines, or in a file. Allowed calls are allowed by the filter and cost what they always cost. See docs/seccomp-notify.md.
import { closeSync, openSync, writeSync } from 'node:fs'
import { endAs, ToolError, type Bytes, type Verdict } from '@srcon/kit'
import type { Part } from '@srcon/kit/cli'
import { writeAll } from '@srcon/kit/output'
import { addon, type Listening } from './addon.ts'
import type { FilterFacts } from './facts.ts'
import { DESCRIPTOR, runListened, waitFlags } from './listening.ts'
import type { FilterOptions } from './profile.ts'
import { compileSource, contextOf, sourceOf, type Source } from './program.ts'
import { placeOf } from './subject.ts'
import { loadStep, withNoNewPrivs, type LoadStep } from './steps.ts'
import type { Step } from '@srcon/kit/step'

export interface Argument {
  readonly name: string
  /** The bits that the kernel reads, hexadecimal. */
  readonly value: string
  /** The same by the names of constants. */
  readonly means?: string
  /** The string that it points to. */
  readonly text?: string
}

/** A call that the policy did not simply allow. */
export interface Refused {
  /** Absent: the table has no name for the number. */
  readonly call?: string
  readonly number: number
  /** The way in. */
  readonly arch: string
  readonly args: readonly Argument[]
  readonly pid: number
  readonly tid: number
  readonly command: string
  /** In the words of the terse form. */
  readonly action: string
  /** Of the policy; 0: no rule names the call; absent: the policy is no text. */
  readonly line?: number
  /** The text that the line is of, where it is one that the policy extends. */
  readonly file?: string
  /** It ended the process. */
  readonly signal?: string
}

/** Where reports go: JSON lines or text. */
export interface ReportTo {
  readonly json: boolean
  readonly file?: string
}

export interface Watched {
  readonly steps: readonly Step[]
  run(parts: readonly Part[], command: readonly Bytes[]): Promise<{ readonly verdict: Verdict; readonly ended: Refused | undefined }>
}

/** The steps that load the policy so that it reports, and how to run a command under them. Throws a ToolError. */
export function watch(options: FilterOptions, facts: FilterFacts, to: ReportTo, before: readonly Step[] = []): Watched {
  const source = sourceOf(options, facts)
  const { asking, listener, log, specAllow } = compileSource(source, options, facts, true)
  if (listener !== undefined || asking === undefined) throw new ToolError('seccomp-filter', `${source.name} has calls notified already`, { code: 'E_INPUT', why: 'the kernel has one listener a process, and --why needs it', hint: 'leave --why out, or take SCMP_ACT_NOTIFY out of the policy' })
  const flags = [...(log || options.log ? (['log'] as const) : []), ...(specAllow ? (['spec-allow'] as const) : []), ...waitFlags(facts.kernel)]
  const load: LoadStep = loadStep({ program: asking.toString('base64'), source: source.name, flags, listener: { descriptor: DESCRIPTOR } }, facts.arch)
  return { steps: withNoNewPrivs(load, options, before), run: async (parts, command) => await runWatched(session(source, options, facts), parts, command, to, source.name) }
}

interface Session {
  readonly start: (report: (refused: Refused) => void) => Listening
}

function session({ bytes, name }: Source, options: FilterOptions, facts: FilterFacts): Session {
  // An object has no lines; a preset has, as `explain` names them.
  const place = ({ line, ...refused }: Refused): Refused => (options.policy === undefined || line === 0 ? { ...refused, ...(line === undefined ? {} : { line }) } : refused)
  return { start: report => addon().reportRefusals(bytes, name, contextOf(options, facts), text => report(place(JSON.parse(text) as Refused))) }
}

async function runWatched({ start }: Session, parts: readonly Part[], command: readonly Bytes[], to: ReportTo, policy: string): Promise<{ verdict: Verdict; ended: Refused | undefined }> {
  const fd = to.file === undefined ? 2 : openReport(to.file)
  let ended: Refused | undefined
  let count = 0
  const write = (text: string): void => void (fd === 2 ? writeAll(2, text) : writeSync(fd, text))
  const listening = start(refused => {
    count++
    if (refused.signal !== undefined) ended = refused
    write(to.json ? `${JSON.stringify({ policy, ...refused })}\n` : `${inWords(refused, policy)}\n`)
  })
  try {
    const { verdict } = await runListened(listening, parts, command, () => {})
    // All reports are queued by now; the event loop hands on a thousand a turn.
    for (let quiet = 0, before = -1; quiet < 5; quiet = count === before ? quiet + 1 : 0, before = count) await new Promise(setImmediate)
    const killed = verdict.signal === 'SIGSYS' || verdict.signal === 'SIGKILL' ? ended : undefined
    const named = killed ? { ...verdict, reason: 'seccomp' as const, syscall: killed.number, ...(killed.call === undefined ? {} : { syscallName: killed.call }) } : verdict
    return { verdict: named, ended: killed }
  } finally {
    if (fd !== 2) closeSync(fd)
  }
}

/** One line; what the command has chosen (names, paths) cannot command a terminal. */
export function inWords({ call, number, arch, args, pid, command, action, line, file, signal }: Refused, policy: string): string {
  const what = `${call ?? `call ${number}`}(${args.map(({ name, value, means, text }) => `${name}=${text === undefined ? means ?? value : JSON.stringify(escaped(text))}`).join(', ')})`
  const where = line === 0 ? `${policy}, its default` : placeOf(file ?? policy, line ?? 0)
  return `seccomp-filter: ${escaped(command)} (${pid}): ${what}${arch === 'x86_64' || arch === 'aarch64' ? '' : ` by ${arch}`}: ${action}${signal === undefined ? '' : ` (${signal})`}: ${where}`
}

function escaped(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, char => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`)
}

/** What is said last of a command that the policy has ended. */
export function sayWhatEnded(ended: Refused | undefined): void {
  if (!ended) return
  const { call = `call ${ended.number}`, line, file } = ended
  const where = line === undefined ? '' : line === 0 ? ', by its default' : `, ${file === undefined ? `line ${line}` : placeOf(file, line)}`
  writeAll(2, `seccomp-filter: the policy ended the command for ${call}${where}\n`)
}

export function endAsWatched({ verdict, ended }: { readonly verdict: Verdict; readonly ended: Refused | undefined }): void {
  sayWhatEnded(ended)
  endAs(verdict)
}

function openReport(file: string): number {
  try {
    return openSync(file, 'w', 0o666)
  } catch (cause) {
    const { code = 'E_HOST', syscall = 'open' } = cause as NodeJS.ErrnoException
    throw new ToolError('seccomp-filter', `cannot write the report to ${file}: ${code} (${syscall})`, { code, syscall, path: file, cause })
  }
}
