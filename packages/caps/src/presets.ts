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
