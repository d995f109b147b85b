// Where the programs of an exercise meet the check: a folder with a named pipe. A program writes who it is
// into `in`, and may wait for a word in a pipe of its own. So the check knows at which moment to look, and
// needs no sleeping. See fifo(7).
import { spawnSync } from 'node:child_process'
import { closeSync, constants, existsSync, mkdtempSync, openSync, readlinkSync, readSync, rmSync, symlinkSync, unlinkSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'

/** Where programs look for a check when they are not told (`LAB_AT`). */
const usual = join(tmpdir(), `srcon-lab-${process.getuid?.() ?? 0}`)
/** How often the pipe is looked at, milliseconds. */
const TICK = 20

export class Meeting implements AsyncDisposable {
  readonly path: string
  readonly #fd: number
  #end: number
  #why = 'nobody came'
  /** Lines that came with an earlier one. */
  readonly #lines: string[] = []
  /** Pids of those that wait for a word or run until they are told. */
  readonly #present = new Set<number>()

  private constructor(path: string, fd: number, waitSeconds: number) {
    this.path = path
    this.#fd = fd
    this.#end = Date.now() + waitSeconds * 1000
  }

  /** Opens a place; programs that are not told of it find it by its usual name. */
  static async open(waitSeconds: number): Promise<Meeting> {
    const path = mkdtempSync(join(tmpdir(), 'srcon-lab-meeting-'))
    const pipe = join(path, 'in')
    const { status, stderr, error } = spawnSync('mkfifo', ['-m', '600', pipe], { encoding: 'utf8' })
    if (status !== 0) throw new Error(`cannot make a named pipe: ${error?.message ?? stderr}`)
    try {
      symlinkSync(path, usual)
    } catch {
      // Another check has it, or had: one that is gone leaves a link to nothing.
      if (!existsSync(usual)) replaceLink(path)
    }
    // Opened for both, so that opening waits for nobody and the pipe never ends.
    return new Meeting(path, openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK), waitSeconds)
  }

  /** The next message that begins with one of these words. Rejects when nobody comes in time. */
  async next(...first: readonly string[]): Promise<readonly string[]> {
    for (;;) {
      const at = this.#lines.findIndex(line => first.includes(line.split(' ')[0] ?? ''))
      const [line] = at < 0 ? [] : this.#lines.splice(at, 1)
      if (line !== undefined) {
        const words = line.split(' ')
        const pid = Number(words[1])
        if (!Number.isInteger(pid) || pid <= 1) throw new Error(`not a message of ours: ${line}`)
        this.#present.add(pid)
        return words
      }
      if (this.#read()) continue
      if (Date.now() > this.#end) throw new Error(`${this.#why}: expected ${first.join(' or ')}`)
      await after(TICK)
    }
  }

  #read(): boolean {
    const bytes = Buffer.alloc(4096)
    try {
      const text = bytes.toString('utf8', 0, readSync(this.#fd, bytes))
      this.#lines.push(...text.split('\n').filter(Boolean))
      return text !== ''
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return false
      throw error
    }
  }

  /** Nobody will come any more. */
  over(why: string): void {
    this.#why = why
    this.#end = 0
  }

  /** Says a word to a program that waits for one. */
  say(pid: number, word: string): void {
    const fd = openSync(join(this.path, String(pid)), constants.O_WRONLY | constants.O_NONBLOCK)
    writeSync(fd, `${word}\n`)
    closeSync(fd)
  }

  /** Ends a program of the exercise. */
  dismiss(pid: number): void {
    this.#present.delete(pid)
    try {
      process.kill(pid, 'SIGTERM')
    } catch {
      // It has ended by itself.
    }
  }

  /** Ends all that are still there. */
  release(): void {
    for (const pid of this.#present) this.dismiss(pid)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.release()
    closeSync(this.#fd)
    rmSync(this.path, { recursive: true, force: true })
    if (linkTarget() === this.path) unlinkSync(usual)
  }
}

function linkTarget(): string | undefined {
  try {
    return readlinkSync(usual)
  } catch {
    return undefined
  }
}

function replaceLink(path: string): void {
  rmSync(usual, { force: true })
  symlinkSync(path, usual)
}
