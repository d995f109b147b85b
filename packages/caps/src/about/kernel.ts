// Capabilities over the kernel itself and its hardware. See capabilities(7).
import type { About } from '../about.ts'

export const KERNEL: Readonly<Record<string, About>> = {
  CAP_SYS_MODULE: {
    brief: 'load kernel modules',
    allows: ['loading and removing modules', 'naming the program that the kernel calls to load one (before 2.6.25 also the bounding set)'],
    since: '2.2', calls: ['init_module', 'finit_module', 'delete_module'], files: ['/proc/sys/kernel/modprobe', '/proc/sys/kernel/modules_disabled'],
    risk: 'code in the kernel is beyond every other wall; never give it to a container',
    weight: 'root', needed: 'modprobe, udev, firewalls that load their modules',
  },
  CAP_SYS_RAWIO: {
    brief: 'reach hardware and kernel memory directly',
    allows: ['I/O ports', '/dev/mem, /dev/kmem, /proc/kcore', 'MSRs', 'raw SCSI and NVMe commands', 'mapping page zero', 'FIBMAP'],
    since: '2.2', calls: ['ioperm', 'iopl', 'ioctl', 'mmap', 'open'], files: ['/dev/mem', '/dev/port', '/dev/cpu/*/msr', '/proc/kcore', '/proc/bus/pci/*', '/proc/sys/vm/mmap_min_addr'],
    risk: 'memory and firmware can be changed below the kernel',
    weight: 'root', needed: 'X servers of old, firmware updates, smartctl, hdparm',
  },
  CAP_SYS_BOOT: {
    brief: 'reboot, and load another kernel',
    allows: ['restarting, halting, switching off', 'kexec'],
    since: '2.2', calls: ['reboot', 'kexec_load', 'kexec_file_load'], files: [],
    risk: 'the machine goes down; by kexec another kernel runs',
    weight: 'root', needed: 'init, kexec; in a pid namespace reboot ends only its init',
  },
  CAP_SYSLOG: {
    brief: 'read and clear the kernel\'s log, see its addresses',
    allows: ['the privileged operations of syslog(2)', 'kernel addresses in /proc where kptr_restrict is 1'],
    since: '2.6.37', calls: ['syslog'], files: ['/dev/kmsg', '/proc/kmsg', '/proc/kallsyms', '/proc/sys/kernel/dmesg_restrict', '/proc/sys/kernel/kptr_restrict'],
    risk: 'addresses of the kernel help to attack it; the log is the whole host\'s',
    weight: 'medium', needed: 'dmesg, log daemons, profilers',
  },
  CAP_PERFMON: {
    brief: 'measure the system',
    allows: ['perf_event_open on all processes and CPUs', 'BPF programs that read kernel memory (with CAP_BPF)', 'other ways of observation that needed CAP_SYS_ADMIN'],
    since: '5.8', calls: ['perf_event_open', 'bpf', 'ioctl'], files: ['/proc/sys/kernel/perf_event_paranoid'],
    risk: 'what other processes do and, with BPF, kernel memory becomes readable',
    weight: 'high', needed: 'perf, tracing and monitoring agents',
  },
  CAP_BPF: {
    brief: 'load BPF programs and maps',
    allows: ['most map types, BTF, more complex programs', 'with CAP_PERFMON tracing programs, with CAP_NET_ADMIN networking ones'],
    since: '5.8', calls: ['bpf'], files: ['/sys/fs/bpf/*', '/proc/sys/kernel/unprivileged_bpf_disabled'],
    risk: 'the verifier stands between the program and the kernel, and has had faults',
    weight: 'high', needed: 'Cilium, bpftrace, monitoring agents',
  },
  CAP_SYS_ADMIN: {
    brief: 'administer the system: the largest of all',
    allows: [
      'mounting, unmounting, pivot_root, new namespaces (but user ones), entering them', 'host and domain name', 'quotas, swap, keyrings of others', 'seccomp filters without no_new_privs',
      'attributes trusted.*, some of security.*', 'devices by hundreds of ioctls', 'BPF, perf and checkpointing as before these had capabilities of their own', 'the fanotify, quotactl and bdflush family',
    ],
    since: '2.2',
    calls: ['mount', 'umount2', 'fsopen', 'move_mount', 'pivot_root', 'unshare', 'clone', 'setns', 'sethostname', 'setdomainname', 'swapon', 'swapoff', 'quotactl', 'bpf', 'perf_event_open', 'seccomp', 'fanotify_init', 'ioctl', 'keyctl', 'setxattr'],
    files: ['/proc/sys/*', '/sys/*', '/dev/*'],
    risk: 'close to all that root can do: a mount of the host\'s disk, a cgroup release agent, a namespace of another',
    weight: 'root', needed: 'whatever mounts; look for a narrower one first: CAP_BPF, CAP_PERFMON, CAP_SYSLOG, CAP_CHECKPOINT_RESTORE, a user namespace',
  },
}
