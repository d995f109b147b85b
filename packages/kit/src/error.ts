// One error class for all tools: what failed, why, what to do. Field names are Node's own.

/** `E_USAGE` wrong words; `E_INPUT` unusable input; `E_REFUSED` an order or value that cannot work, nothing was
 *  done; `E_STEP` a step failed; `E_EXEC` the command cannot be executed; `E_LAUNCH` the launcher itself; `E_HOST` the
 *  host lacks something; else the kernel's name (`EPERM`, `ENOENT`). */
export type ErrorCode = 'E_USAGE' | 'E_INPUT' | 'E_REFUSED' | 'E_STEP' | 'E_EXEC' | 'E_LAUNCH' | 'E_HOST' | (string & {})

export interface ToolErrorFields {
  readonly code: ErrorCode
  /** Name of the system call as in its man page. */
  readonly syscall?: string | undefined
  /** errno as a positive number. */
  readonly errno?: number | undefined
  /** The word after `do` of the step that failed. */
  readonly step?: string | undefined
  /** Its index in the plan, from 0. */
  readonly index?: number | undefined
  readonly path?: string | undefined
  /** The probed cause, one line. */
  readonly why?: string | undefined
  /** What to do, one line. */
  readonly hint?: string | undefined
  /** Exit code of a command line that ends with this error: 125, 126 or 127. */
  readonly exit?: 125 | 126 | 127
  readonly cause?: unknown
}

export class ToolError extends Error implements ToolErrorFields {
  override readonly name = 'ToolError'
  readonly tool: string
  readonly code: ErrorCode
  readonly syscall: string | undefined
  readonly errno: number | undefined
  readonly step: string | undefined
  readonly index: number | undefined
  readonly path: string | undefined
  readonly why: string | undefined
  readonly hint: string | undefined
  readonly exit: 125 | 126 | 127

  /** `message` is one line without the tool's name: `cannot mount proc on /proc: EPERM (mount)`. */
  constructor(tool: string, message: string, fields: ToolErrorFields) {
    super(message, fields.cause === undefined ? undefined : { cause: fields.cause })
    this.tool = tool
    this.code = fields.code
    this.syscall = fields.syscall
    this.errno = fields.errno
    this.step = fields.step
    this.index = fields.index
    this.path = fields.path
    this.why = fields.why
    this.hint = fields.hint
    this.exit = fields.exit ?? 125
  }

  /** The lines that a command line prints on stderr: what, why, fix. */
  lines(): string[] {
    return [`${this.tool}: ${this.message}`, ...(this.why ? [`  why: ${this.why}`] : []), ...(this.hint ? [`  fix: ${this.hint}`] : [])]
  }

  toJSON(): Record<string, unknown> {
    const { tool, message, code, syscall, errno, step, index, path, why, hint, exit } = this
    return { error: { tool, message, code, syscall, errno, step, index, path, why, hint, exit } }
  }
}

export function usage(tool: string, message: string, hint?: string): ToolError {
  return new ToolError(tool, message, { code: 'E_USAGE', hint })
}
