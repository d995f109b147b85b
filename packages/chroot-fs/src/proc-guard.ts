// What may lie over /proc. A tool that trusts a file of proc (security labels, sysctls) must find the
// kernel's there, not one that a mount has put in front of it: CVE-2019-16884, CVE-2019-19921.
import { ToolError } from '@srcon/kit/error'
import { isAtOrBelow } from './mount-order.ts'
import type { Mount } from './root-options.ts'

/** Files that lxcfs and the like give better answers for; nothing rests on them. The same as runc's list. */
const HARMLESS: readonly string[] = [
  '/proc/cpuinfo', '/proc/diskstats', '/proc/loadavg', '/proc/meminfo', '/proc/net/dev', '/proc/slabinfo', '/proc/stat', '/proc/swaps',
  '/proc/sys/crypto/fips_enabled', '/proc/sys/kernel/ns_last_pid', '/proc/uptime',
]

/** Throws a ToolError `E_REFUSED` for a mount that would cover what others trust. Pure. */
export function guardProc(mounts: readonly Mount[]): void {
  for (const mount of mounts) {
    const { target, type } = mount
    if (!isAtOrBelow(target, '/proc') || HARMLESS.includes(target)) continue
    if (target === '/proc' && (type === 'proc' || (type === 'bind' && mount.source === '/proc'))) continue
    throw new ToolError('chroot-fs', `a ${type === 'bind' ? 'bind' : type} on ${target}`, {
      code: 'E_REFUSED', path: target, why: 'programs trust what the kernel says in /proc, so nothing else may lie over it', hint: 'hide parts of it with --mask; to show the present one, --bind-proc',
    })
  }
}
