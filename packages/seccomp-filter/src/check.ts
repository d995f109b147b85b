// `seccomp-filter check POLICY`: compiles, loads nothing, and says what the policy comes to here.
import type { Output } from '@srcon/kit/output'
import type { ScannedLink } from '@srcon/kit/table'
import { readFacts } from './facts.ts'
import { read } from './profile.ts'
import { compileSource, sourceOf } from './program.ts'
import { placeOf } from './subject.ts'

export async function run(link: ScannedLink, out: Output): Promise<void> {
  const options = read(link)
  const facts = readFacts()
  const source = sourceOf(options, facts)
  const { program, notes, architectures } = compileSource(source, options, facts)
  const instructions = program.length / 8
  if (out.json) return out.data({ policy: source.name, arch: options.arch ?? facts.arch, instructions, architectures, notes: notes.map(({ line, message, file }) => ({ line, message, ...(file === undefined ? {} : { file }) })) })
  out.line(`${source.name}: ${instructions} instructions${architectures.length > 0 ? ` for ${architectures.join(', ')}` : ', a program as it is'}`)
  for (const { line, message, file } of notes) out.line(`${placeOf(file ?? source.name, line)}: ${message}`)
}
