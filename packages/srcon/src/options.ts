// What srcon accepts. The options of a container are the tools' own rows under their own names, so that who
// knows a tool knows srcon; what is added here is what only the whole can say.
import { link as caps } from '@srcon/caps/link'
import { link as cgroup } from '@srcon/cgroup-ctl/link'
import { link as fs } from '@srcon/chroot-fs/link'
import type { OptionRow, ToolTable } from '@srcon/kit/table'
import { link as ns } from '@srcon/ns-unshare/link'

/** Which options are whose. */
export const OWNED = {
  ns: ['hostname', 'map-users', 'map-groups', 'loopback'],
  fs: ['bind', 'rbind', 'tmpfs', 'read-only', 'mask', 'cgroups', 'workdir'],
  cgroup: ['memory', 'swap', 'cpus', 'cpu-weight', 'cpuset', 'pids'],
  caps: ['drop', 'keep', 'user', 'groups'],
  seccomp: ['profile'],
} as const

/** Namespaces that can be left to be the host's; without a mount namespace of its own there is no root. */
export const SHARED = ['user', 'pid', 'uts', 'ipc', 'net', 'cgroup'] as const

function rows({ verbs }: ToolTable, names: readonly string[]): Record<string, OptionRow> {
  return Object.fromEntries(names.map(name => {
    const row = verbs['']?.options[name]
    if (!row) throw new Error(`no option ${name}`)
    return [name, row]
  }))
}

const container: Readonly<Record<string, OptionRow>> = {
  root: { takes: 'value', short: 'r', meta: 'DIR', completes: 'directory', about: 'the root; without it this host\'s own tree, read-only, with what is private covered', more: 'DIR gets a new /proc, /sys, /dev, /tmp and /run. Where ids are mapped, files of DIR that belong to the host\'s root belong to nobody inside.' },
  ...rows(cgroup.table, OWNED.cgroup),
  ...rows(ns.table, OWNED.ns),
  ...rows(fs.table, OWNED.fs),
  ...rows(caps.table, OWNED.caps),
  profile: { takes: 'value', meta: 'NAME|FILE', completes: 'file', about: 'system-call policy: default, strict, srcontainer, srcontainer-hardened, none (opens that wall), or a file in any form that seccomp-filter reads' },
  env: { takes: 'value', short: 'e', repeat: true, meta: 'NAME[=VALUE]', about: 'a variable for the command; without a value the caller\'s', more: 'Nothing else of the caller\'s environment is passed on. Without it the command has PATH, HOME, HOSTNAME, and TERM where the caller has one.' },
  timeout: { takes: 'value', meta: 'DURATION', about: 'end it after this wall-clock time: 500ms, 10s, 2m' },
  share: { takes: 'value', repeat: true, meta: 'TYPE', choices: SHARED, about: 'use the host\'s namespace of this type: opens that wall', more: 'With --share user the command is who the caller is: for root that is the host\'s root.' },
  unmask: { takes: 'nothing', about: 'hide and protect nothing of /proc and /sys: opens that wall' },
}

const start: Readonly<Record<string, OptionRow>> = {
  why: { takes: 'nothing', about: 'report on stderr each call that the system-call policy refuses, see seccomp-filter run --why' },
  verdict: { takes: 'value', meta: 'FILE', completes: 'file', about: 'write why it ended, and what it used, to FILE as JSON' },
  stdin: { takes: 'value', meta: 'WHAT', choices: ['inherit', 'tty', 'null'], about: 'the command\'s stdin: as it is, the terminal, nothing', more: 'After a config was read from stdin: tty where there is a terminal, else null. Otherwise: inherit.' },
}

export const table: ToolTable = {
  name: 'srcon',
  about: 'Containers from small tools: run, plan, bundle, look',
  verbs: {
    run: { about: 'Run a command in a container', command: 'optional', positionals: [], options: { ...container, ...start } },
    plan: { about: 'Print the plan of that container, for srcon-launch', command: 'optional', positionals: [], options: container },
    bundle: { about: 'Write an OCI bundle of that container, for runc and others', command: 'optional', positionals: [{ name: 'DIR', about: 'the bundle, a new or empty directory', required: true, completes: 'directory' }], options: { ...container, lossy: { takes: 'nothing', about: 'write it although a runtime would leave something out' } } },
    facts: {
      about: 'How a process stands; two of them side by side',
      positionals: [{ name: 'PID', about: 'a process id, or self (the default)', completes: 'pid' }, { name: 'OTHER', about: 'another', completes: 'pid' }],
      options: {},
    },
    doctor: { about: 'What this host can do, and what to do where it cannot', positionals: [], options: {} },
  },
  examples: [
    { command: 'srcon run -- sh', about: 'a shell in a container of this host\'s own tree' },
    { command: 'srcon run --memory 64M --pids 20 --timeout 10s -- ./submission', about: 'with limits' },
    { command: 'srcon run --root ./alpine -- cat /etc/os-release', about: 'in another root' },
    { command: 'rootfs-fetch alpine:3.20 | chroot-fs --proc | caps --drop all | srcon run -- sh', about: 'exactly what the pipe says' },
    { command: 'srcon plan -- id > box.plan; srcon-launch box.plan -- id -u', about: 'the same container again, without Node' },
    { command: 'srcon facts self 1', about: 'this shell beside the first process' },
  ],
  notes: [
    'run, plan and bundle are filters: unless --new (-n) or --config FILE is given they read a config from stdin. A terminal, a character device such as /dev/null, or a closed stdin means a new config; zero bytes from a pipe or a file are an error, since what should have written the config failed. So data for the command needs -n: date | srcon run -n -- cat.',
    'A new config has all walls: namespaces, ids that are not the host\'s, the host\'s tree read-only or --root, masked paths, no_new_privs, the capabilities that Docker leaves, the default system-call policy, no environment of the caller. Limits are there only where asked for.',
    'With a config that was read only that happens which it says; options are added to it as the tools\' filters add them. One that says nothing but its root, as a path on stdin does, gets all walls, as with --root.',
    'What a config asks for and no tool of ours does is an error, so that no command runs with fewer walls than the config has.',
    'The default policy lets no set-user-ID bit be set, so package managers that install such files need --profile srcontainer or a file. What comes with the root has no effect: no_new_privs is always set.',
    'The order is always: limits, namespaces, root, capabilities, no_new_privs, system-call policy.',
  ],
  seeAlso: ['ns-unshare(1)', 'chroot-fs(1)', 'cgroup-ctl(1)', 'caps(1)', 'seccomp-filter(1)', 'rootfs-fetch(1)', 'runc(8)'],
}
