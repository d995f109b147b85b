// A policy's text for the evaluator, whatever its form.
import { ToolError } from '@srcon/kit/error'
import { addon } from '../addon.ts'
import type { FilterFacts } from '../facts.ts'
import { DOCKER_CAPS, type FilterOptions } from '../profile.ts'
import type { Source } from '../program.ts'
import { KILL_PROCESS } from './action.ts'
import type { Policy } from './evaluate.ts'
import { factsFor } from './names.ts'
import { readOci, type Host } from './oci.ts'
import { readTerse } from './terse.ts'

/** Throws a ToolError `E_DISAGREE` for what the compiler took and this reader does not. */
export function readPolicy({ name, text, bytes }: Source, { caps = DOCKER_CAPS, widths }: FilterOptions, { arch, kernel }: FilterFacts): Policy {
  try {
    return readForm(bytes ? text : addon().presetText(name) ?? text, name, { machine: arch, caps, kernel, registers: widths === 'register', closed: KILL_PROCESS })
  } catch (cause) {
    throw new ToolError('seccomp-filter', `${name}: the compiler took the policy, the second reader does not: ${(cause as Error).message}`, { code: 'E_DISAGREE', why: 'one of them is wrong; this must not happen', hint: 'please report it with the policy', cause })
  }
}

function readForm(text: string, path: string, host: Host): Policy {
  if (/^\s*[{[]/.test(text)) return readOci(text, host)
  return readTerse(text, host, factsFor(path), (other, at) => readForm(other, at, host))
}
