// What cgroup-ctl accepts. Limits are in words that hold on v1 and v2 alike; which file they become
// is decided in files.ts. See cgroups(7).
import type { ToolTable } from '@srcon/kit/table'

export const table: ToolTable = {
  name: 'cgroup-ctl',
  about: 'Limits and accounting by control groups, on cgroup v1, v2 and hybrid hosts',
  verbs: {
    '': {
      about: 'Run a command in a group of its own, which is removed when it has ended',
      command: 'optional',
      positionals: [],
      options: {
        memory: {
          takes: 'value', short: 'm', meta: 'SIZE', about: 'memory limit: 64M, 1G, bytes, or max (implies --swap 0)',
          more: 'What goes beyond is reclaimed, then a process of the group is killed. The kernel counts whole pages: a size is rounded down to them. max sets no limit but counts.',
        },
        swap: { takes: 'value', meta: 'SIZE', about: 'swap beside the memory, or max', more: 'Swap only, as on v2; on v1, which limits the sum, it is added to --memory.' },
        cpus: { takes: 'value', meta: 'N', about: 'CPU time per time, 0.2 is a fifth of one CPU', more: 'A quota of N × 100 ms every 100 ms, shared by all processes of the group.' },
        'cpu-weight': {
          takes: 'value', meta: 'N', about: 'share of a contended CPU, 1 to 10000; others have 100',
          more: 'Only works where groups compete for the same CPU. On v1 it becomes cpu.shares in the same proportion: 1024 for 100.',
        },
        cpuset: { takes: 'value', meta: 'LIST', about: 'CPUs that may be used: 0-2,5' },
        pids: { takes: 'value', meta: 'N', about: 'most processes and threads, or max' },
      },
    },
    show: {
      about: 'Groups, limits, use and counters of a process',
      positionals: [{ name: 'PID', about: 'a process id, or self', required: true, completes: 'pid' }],
      options: {},
    },
  },
  examples: [
    { command: 'cgroup-ctl --memory 64M --pids 20 -- sh', about: 'a shell with at most 64 MiB and 20 processes' },
    { command: 'cgroup-ctl --cpus 0.2 -- make', about: 'at most a fifth of one CPU for all that make starts' },
    { command: 'cgroup-ctl --cpuset 0 --cpu-weight 1000 -- make', about: 'on CPU 0, ten times the share of others' },
    { command: 'cgroup-ctl show self', about: 'where this shell stands' },
    { command: 'cgroup-ctl -n --memory 64M', about: 'the same limits as a config' },
  ],
  notes: [
    'A limit that cannot be applied, or that the kernel changed, is an error: the command is not run.',
    'Groups are made below the caller\'s own group. On cgroup v2 a group that has processes cannot give controllers to groups below it; then the nearest group above that can is used, if the caller may write to it. A controller that had to be enabled on the way stays enabled.',
    'An ordinary user has no groups on v1, and on v2 only below a group that was delegated to that user.',
    'Two links that limit the same hierarchy nest: both limits hold.',
  ],
  seeAlso: ['cgroups(7)', 'cpuset(7)', 'systemd-run(1)'],
}
