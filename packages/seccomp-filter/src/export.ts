// `seccomp-filter export POLICY`: the compiled filter for others: raw as bwrap --seccomp and setpriv --seccomp-filter take it, as a C
// array, as a listing; or the policy in another form. stdout is data only, and a binary is not written to a terminal.
import { writeSync } from 'node:fs'
import { isatty } from 'node:tty'
import { ToolError, usage } from '@srcon/kit/error'
import type { Output } from '@srcon/kit/output'
import type { ScannedLink } from '@srcon/kit/table'
import { addon } from './addon.ts'
import type { Compared, ListedInstruction, PolicyText } from './analysis.ts'
import { refused } from './program.ts'
import { answerOf, cannot, optionsOf, policyWord, programOfSubject, subjectOf, type Subject } from './subject.ts'

const FORMS = ['raw', 'c', 'disassemble', 'oci', 'terse'] as const
type Form = (typeof FORMS)[number]

export async function run(link: ScannedLink, out: Output): Promise<void> {
  const forms = FORMS.filter(form => link.given.some(({ name }) => name === form))
  const [form] = forms
  if (form === undefined || forms.length > 1) throw usage('seccomp-filter', 'export needs one form', `one of ${FORMS.map(each => `--${each}`).join(', ')}`)
  const subject = subjectOf(policyWord(link, 0), optionsOf(link))
  if (form === 'raw' && !out.json) return writeRaw(programOfSubject(subject))
  if (out.json) return out.data({ policy: subject.name, form, ...asData(form, subject) })
  out.line(asText(form, subject).trimEnd())
}

function writeRaw(program: Buffer): void {
  if (isatty(1)) throw new ToolError('seccomp-filter', 'a raw filter is binary; it is not written to a terminal', { code: 'E_USAGE', hint: 'write it to a file: … export POLICY --raw > filter.bpf' })
  for (let at = 0; at < program.length; ) at += writeSync(1, program, at)
}

function asData(form: Form, subject: Subject): Record<string, unknown> {
  if (form === 'raw') return { program: programOfSubject(subject).toString('base64') }
  if (form === 'disassemble') return { instructions: listingOf(subject) }
  return form === 'oci' ? { seccomp: JSON.parse(oci(subject)) as unknown } : { text: asText(form, subject) }
}

function asText(form: Form, subject: Subject): string {
  if (form === 'c') return cArray(subject.name, listingOf(subject))
  if (form === 'disassemble') return disassembly(listingOf(subject))
  return form === 'oci' ? oci(subject) : terse(subject)
}

function listingOf({ name, asked }: Subject): readonly ListedInstruction[] {
  return answerOf(addon().listing(asked), name) as readonly ListedInstruction[]
}

/** Columns: place, operation, what it means, lines of the policy. */
export function disassembly(listing: readonly ListedInstruction[]): string {
  const width = Math.max(...listing.map(({ mnemonic }) => mnemonic.length))
  const row = ({ at, mnemonic, means, lines, extended = [] }: ListedInstruction): string => {
    const places = [...(lines.length > 0 ? [`line ${lines.join(', ')}`] : []), ...extended.map(({ file, line }) => `${file}:${line}`)]
    const from = places.length > 0 ? `  [${places.join(', ')}]` : ''
    return `${String(at).padStart(4, '0')}: ${mnemonic.padEnd(width)}  ; ${means}${from}`.replace(/\s+; $/, '')
  }
  return `${listing.map(row).join('\n')}\n`
}

function cArray(name: string, listing: readonly ListedInstruction[]): string {
  const hex = (value: number, digits: number): string => `0x${value.toString(16).padStart(digits, '0')}`
  const comment = name.replaceAll(/[^\w./ -]/g, '_').replaceAll('*/', '')
  const row = ({ code, jt, jf, k, mnemonic }: ListedInstruction): string => `  { ${hex(code, 2)}, ${jt}, ${jf}, ${hex(k, 8)}u }, /* ${mnemonic} */`
  return [
    `/* ${comment}, compiled by seccomp-filter. Load it with seccomp(SECCOMP_SET_MODE_FILTER, 0, &prog). */`,
    '#include <linux/filter.h>', '', 'static struct sock_filter filter[] = {', ...listing.map(row), '};', '',
    'static struct sock_fprog prog = { .len = sizeof(filter) / sizeof(filter[0]), .filter = filter };', '',
  ].join('\n')
}

function terse({ name, asked }: Subject): string {
  const { text, unsaid } = answerOf(addon().terse(asked), name) as PolicyText
  if (unsaid.length > 0) throw cannot(`${name} cannot be said exactly in the terse form: ${unsaid.join('; ')}`)
  return text
}

/** Proved to mean the same when it is read again. */
function oci({ name, asked }: Subject): string {
  if (asked.name.endsWith('.bpf')) throw cannot('a raw filter has no policy to write as OCI', '--terse decompiles it')
  const { text, error } = addon().plain(asked.bytes, asked.name, asked.context)
  if (text === undefined) throw refused(name, error)
  const { equal, differences } = answerOf(addon().diff(asked, { name: 'linux.seccomp', bytes: Buffer.from(text), context: asked.context }), name) as Compared
  if (!equal) throw cannot(`${name} cannot be said exactly in OCI's form: ${differences[0]?.witness.call ?? 'a call'} would be answered otherwise`)
  return text
}
