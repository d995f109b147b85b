// A plan from its start to its end, with what it wrote.
import type { Socket } from 'node:net'
import type { Plan } from '../plan.ts'
import { launch } from './contained.ts'
import type { LaunchOptions } from './options.ts'
import type { Verdict } from './verdict.ts'

export interface RunOptions extends Omit<LaunchOptions, 'stdio'> {
  /** What the command reads; default: nothing. */
  readonly input?: string | Uint8Array | undefined
  /** Most bytes that are kept of each of its two streams; more is read and thrown away. Default: 64 MiB. */
  readonly maxBytes?: number | undefined
}

export interface RunResult extends Verdict {
  /** UTF-8. */
  readonly stdout: string
  readonly stderr: string
  readonly stdoutBytes: Buffer
  readonly stderrBytes: Buffer
  /** One of them was longer than `maxBytes`. */
  readonly truncated: boolean
}

/** Carries a plan out and waits for its end. Rejects with a ToolError only if the command was never executed. */
export async function run(plan: Plan, { input, maxBytes = 64 << 20, ...options }: RunOptions = {}): Promise<RunResult> {
  const child = launch(plan, { ...options, stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'] })
  // A command that does not read all of it (EPIPE) is within its rights.
  child.stdin?.on('error', () => {})
  if (input !== undefined) child.stdin?.end(input)
  const closed = new Promise<void>(resolve => child.once('close', () => resolve()))
  const [out, err] = [collect(child.stdout, maxBytes), collect(child.stderr, maxBytes)]
  const verdict = await child.verdict
  await closed
  if (verdict.error && verdict.reason === 'setup') throw verdict.error
  const [stdoutBytes, stderrBytes] = [out.bytes(), err.bytes()]
  return { ...verdict, stdout: stdoutBytes.toString(), stderr: stderrBytes.toString(), stdoutBytes, stderrBytes, truncated: out.truncated || err.truncated }
}

interface Collected {
  truncated: boolean
  bytes(): Buffer
}

function collect(stream: Socket | null, maxBytes: number): Collected {
  const chunks: Buffer[] = []
  let room = maxBytes
  const collected = { truncated: false, bytes: () => Buffer.concat(chunks) }
  stream?.on('data', (chunk: Buffer) => {
    if (chunk.length > room) collected.truncated = true
    if (room > 0) chunks.push(chunk.subarray(0, room))
    room -= Math.min(room, chunk.length)
  })
  return collected
}
