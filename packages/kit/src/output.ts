// What a tool prints. stdout is data only; it is written synchronously, because a command line that
// becomes its command loses whatever is pending, and a reader that went away ends the tool quietly.
import { writeSync } from 'node:fs'
import { ToolError } from './error.ts'

/** A process that SIGPIPE ends, as a shell shows it. */
const BROKEN_PIPE = 128 + 13

export type Row = Readonly<Record<string, string | number | boolean | null | undefined>>

/** Writes all of it; EAGAIN (somebody made the pipe non-blocking) waits. A reader of stdout that went away ends the
 *  process quietly; one of stderr is not missed, the exit code still tells. Throws a ToolError where the disk is full. */
export function writeAll(fd: 1 | 2, text: string): void {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(fd, bytes, at)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'EPIPE' && fd === 1) process.exit(BROKEN_PIPE)
      if (fd === 2 && code !== 'EAGAIN') return
      if (code !== 'EAGAIN') throw new ToolError('srcon', `cannot write to stdout: ${code} (write)`, { code: code ?? 'E_HOST', syscall: 'write', cause: error })
      pause()
    }
  }
}

/** A short wait without poll(2), which Node does not offer synchronously. */
export function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2)
}

/** JSON as tools print it: one document, readable, newline at the end. */
export function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`
}

export class Output {
  /** `--json` was given: print `data`, not lines. */
  readonly json: boolean
  #last: Promise<void> | undefined

  constructor(asJson: boolean) {
    this.json = asJson
  }

  /** One line for people. */
  line(text: string): void {
    this.#write(() => `${text}\n`)
  }

  /** One JSON document. */
  data(value: unknown): void {
    this.#write(() => json(value))
  }

  /** Rows under a heading made of the first row's keys; with `--json` an array of them. */
  table(rows: readonly Row[]): void {
    if (this.json) this.data(rows)
    else this.#last = this.#after(async () => writeAll(1, (await import('./columns.ts')).columns(rows)))
  }

  /** Resolves when everything is written. */
  async end(): Promise<void> {
    await this.#last
  }

  #write(text: () => string): void {
    if (this.#last) this.#last = this.#after(() => writeAll(1, text()))
    else writeAll(1, text())
  }

  async #after(act: () => void | Promise<void>): Promise<void> {
    await this.#last
    await act()
  }
}
