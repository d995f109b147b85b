// Lists of capabilities under a name. Each says what it lists, so that nobody keeps what was to be dropped.

export interface Preset {
  readonly is: 'kept' | 'dropped'
  readonly names: readonly string[]
}

export const PRESETS: Readonly<Record<string, Preset>> = {
  /** What Docker leaves a container by default: moby, oci/caps/defaults.go. */
  docker: {
    is: 'kept',
    names: [
      'CAP_CHOWN', 'CAP_DAC_OVERRIDE', 'CAP_FOWNER', 'CAP_FSETID', 'CAP_KILL', 'CAP_SETGID', 'CAP_SETUID', 'CAP_SETPCAP', 'CAP_NET_BIND_SERVICE',
      'CAP_NET_RAW', 'CAP_SYS_CHROOT', 'CAP_MKNOD', 'CAP_AUDIT_WRITE', 'CAP_SETFCAP',
    ],
  },
  /** What podman leaves one: containers/common, pkg/config/default.go. */
  podman: {
    is: 'kept',
    names: [
      'CAP_CHOWN', 'CAP_DAC_OVERRIDE', 'CAP_FOWNER', 'CAP_FSETID', 'CAP_KILL', 'CAP_SETGID', 'CAP_SETUID', 'CAP_SETPCAP', 'CAP_NET_BIND_SERVICE',
      'CAP_SYS_CHROOT', 'CAP_SETFCAP',
    ],
  },
  /** For a server below port 1024. */
  'net-bind': { is: 'kept', names: ['CAP_NET_BIND_SERVICE'] },
  /** For what sets up interfaces, routes and firewalls in a network namespace of its own. */
  'net-admin': { is: 'kept', names: ['CAP_NET_BIND_SERVICE', 'CAP_NET_ADMIN', 'CAP_NET_RAW'] },
  /** For a package manager in a root of its own: owners, modes, ids, and the scripts' chroot. */
  install: { is: 'kept', names: ['CAP_CHOWN', 'CAP_DAC_OVERRIDE', 'CAP_FOWNER', 'CAP_FSETID', 'CAP_SETGID', 'CAP_SETUID', 'CAP_SYS_CHROOT', 'CAP_SETFCAP'] },
  /** With any of these of the host a process can make itself the host's root, or take the host down. */
  'host-root': {
    is: 'dropped',
    names: [
      'CAP_DAC_READ_SEARCH', 'CAP_SYS_MODULE', 'CAP_SYS_RAWIO', 'CAP_SYS_PTRACE', 'CAP_SYS_ADMIN', 'CAP_SYS_BOOT', 'CAP_SYS_TIME', 'CAP_MKNOD',
      'CAP_MAC_OVERRIDE', 'CAP_MAC_ADMIN', 'CAP_SYSLOG', 'CAP_PERFMON', 'CAP_BPF', 'CAP_CHECKPOINT_RESTORE',
    ],
  },
  /** The twenty that the course's simple resource container drops; its list is older than PERFMON, BPF and CHECKPOINT_RESTORE. */
  srcontainer: {
    is: 'dropped',
    names: [
      'CAP_DAC_READ_SEARCH', 'CAP_FSETID', 'CAP_IPC_LOCK', 'CAP_SYS_MODULE', 'CAP_SYS_RAWIO', 'CAP_SYS_ADMIN', 'CAP_SYS_BOOT', 'CAP_SYS_NICE',
      'CAP_SYS_RESOURCE', 'CAP_SYS_TIME', 'CAP_MKNOD', 'CAP_AUDIT_WRITE', 'CAP_AUDIT_CONTROL', 'CAP_SETFCAP', 'CAP_MAC_OVERRIDE', 'CAP_MAC_ADMIN',
      'CAP_SYSLOG', 'CAP_WAKE_ALARM', 'CAP_BLOCK_SUSPEND', 'CAP_AUDIT_READ',
    ],
  },
}
