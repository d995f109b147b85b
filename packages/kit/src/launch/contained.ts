// A plan that runs beside us: a ChildProcess in shape, so that who knows one knows the other, with
// two promises more. What is different: `spawn` means that the *command* was executed, and a set-up
// that failed says which step and why. Only "never started" rejects; all else is a result.
import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import { constants } from 'node:os'
import type { Event } from '../../native/index.d.ts'
import type { ToolError } from '../error.ts'
import type { Plan } from '../plan.ts'
import { abortError, startError } from './failure.ts'
import { launchError, launcher } from './native.ts'
import { launcherInput, withTimeLimit, type LaunchOptions } from './options.ts'
import { holdLoop, signal as send, start } from './starter.ts'
import { stdioCodes, streams } from './stdio.ts'
import { nothingCounted, verdictOf, type Ended, type Verdict } from './verdict.ts'

export interface ContainedEvents {
  /** The command was executed. */
  spawn: []
  exit: [code: number | null, signal: NodeJS.Signals | null]
  /** It has ended and its streams are closed. */
  close: [code: number | null, signal: NodeJS.Signals | null]
  /** It was never executed; only emitted where somebody listens, since `started` says the same. */
  error: [error: ToolError]
}

/** Carries a plan out beside this process. Throws a ToolError `E_INPUT` for what cannot be passed on. */
export function launch(plan: Plan, options: LaunchOptions = {}): Contained {
  return new Contained(plan, options)
}

export class Contained extends EventEmitter<ContainedEvents> implements AsyncDisposable {
  readonly stdin: Socket | null
  readonly stdout: Socket | null
  readonly stderr: Socket | null
  /** All of its pipes, by the command's numbers. */
  readonly stdio: readonly (Socket | null)[]
  /** Of the command itself, or of the supervisor beside it; undefined: nothing could be started. */
  readonly pid: number | undefined
  /** Of the command, as this process sees it; undefined until it is executed. */
  commandPid: number | undefined
  exitCode: number | null = null
  signalCode: NodeJS.Signals | null = null
  /** `kill` has sent a signal. */
  killed = false
  /** The command was executed; rejects with the ToolError of what failed. */
  readonly started: Promise<void>
  /** Resolves however it ended. */
  readonly verdict: Promise<Verdict>

  readonly #plan: Plan
  readonly #options: LaunchOptions
  readonly #id: number | undefined
  readonly #onAbort = (): void => this.#abort()
  #settle!: { started: () => void; failed: (error: ToolError) => void; verdict: (verdict: Verdict) => void }
  #aborted = false
  #grace: NodeJS.Timeout | undefined
  #holds = false
  #ended = false
  #executedUsec: number | undefined
  /** What `close` still waits for: the end, and each stream. */
  #open = 1

  constructor(plan: Plan, options: LaunchOptions) {
    super()
    this.#plan = withTimeLimit(plan, options)
    this.#options = options
    this.started = new Promise((started, failed) => (this.#settle = { started, failed, verdict: () => {} }))
    this.verdict = new Promise(verdict => (this.#settle.verdict = verdict))
    // Who does not look at it is not to be ended by it.
    this.started.catch(() => {})
    const codes = stdioCodes(options.stdio ?? 'pipe')
    const running = this.#start(codes)
    this.#id = running?.id
    this.pid = running?.pid
    this.stdio = streams(running?.pipes ?? [], codes)
    ;[this.stdin = null, this.stdout = null, this.stderr = null] = this.stdio
    this.#watchStreams()
    this.ref()
  }

  /** Sends a signal (default TERM); false: it has ended. KILL ends the command; the supervisor beside it then undoes what is to be undone. */
  kill(signal: NodeJS.Signals | number = 'SIGTERM'): boolean {
    const number = typeof signal === 'number' ? signal : constants.signals[signal]
    if (!Number.isInteger(number) || number < 0 || number > 64) throw new TypeError(`unknown signal ${signal}`)
    const sent = this.#id !== undefined && send(this.#id, number)
    if (sent && number > 0) this.killed = true
    return sent
  }

  /** The event loop waits for it, as it does from the start. */
  ref(): void {
    this.#hold(this.#id !== undefined && !this.#ended)
  }

  /** The event loop does not wait for it; pipes that are read still hold it. */
  unref(): void {
    this.#hold(false)
  }

  /** Kills it if it still runs; resolves when it is gone and everything is undone. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.kill('SIGKILL')
    await this.verdict
    for (const stream of this.stdio) stream?.destroy()
  }

  #start(codes: number[]): { id: number; pid: number; pipes: number[] } | undefined {
    const { text, words, env, cwd } = launcherInput(this.#plan, this.#options)
    if (this.#options.signal?.aborted) {
      process.nextTick(() => this.#neverStarted(abortError(this.#options), true))
      return undefined
    }
    const path = launcher()
    const result = start({ launcher: path, plan: text, stdio: codes, ...cwd }, words, env, event => this.#happened(event))
    if ('id' in result) {
      this.#options.signal?.addEventListener('abort', this.#onAbort, { once: true })
      return result
    }
    process.nextTick(() => this.#neverStarted(launchError(result, path), false))
    return undefined
  }

  #happened({ exit, status, elapsedUsec }: Event): void {
    if (!exit) {
      if (status.phase === 'exec') this.#executed(status.worker || this.pid, elapsedUsec)
      return
    }
    this.#ended = true
    this.#hold(false)
    clearTimeout(this.#grace)
    this.#options.signal?.removeEventListener('abort', this.#onAbort)
    const raw = status.status ?? exit.status
    const wallMs = (elapsedUsec - (this.#executedUsec ?? elapsedUsec)) / 1000
    const ended = { raw, wallMs, cpuUsec: status.cpuUsec || exit.cpuUsec, aborted: this.#aborted, steps: this.#plan.steps, counts: status }
    if (this.#executedUsec !== undefined) return (raw & 0x7f) === constants.signals.SIGSYS ? void this.#finishKilled(ended) : this.#finish(ended)
    const error = this.#aborted ? Promise.resolve(abortError(this.#options)) : startError(status, raw, this.#plan.steps, this.#options)
    void error.then(error => this.#fail({ ...ended, error }))
  }

  /** By a filter, it seems. */
  async #finishKilled(ended: Ended): Promise<void> {
    const { killedFor } = await import('./kernel-log.ts')
    this.#finish({ ...ended, killedFor: killedFor(this.commandPid ?? 0, Date.now() - ended.wallMs) })
  }

  #executed(pid: number | undefined, elapsedUsec: number): void {
    this.#executedUsec = elapsedUsec
    this.commandPid = pid
    this.#settle.started()
    this.emit('spawn')
  }

  #neverStarted(error: ToolError, aborted: boolean): void {
    this.#ended = true
    this.#fail({ raw: 0, wallMs: 0, cpuUsec: 0, aborted, error, steps: this.#plan.steps, counts: nothingCounted })
  }

  #fail(ended: Ended & { readonly error: ToolError }): void {
    this.#settle.failed(ended.error)
    if (this.listenerCount('error') > 0) this.emit('error', ended.error)
    this.#finish(ended)
  }

  #finish(ended: Ended): void {
    const verdict = verdictOf(ended)
    this.exitCode = verdict.code
    this.signalCode = verdict.signal
    this.#settle.verdict(verdict)
    this.stdin?.destroy()
    this.emit('exit', verdict.code, verdict.signal)
    // What nobody reads is read away, or its stream would never close.
    process.nextTick(() => this.stdio.forEach(stream => stream?.readable && stream.resume()))
    this.#closed()
  }

  #watchStreams(): void {
    for (const stream of this.stdio) {
      if (!stream) continue
      this.#open++
      stream.once('close', () => this.#closed())
    }
  }

  #closed(): void {
    if (--this.#open === 0) this.emit('close', this.exitCode, this.signalCode)
  }

  #abort(): void {
    this.#aborted = true
    const { graceMs = 0 } = this.#options
    this.kill(graceMs > 0 ? 'SIGTERM' : 'SIGKILL')
    if (graceMs > 0) this.#grace = setTimeout(() => this.kill('SIGKILL'), graceMs)
  }

  #hold(on: boolean): void {
    if (on !== this.#holds) holdLoop(on)
    this.#holds = on
  }
}
