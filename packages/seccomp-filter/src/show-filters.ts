// The filters that `show` read out of the kernel, for people: decompiled to a policy, or as a listing, or into a file.
import { closeSync, openSync, writeSync } from 'node:fs'
import { ToolError, usage } from '@srcon/kit/error'
import { disassemble, terse } from './analysis.ts'
import { disassembly } from './export.ts'
import type { ReadFilters } from './show.ts'

export interface ShownFilter {
  /** 0 was loaded first. */
  readonly index: number
  readonly instructions: number
  /** The policy, or the listing. */
  readonly text: string
  /** What the policy does not say; empty: it means exactly what the filter does. */
  readonly unsaid: readonly string[]
}

interface How {
  readonly only: number | undefined
  /** A file to write to. */
  readonly raw: string | undefined
  readonly listing: boolean
}

/** Undefined where nothing could be read. Throws a ToolError for a filter that is not there, or a file that cannot be written. */
export function shown({ programs, why }: ReadFilters, { only, raw, listing }: How): readonly ShownFilter[] | undefined {
  if (!programs) {
    if (raw !== undefined) throw new ToolError('seccomp-filter', `there is nothing to write to ${raw}`, { code: 'E_INPUT', ...(why === undefined ? {} : { why }) })
    return undefined
  }
  const chosen = [...programs.entries()].filter(([index]) => only === undefined || index === only)
  if (only !== undefined && chosen.length === 0) throw usage('seccomp-filter', `--filter: there is no filter ${only}`, `there are ${programs.length}`)
  if (raw !== undefined) {
    const [first] = chosen
    if (chosen.length !== 1 || !first) throw usage('seccomp-filter', `--raw writes one filter, there are ${chosen.length}`, 'choose one with --filter N')
    write(raw, first[1])
  }
  return chosen.map(([index, program]) => ({ index, instructions: program.length / 8, ...said(program, listing) }))
}

function said(program: Buffer, listing: boolean): { readonly text: string; readonly unsaid: readonly string[] } {
  if (listing) return { text: disassembly(disassemble({ program })), unsaid: [] }
  try {
    const { text, unsaid } = terse({ program })
    return { text, unsaid }
  } catch (error) {
    if (!(error instanceof ToolError)) throw error
    return { text: disassembly(disassemble({ program })), unsaid: [error.message] }
  }
}

function write(path: string, program: Buffer): void {
  try {
    const fd = openSync(path, 'wx', 0o600)
    writeSync(fd, program)
    closeSync(fd)
  } catch (cause) {
    const { code = 'E_HOST', syscall } = cause as NodeJS.ErrnoException
    throw new ToolError('seccomp-filter', `cannot write ${path}: ${code} (${syscall})`, { code, syscall, path, cause })
  }
}
