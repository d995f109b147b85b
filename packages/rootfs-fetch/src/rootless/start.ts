// One job in a user namespace with a map. A process of several threads, as Node is, cannot enter one; so the launcher makes
// it, the maps are written by newuidmap(1) and newgidmap(1), and it becomes a Node that does the job. See user_namespaces(7).
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { launch, type Contained } from '@srcon/kit'
import { packageFolder } from '@srcon/kit/addon'
import { ToolError, type ToolErrorFields } from '@srcon/kit/error'
import { plan, type Plan } from '@srcon/kit/plan'
import { tool } from '../native.ts'
import { NoNamespace, type IdMaps } from '../owners.ts'
import type { JobMessage, JobName, JobReply, Jobs } from './jobs.ts'

export interface JobOptions {
  /** Descriptors that the job gets. */
  readonly fds?: readonly number[] | undefined
  /** Descriptors of locks, which stay taken until the job has ended, even where this process is killed before. */
  readonly locks?: readonly number[] | undefined
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((progress: unknown) => void) | undefined
}

/** Does a job; throws its ToolError, the signal's reason, or NoNamespace. */
export async function inNamespace<Name extends JobName>(ids: IdMaps, job: Name, request: Parameters<Jobs[Name]>[0], options: JobOptions = {}): Promise<Awaited<ReturnType<Jobs[Name]>>> {
  const { fds = [], locks = [], signal, onProgress } = options
  signal?.throwIfAborted()
  const child = launch(workerPlan(ids), { stdio: ['pipe', 'pipe', 'pipe', ...fds, ...locks], signal })
  const message: JobMessage = { job, request, fds: fds.length }
  // It may have ended already; what it said counts.
  child.stdin?.on('error', () => {}).write(`${JSON.stringify(message)}\n`)
  const [last, complaint] = await Promise.all([readReplies(child, onProgress), readAll(child), child.verdict])
  signal?.throwIfAborted()
  if (last?.answer !== undefined) return last.answer as Awaited<ReturnType<Jobs[Name]>>
  if (last?.error) throw asError(last.error as unknown as Parameters<typeof asError>[0])
  throw await unanswered(child, complaint, signal)
}

/** The step is that of ns-unshare, which any plan may name; newuidmap looks at the map once more. */
export function workerPlan({ users, groups }: IdMaps): Plan {
  const [source, built] = ['src/rootless/worker.ts', 'dist/rootless/worker.js']
  const folder = packageFolder('rootfs-fetch', import.meta.url) ?? ''
  // In a checkout the sources run as they are, with the conditions that chose them.
  const conditions = process.execArgv.filter(word => word.startsWith('--conditions='))
  const words = [...conditions, join(folder, import.meta.url.endsWith('.ts') ? source : built)]
  return plan([process.execPath, ...words], { do: 'ns.user', uidMap: users, gidMap: groups, helper: true })
}

async function readReplies({ stdout }: Contained, onProgress: JobOptions['onProgress']): Promise<JobReply | undefined> {
  if (!stdout) return undefined
  let last: JobReply | undefined
  for await (const line of createInterface({ input: stdout })) {
    const reply = JSON.parse(line) as JobReply
    if (reply.progress === undefined) last = reply
    else onProgress?.(reply.progress)
  }
  return last
}

async function readAll({ stderr }: Contained): Promise<string> {
  let text = ''
  for await (const part of stderr ?? []) text = `${text}${String(part)}`.slice(-4096)
  return text
}

function asError({ tool: by, message, ...fields }: ToolErrorFields & { readonly tool: string; readonly message: string }): ToolError {
  return new ToolError(by, message, fields)
}

async function unanswered(child: Contained, complaint: string, signal: AbortSignal | undefined): Promise<unknown> {
  const { error, signal: killed, code } = await child.verdict
  if (error) return new NoNamespace(error)
  // One signal of a terminal meets both; ours may come a moment later.
  await new Promise(resolve => setTimeout(resolve, 50))
  if (signal?.aborted) return signal.reason
  const why = killed === null ? (complaint.trim().split('\n').at(-1) ?? `it ended with ${code}`) : `${killed} ended it`
  return new ToolError(tool, 'the process in the user namespace has not answered', { code: 'E_INTERNAL', why })
}
