// What chroot-fs accepts. Names as chroot(1), mount(8), bubblewrap and Docker users know them.
import type { ToolTable } from '@srcon/kit/table'

export const table: ToolTable = {
  name: 'chroot-fs',
  about: 'The root of a process and its mounts',
  verbs: {
    '': {
      about: 'Run a command in another root, in a mount namespace of its own',
      command: 'optional',
      positionals: [{ name: 'ROOT', about: 'the new root, a directory; without one the tree that is / now', completes: 'directory' }],
      options: {
        proc: { takes: 'nothing', about: 'mount a new proc on /proc' },
        'bind-proc': { takes: 'nothing', about: 'show the present /proc instead, with the processes that it shows', more: 'For outer containers that mask parts of /proc: there the kernel refuses a new proc to a user namespace. Processes outside of the pid namespace can be seen.' },
        sys: { takes: 'nothing', about: 'mount a new read-only sysfs on /sys', more: 'In a user namespace without a network namespace of its own the kernel refuses a new one; then the present /sys is shown read-only.' },
        dev: { takes: 'nothing', about: 'a new /dev with null, zero, full, random, urandom, tty, pts and shm' },
        cgroups: { takes: 'optional', meta: 'MODE', choices: ['ro', 'rw'], about: 'show the cgroup tree on /sys/fs/cgroup, read-only unless rw' },
        bind: { takes: 'value', repeat: true, meta: 'SRC:DST[:OPT,…]', about: 'show the file or directory SRC at DST', more: 'SRC is looked up before the root changes, DST inside the new root; missing directories are made. OPT: ro, noexec, nosymfollow, noatime; suid and dev, which are off otherwise. A colon in a path is written \\: and a backslash \\\\.' },
        rbind: { takes: 'value', repeat: true, meta: 'SRC:DST[:OPT,…]', about: 'the same with all that is mounted below SRC' },
        tmpfs: { takes: 'value', repeat: true, meta: 'DST[:OPT,…]', about: 'mount an empty tmpfs at DST', more: 'OPT as for --bind, and the options of tmpfs: size=64m, mode=0755, nr_inodes=1000, uid=0, gid=0.' },
        overlay: { takes: 'optional', meta: 'DIR|size=SIZE', completes: 'directory', about: 'never write the root itself: changes go to a tmpfs, or to DIR, which keeps them', more: 'DIR gets two directories, upper and work. The root may be shared by any number of containers at once, as the trees of rootfs-fetch are: of those, which have a lock beside them, it is the default, unless --read-only or --chroot is given.' },
        'read-only': { takes: 'nothing', about: 'make the root read-only; mounts in it stay as they are' },
        mask: { takes: 'value', repeat: true, meta: 'PATH', about: 'hide a file or a directory of the new root' },
        'default-masks': { takes: 'nothing', about: 'hide and write-protect the parts of /proc and /sys that OCI runtimes do' },
        chroot: { takes: 'nothing', about: 'chroot(2) instead of pivot_root(2): no wall, root can leave it', more: 'The old tree stays mounted, and a process with CAP_SYS_CHROOT leaves by a second chroot. It needs no mount namespace where nothing is mounted.' },
        workdir: { takes: 'value', short: 'w', meta: 'DIR', about: 'the command\'s directory in the new root (otherwise /)', completes: 'directory' },
      },
    },
    show: {
      about: 'The mounts that a process sees',
      positionals: [{ name: 'PID', about: 'a process id, or self', required: true, completes: 'pid' }],
      options: {},
    },
  },
  examples: [
    { command: 'chroot-fs ./alpine --proc --dev -- sh', about: 'a shell in a root of its own' },
    { command: 'ns-unshare --user --map-root-user --pid -- chroot-fs ./alpine --proc -- sh', about: 'the same without being root' },
    { command: 'chroot-fs ./alpine --overlay -- sh', about: 'changes are gone afterwards, and ./alpine is as it was' },
    { command: 'chroot-fs ./alpine --bind ./data:/data:ro,noexec -- ls /data', about: 'a directory of the host, read-only' },
    { command: 'chroot-fs --tmpfs /tmp:size=16m --read-only -- sh', about: 'this host\'s own tree, read-only, with a /tmp of its own' },
    { command: 'chroot-fs show self', about: 'the mounts of this process' },
  ],
  notes: [
    'Mounts are made in the order written, with two exceptions: what lies in /proc, /sys and /dev comes first, and a directory before what is mounted below it. Masks come after all mounts, --read-only last.',
    'A mount namespace is made where the chain has none after its last user namespace, and nothing that is mounted here reaches the host.',
    'Every path in the new root is looked up by the kernel as if the root were entered already: a link there cannot lead out. /proc, /sys and /dev must be ordinary directories.',
    'A later chroot-fs of the same chain looks its root up inside the first.',
    '--bind and --rbind ignore set-user-ID bits and device nodes unless suid or dev is given.',
  ],
  seeAlso: ['pivot_root(2)', 'mount_namespaces(7)', 'chroot(1)', 'mount(8)'],
}
