// Exercise 8: the hog ended because its group reached the limit, and it was in the group because the shell
// that started it was. All of it is read from the host's side, while the hog waits.
import { show, type Standing } from '@srcon/cgroup-ctl'
import { groupOf, notWritable, parentOf } from '../host.ts'
import type { Meeting } from '../meeting.ts'
import type { Lab, Result } from '../result.ts'

const LIMIT = 20_000_000
/** What some read as 20 MB. */
const LARGEST = 20 * 2 ** 20
const KILLED = 128 + 9

/** What was seen at the moments that matter. */
export interface Seen {
  /** The memory groups of the hog, of the shell that started it, and of the check itself. */
  readonly hog: string
  readonly shell: string
  readonly own: string
  /** The hog's group before it begins, and after it has ended. */
  readonly before: Standing
  readonly after: Standing
  readonly status: number
}

export const lab: Lab = {
  ask: 'start hog in the shell that you have limited',
  impossible: () => notWritable('memory'),
  async check(meeting) {
    return judge(await watch(meeting))
  },
}

async function watch(meeting: Meeting): Promise<Seen> {
  const [, word] = await meeting.next('hog')
  const pid = Number(word)
  const before = show(pid)
  const seen = { hog: groupOf(before, 'memory'), shell: groupOf(show(parentOf(pid)), 'memory'), own: groupOf(show('self'), 'memory'), before }
  meeting.say(pid, 'begin')
  const [, , status] = await meeting.next('ended')
  const after = show(pid)
  meeting.say(pid, 'end')
  return { ...seen, after, status: Number(status) }
}

export function judge({ hog, shell, own, before, after, status }: Seen): Result[] {
  const { memory, swap } = before.limits
  const killed = (after.counters.oomKills ?? 0) - (before.counters.oomKills ?? 0)
  const peak = after.counters.peakMemory ?? 0
  return [
    { name: 'the hog is in a memory group of its own', ok: hog !== own, expected: 'another group than that of this check', seen: hog, hint: 'make a group and put your shell into it before you start the hog' },
    { name: 'it is there because its shell is', ok: hog === shell, expected: `its shell in ${hog}`, seen: `its shell in ${shell}`, hint: 'put the shell into the group, not the hog: what a process starts is in the same group' },
    { name: 'the limit is 20 MB', ok: typeof memory === 'number' && memory <= LARGEST && memory >= LIMIT * 0.9, expected: `${LIMIT} bytes, rounded down to whole pages`, seen: String(memory), hint: 'memory.limit_in_bytes on v1, memory.max on v2; cgroup-ctl --memory' },
    { name: 'there is no swap beside it', ok: swap === 0 || swap === null, expected: '0', seen: String(swap), hint: 'v1: memory.memsw.limit_in_bytes is memory and swap together; v2: memory.swap.max is swap alone' },
    { name: 'the hog was killed', ok: status === KILLED, expected: `status ${KILLED}: ended by KILL`, seen: `status ${status}`, hint: 'status 1 means that no limit stopped it and it stopped itself at 256 MiB' },
    { name: 'the kernel counted an OOM kill in the group', ok: killed >= 1, expected: 'at least 1', seen: String(killed), hint: 'oom_kill in memory.oom_control (v1) or memory.events (v2): only that tells a kill by the limit from any other' },
    { name: 'the group never used more than its limit', ok: typeof memory === 'number' && peak <= memory && peak > 0, expected: `at most ${memory}`, seen: String(peak), hint: 'memory.max_usage_in_bytes (v1) or memory.peak (v2)' },
  ]
}
