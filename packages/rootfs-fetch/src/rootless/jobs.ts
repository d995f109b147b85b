// What is done in a user namespace, as data: each job by its name, what it is asked and what it answers. Descriptors come beside.
import type { CopyRequest, NativeCopied } from '../../native/index.d.ts'
import { failed, native, type NativeReport } from '../native.ts'
import type { Packed, PackOptions } from '../pack.ts'
import { unpackTree, type TreeProgress, type TreeRequest } from '../unpack.ts'

/** Descriptors of the worker: the first of those that came with the job, in their order. */
export const FIRST_FD = 3

export interface Jobs {
  unpack(request: TreeRequest, fds: readonly number[], tell: (progress: TreeProgress) => void): Promise<readonly NativeReport[]>
  compare(request: { readonly expected: string; readonly found: string }): Promise<readonly string[]>
  pack(request: { readonly directory: string } & Omit<PackOptions, 'signal'>, fds: readonly number[]): Promise<Packed>
  copy(request: CopyRequest, fds: readonly number[], tell: (entries: number) => void): Promise<NativeCopied>
  remove(request: { readonly path: string; readonly near: string }): Promise<null>
}

export type JobName = keyof Jobs

/** One job as it travels, a line of JSON. */
export interface JobMessage {
  readonly job: JobName
  readonly request: Parameters<Jobs[JobName]>[0]
  /** Descriptors that are for the job; more may be there to be held only. */
  readonly fds: number
}

/** What comes back, a line each: any number of the first, then one of the others. */
export interface JobReply {
  readonly progress?: unknown
  readonly answer?: unknown
  readonly error?: Record<string, unknown>
}

export const jobs: Jobs = {
  unpack: async (request, fds, tell) => await unpackTree(request, fds, { onProgress: tell }),
  compare: async ({ expected, found }) => (await import('../tree-compare.ts')).differences(expected, found),
  pack: async ({ directory, ...options }, [fd = -1]) => await (await import('../pack.ts')).packHere(directory, fd, options),
  copy: async (request, _, tell) => await (await import('../copy.ts')).copyHere(request, { onProgress: tell }),
  remove: async ({ path, near }) => {
    const failure = await native().removeTree(path)
    if (failure) throw failed('cannot remove what is left', failure, near)
    return null
  },
}
