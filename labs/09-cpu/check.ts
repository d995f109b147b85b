// Exercise 9: two groups share one CPU as their weights say, and a quota holds. CPU time is what the kernel
// counted for the groups between two moments, not what a program says of itself.
import { show } from '@srcon/cgroup-ctl'
import { setTimeout as after } from 'node:timers/promises'
import { cpusOf, cpuUsec, groupOf, notWritable } from '../host.ts'
import type { Meeting } from '../meeting.ts'
import type { Lab, Result } from '../result.ts'

/** How long is measured, milliseconds: the scheduler shares fairly over many turns, not in each. */
const SPAN = 3500
const RATIO = 10

export interface Seen {
  /** The CPU groups of the two, and of the check itself. */
  readonly light: string
  readonly heavy: string
  readonly own: string
  /** CPUs that each may use. */
  readonly lightCpus: string
  readonly heavyCpus: string
  /** CPU time of the heavy one for each of the light one. */
  readonly ratio: number
  /** CPU time per time of the one with a quota. */
  readonly quota: number
  /** Periods in which it had to wait. */
  readonly throttled: number
}

export const lab: Lab = {
  ask: 'start spin light and spin heavy, then spin quota',
  impossible: () => notWritable('cpu'),
  async check(meeting) {
    return judge({ ...(await watchPair(meeting)), ...(await watchQuota(meeting)) })
  },
}

async function watchPair(meeting: Meeting): Promise<Omit<Seen, 'quota' | 'throttled'>> {
  const [light, heavy] = [Number((await meeting.next('light'))[1]), Number((await meeting.next('heavy'))[1])]
  const [lightUsed, heavyUsed] = await used([light, heavy])
  const seen = { light: groupOf(show(light), 'cpu'), heavy: groupOf(show(heavy), 'cpu'), own: groupOf(show('self'), 'cpu'), lightCpus: cpusOf(light), heavyCpus: cpusOf(heavy) }
  meeting.dismiss(light)
  meeting.dismiss(heavy)
  return { ...seen, ratio: (heavyUsed ?? 0) / Math.max(1, lightUsed ?? 0) }
}

async function watchQuota(meeting: Meeting): Promise<Pick<Seen, 'quota' | 'throttled'>> {
  const pid = Number((await meeting.next('quota'))[1])
  const before = show(pid).counters.throttled ?? 0
  const begin = performance.now()
  const [usec = 0] = await used([pid])
  const wall = (performance.now() - begin) * 1000
  const throttled = (show(pid).counters.throttled ?? 0) - before
  meeting.dismiss(pid)
  return { quota: usec / wall, throttled }
}

/** CPU time of the groups of these processes during the span, microseconds. */
async function used(pids: readonly number[]): Promise<number[]> {
  const before = pids.map(cpuUsec)
  await after(SPAN)
  return pids.map((pid, i) => cpuUsec(pid) - (before[i] ?? 0))
}

export function judge({ light, heavy, own, lightCpus, heavyCpus, ratio, quota, throttled }: Seen): Result[] {
  const oneCpu = /^\d+$/.test(lightCpus) && lightCpus === heavyCpus
  const near = ratio >= RATIO * 0.75 && ratio <= RATIO * 1.25
  return [
    { name: 'light and heavy are in two groups', ok: light !== heavy && light !== own && heavy !== own, expected: 'a CPU group for each', seen: `${light}, ${heavy}`, hint: 'weights are compared between groups, not between processes' },
    { name: 'both may use one and the same CPU only', ok: oneCpu, expected: 'one CPU, the same', seen: `${lightCpus} and ${heavyCpus}`, hint: 'with a CPU for each nobody has to wait, and weights decide nothing: --cpuset' },
    { name: 'heavy gets ten times what light gets', ok: near, expected: `${RATIO} ± 25 %`, seen: ratio.toFixed(2), hint: 'weights 100 and 1000; on v1 shares in the same proportion, 1024 and 10240' },
    { name: 'quota uses a fifth of one CPU', ok: quota >= 0.15 && quota <= 0.25, expected: '0.15 to 0.25', seen: quota.toFixed(3), hint: 'cpu.cfs_quota_us and cpu.cfs_period_us (v1) or cpu.max (v2); cgroup-ctl --cpus 0.2' },
    { name: 'the kernel made it wait', ok: throttled > 0, expected: 'nr_throttled rose', seen: String(throttled), hint: 'a quota that is never reached proves nothing: nr_throttled in cpu.stat' },
  ]
}
