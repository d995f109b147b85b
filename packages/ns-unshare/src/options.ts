// What ns-unshare accepts; letters as unshare(1) has them. See namespaces(7).
import type { OptionRow, ToolTable } from '@srcon/kit/table'

const namespace = (short: string, about: string): OptionRow => ({
  takes: 'optional', short, meta: 'FILE', completes: 'file', about,
  more: 'With =FILE it is kept after its last process has ended, by a bind mount on FILE, which is made where it is missing; needs privilege. umount FILE ends it.',
})

export const table: ToolTable = {
  name: 'ns-unshare',
  about: 'Namespaces and id maps of a process',
  verbs: {
    '': {
      about: 'Run a command in new namespaces',
      command: 'optional',
      positionals: [],
      options: {
        user: namespace('U', 'new user namespace'),
        pid: namespace('p', 'new pid namespace; the command runs below an init (see --no-init)'),
        mount: namespace('m', 'new mount namespace'),
        uts: namespace('u', 'new UTS namespace: host name'),
        ipc: namespace('i', 'new IPC namespace'),
        net: namespace('n', 'new network namespace; its loopback interface is down'),
        cgroup: namespace('C', 'new cgroup namespace: the current group is its root'),
        time: namespace('T', 'new time namespace'),
        'map-root-user': { takes: 'nothing', short: 'r', about: 'map the caller to root (implies --user)' },
        'map-current-user': { takes: 'nothing', short: 'c', about: 'map the caller to the same ids (implies --user)' },
        'map-users': {
          takes: 'value', meta: 'MAP', repeat: true, about: 'map users INNER:OUTER:COUNT, or auto (implies --user)',
          more: 'auto is the caller\'s first block in /etc/subuid, mapped from 0, or around the id of --map-root-user and --map-current-user (implies --map-groups auto). Written by us where the caller may, else by newuidmap(1).',
        },
        'map-groups': { takes: 'value', meta: 'MAP', repeat: true, about: 'map groups INNER:OUTER:COUNT, or auto (implies --user)', more: 'As --map-users, with /etc/subgid and newgidmap(1).' },
        setgroups: {
          takes: 'value', meta: 'HOW', choices: ['allow', 'deny'], about: 'whether setgroups(2) works inside (implies --user)',
          more: 'Left out, it is denied only where the kernel demands it: for a group map that is written without privilege.',
        },
        hostname: { takes: 'value', meta: 'NAME', about: 'set the host name (implies --uts)' },
        'mount-proc': { takes: 'nothing', about: 'mount a new proc on /proc (implies --mount)', more: 'A new root gets its proc from chroot-fs --proc instead.' },
        propagation: { takes: 'value', meta: 'HOW', choices: ['private', 'slave', 'shared', 'unchanged'], about: 'propagation of all mounts, private by default (implies --mount)' },
        monotonic: { takes: 'value', meta: 'SECONDS', about: 'move CLOCK_MONOTONIC (implies --time)' },
        boottime: { takes: 'value', meta: 'SECONDS', about: 'move CLOCK_BOOTTIME (implies --time)' },
        loopback: { takes: 'nothing', about: 'bring the loopback interface up (implies --net)' },
        init: { takes: 'nothing', about: 'with --pid: pid 1 is an init that reaps and passes signals on; the default' },
        'no-init': { takes: 'nothing', about: 'with --pid: the command itself is pid 1, and ignores signals that it has no handler for' },
        fork: { takes: 'nothing', short: 'f', about: 'does nothing, for users of unshare(1): --pid always forks' },
        'kill-child': { takes: 'optional', meta: 'SIGNAL', about: 'does nothing, for users of unshare(1): the command never outlives the tool' },
      },
    },
    list: {
      about: 'All namespaces that the processes seen in /proc are in',
      positionals: [],
      options: {
        type: { takes: 'value', short: 't', meta: 'TYPE', about: 'only of this type', choices: ['user', 'pid', 'mnt', 'uts', 'ipc', 'net', 'cgroup', 'time'] },
        pid: { takes: 'value', short: 'p', meta: 'PID', completes: 'pid', about: 'only those of this process' },
      },
    },
    show: {
      about: 'Namespaces and id maps of a process',
      positionals: [{ name: 'PID', about: 'a process id, or self', required: true, completes: 'pid' }],
      options: {},
    },
  },
  examples: [
    { command: 'ns-unshare -r --uts --hostname box -- hostname', about: 'an ordinary user sets a host name of its own' },
    { command: 'ns-unshare --user --map-root-user --pid --mount-proc -- ps', about: 'ps sees only the container' },
    { command: 'ns-unshare --user --map-users 0:100000:65536 --map-groups 0:100000:65536 -- id', about: 'root inside is user 100000 outside' },
    { command: 'ns-unshare list --type pid', about: 'the pid namespaces of this host' },
    { command: 'ns-unshare show self', about: 'where this shell is' },
  ],
  notes: [
    'The order inside one link is fixed: user and its maps; time, cgroup, mount, UTS, IPC and network; host name; loopback; pid; proc. For another order write two links.',
    'Without a map every id inside is the overflow id (nobody), and the capabilities in the namespace are gone once a program is executed. Other tools of the chain come before that, so they have them.',
    'Who starts it as root and maps no range remains root outside: a file that only root may write can be written.',
    'The files of a user namespace and of a mount namespace cannot lie on a shared mount.',
  ],
  seeAlso: ['namespaces(7)', 'user_namespaces(7)', 'pid_namespaces(7)', 'unshare(1)', 'lsns(8)', 'newuidmap(1)'],
}
