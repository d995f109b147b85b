// `seccomp-filter fmt FILE…`: the canonical form of policies in the terse form, in place; comments and lines stay where they are.
import { renameSync, statSync, writeFileSync } from 'node:fs'
import { ToolError } from '@srcon/kit/error'
import type { Output } from '@srcon/kit/output'
import type { ScannedLink } from '@srcon/kit/table'
import { addon } from './addon.ts'
import { readProfile } from './facts.ts'
import { refused } from './program.ts'

/** The canonical form of a text. Throws a ToolError `E_INPUT` with its place for what cannot be read. */
export function format(text: string, name = 'policy'): string {
  const { text: made, error } = addon().canonical(text)
  if (made === undefined) throw refused(name, error)
  return made
}

export async function run({ given, positionals }: ScannedLink, out: Output): Promise<void> {
  const check = given.some(({ name }) => name === 'check')
  const texts = positionals.map(file => ({ file, text: file.endsWith('.bpf') ? '{' : readProfile(file).toString() }))
  const other = texts.find(({ text }) => text.trimStart().startsWith('{'))
  if (other) throw new ToolError('seccomp-filter', `${other.file} is not in the terse form`, { code: 'E_INPUT', path: other.file })
  // All are read before any is written.
  const files = texts.map(({ file, text }) => ({ file, old: text, made: format(text, file) }))
  const changed = files.filter(({ old, made }) => old !== made)
  if (!check) changed.forEach(({ file, made }) => replace(file, made))
  if (out.json) out.data(files.map(({ file, old, made }) => ({ file, canonical: old === made })))
  else changed.forEach(({ file }) => out.line(file))
  if (check && changed.length > 0) {
    const list = changed.map(({ file }) => file).join(', ')
    throw new ToolError('seccomp-filter', `not in canonical form: ${list}`, { code: 'E_INPUT', hint: `seccomp-filter fmt ${changed.map(({ file }) => file).join(' ')}` })
  }
}

/** Whole or not at all. */
function replace(file: string, text: string): void {
  const beside = `${file}.${process.pid}.new`
  writeFileSync(beside, text, { flag: 'wx', mode: statSync(file).mode & 0o777 })
  renameSync(beside, file)
}
