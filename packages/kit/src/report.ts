// How a command line ends with an error: what, why, fix on stderr, or the same as JSON.
import { ToolError } from './error.ts'
import { json, writeAll } from './output.ts'

/** Prints it; returns the exit code. */
export function report(error: unknown, tool: string, asJson: boolean): number {
  const known = isToolError(error) ? error : unexpected(error, tool)
  writeAll(2, asJson ? json(known.toJSON()) : `${known.lines().join('\n')}\n`)
  return known.exit
}

/** A folded tool brings its own copy of the class, so `instanceof` does not do. */
function isToolError(error: unknown): error is ToolError {
  return error instanceof Error && error.name === 'ToolError' && 'lines' in error && typeof error.lines === 'function'
}

function unexpected(cause: unknown, tool: string): ToolError {
  const text = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)
  return new ToolError(tool, `unexpected: ${text}`, { code: 'E_INTERNAL', hint: 'this is a mistake of ours, please report it', cause })
}
