// A group that outlives one command: made here, joined by as many commands as wanted, removed with all
// its members at the end. It stays locked by this process, so it is swept up if the process is killed.
import { loadAddon } from '@srcon/kit/addon'
import { describeErrno, errnoName } from '@srcon/kit/errno'
import { ToolError, usage } from '@srcon/kit/error'
import { explain } from './explain.ts'
import { readFacts, type CgroupFacts } from './facts.ts'
import { checkLimits, type LimitOptions } from './limits.ts'
import { groupsFor, type JoinStep } from './steps.ts'

/** What a group has counted; null where its controllers do not count it. */
export interface Counted {
  readonly oomKills: number | null
  readonly pidsRefused: number | null
  /** Bytes. */
  readonly peakMemory: number | null
  readonly cpuUsec: number | null
  readonly peakPids: number | null
}

export interface HeldGroup extends AsyncDisposable {
  /** Its name on the host: `srcon-` and the one given. */
  readonly name: string
  /** The step that puts a command into it. */
  readonly join: JoinStep
  counted(): Counted
  /** Kills all members and removes it; a second call does nothing. Rejects if something is left after five seconds. */
  end(): Promise<void>
}

interface Native {
  hold(name: string, groups: string): NativeGroup | NativeFailure
}
interface NativeGroup {
  counted(): Counted
  end(): Promise<boolean>
}
interface NativeFailure {
  readonly syscall: string
  readonly errno: number
  readonly path: string
  readonly note: string
}

let native: Native | undefined

/** Makes a group: `await using group = await create('job-1', { memory: '64M' })`. Rejects with a ToolError. */
export async function create(name: string, options: LimitOptions, facts?: CgroupFacts): Promise<HeldGroup> {
  if (!/^[\w.-]{1,200}$/.test(name)) throw usage('cgroup-ctl', `'${name}' is no name of a group`, 'letters, digits, dot, dash and underscore')
  const groups = groupsFor(checkLimits(options), facts ?? readFacts())
  const full = `srcon-${name}`
  native ??= loadAddon<Native>('cgroup-ctl', import.meta.url)
  const held = native.hold(full, JSON.stringify(groups))
  if ('errno' in held) throw failed(held, { do: 'cgroup.join', groups })
  let ended: Promise<boolean> | undefined
  const end = async (): Promise<void> => {
    if (await (ended ??= held.end())) return
    throw new ToolError('cgroup-ctl', `${full} is not gone`, { code: 'EBUSY', why: 'it still has members after five seconds: processes that the kernel cannot end now', hint: 'look at its cgroup.procs; it is swept up at a later start' })
  }
  const join: JoinStep = { do: 'cgroup.join', name: full, groups: groups.map(group => ({ ...group, write: [] })) }
  return { name: full, join, counted: () => held.counted(), end, [Symbol.asyncDispose]: end }
}

function failed({ syscall, errno, path, note }: NativeFailure, step: JoinStep): ToolError {
  const code = errno === 0 ? '' : errnoName(errno)
  const found = explain({ step, index: 0, syscall, errno, code, path, note, steps: [step] })
  const why = found?.why ?? (errno === 0 ? note : describeErrno(errno))
  return new ToolError('cgroup-ctl', found?.what ?? note, { code: code || 'E_STEP', syscall, errno, path, why, hint: found?.fix })
}
