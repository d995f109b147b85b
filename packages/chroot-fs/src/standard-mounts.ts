// The mounts behind --proc, --sys, --dev and --cgroups, as `runc spec` writes them, and the paths that OCI
// runtimes hide and protect: so that a chain and a config of the same words are the same container.
import type { BindMount, Mount, NewMount } from './root-options.ts'

export const proc: NewMount = { type: 'proc', target: '/proc', attributes: ['nosuid', 'nodev', 'noexec'], options: {} }
export const bindProc: BindMount = { type: 'bind', source: '/proc', target: '/proc', recursive: true, attributes: [], recursiveAttributes: ['nosuid', 'nodev', 'noexec'] }
export const sys: NewMount = { type: 'sysfs', target: '/sys', attributes: ['ro', 'nosuid', 'nodev', 'noexec'], options: {} }
/** Without gid=5: a user namespace that maps no group 5 would refuse it. */
export const dev: readonly Mount[] = [
  { type: 'tmpfs', target: '/dev', attributes: ['nosuid', 'noexec', 'strictatime'], options: { mode: '755', size: '65536k' } },
  { type: 'devpts', target: '/dev/pts', attributes: ['nosuid', 'noexec'], options: { newinstance: true, ptmxmode: '0666', mode: '0620' } },
  { type: 'tmpfs', target: '/dev/shm', attributes: ['nosuid', 'nodev', 'noexec'], options: { mode: '1777', size: '65536k' } },
]
export const cgroups = (writable: boolean): NewMount => ({ type: 'cgroup', target: '/sys/fs/cgroup', attributes: [...(writable ? [] : (['ro'] as const)), 'nosuid', 'nodev', 'noexec', 'relatime'], options: {} })

/** Files of the kernel that tell of the host or act on it, hidden. See the runtime-spec, maskedPaths, and Docker's list. */
export const DEFAULT_MASKED_PATHS: readonly string[] = [
  '/proc/acpi', '/proc/asound', '/proc/interrupts', '/proc/kallsyms', '/proc/kcore', '/proc/keys', '/proc/latency_stats', '/proc/sched_debug', '/proc/scsi',
  '/proc/timer_list', '/proc/timer_stats', '/sys/devices/virtual/powercap', '/sys/firmware',
]
/** Readable, but not to be written even by the root of a user namespace. */
export const DEFAULT_READ_ONLY_PATHS: readonly string[] = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger']
