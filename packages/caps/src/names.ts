// Capabilities by name and number, as linux/capability.h has them up to Linux 6.18; one that a newer
// kernel adds is written by number, `CAP_41`. Sets are bigints: bit N is capability N.

export const NAMES = [
  'CAP_CHOWN', 'CAP_DAC_OVERRIDE', 'CAP_DAC_READ_SEARCH', 'CAP_FOWNER', 'CAP_FSETID', 'CAP_KILL', 'CAP_SETGID', 'CAP_SETUID', 'CAP_SETPCAP',
  'CAP_LINUX_IMMUTABLE', 'CAP_NET_BIND_SERVICE', 'CAP_NET_BROADCAST', 'CAP_NET_ADMIN', 'CAP_NET_RAW', 'CAP_IPC_LOCK', 'CAP_IPC_OWNER',
  'CAP_SYS_MODULE', 'CAP_SYS_RAWIO', 'CAP_SYS_CHROOT', 'CAP_SYS_PTRACE', 'CAP_SYS_PACCT', 'CAP_SYS_ADMIN', 'CAP_SYS_BOOT', 'CAP_SYS_NICE',
  'CAP_SYS_RESOURCE', 'CAP_SYS_TIME', 'CAP_SYS_TTY_CONFIG', 'CAP_MKNOD', 'CAP_LEASE', 'CAP_AUDIT_WRITE', 'CAP_AUDIT_CONTROL', 'CAP_SETFCAP',
  'CAP_MAC_OVERRIDE', 'CAP_MAC_ADMIN', 'CAP_SYSLOG', 'CAP_WAKE_ALARM', 'CAP_BLOCK_SUSPEND', 'CAP_AUDIT_READ', 'CAP_PERFMON', 'CAP_BPF',
  'CAP_CHECKPOINT_RESTORE',
] as const

/** The kernel's sets have 64 bits. */
const BITS = 64

export const SETPCAP = bit('CAP_SETPCAP')

/** The kernel's name of capability `number`. */
export function nameOf(number: number): string {
  return NAMES[number] ?? `CAP_${number}`
}

/** Number of a capability by its kernel name; undefined if there is none of that name. */
export function numberOf(name: string): number | undefined {
  const at = (NAMES as readonly string[]).indexOf(name)
  if (at >= 0) return at
  const number = /^CAP_[4-6]\d$/.test(name) ? Number(name.slice(4)) : NaN
  return number >= NAMES.length && number < BITS ? number : undefined
}

/** The kernel's name for what people write: `net_raw`, `CAP_NET_RAW`, `Cap_Net_Raw`. */
export function normalName(word: string): string | undefined {
  const upper = word.toUpperCase()
  const name = upper.startsWith('CAP_') ? upper : `CAP_${upper}`
  return numberOf(name) === undefined ? undefined : name
}

/** The set of one capability. */
export function bit(name: string): bigint {
  const number = numberOf(name)
  if (number === undefined) throw new RangeError(`unknown capability '${name}'`)
  return 1n << BigInt(number)
}

/** The set of these names. */
export function setOf(names: Iterable<string>): bigint {
  let set = 0n
  for (const name of names) set |= bit(name)
  return set
}

/** The names in a set, lowest number first. */
export function namesOf(set: bigint): string[] {
  const names: string[] = []
  for (let number = 0; number < BITS; number++) if ((set >> BigInt(number)) & 1n) names.push(nameOf(number))
  return names
}

/** All capabilities of a kernel whose highest is `last`. */
export function fullSet(last: number): bigint {
  return (1n << BigInt(last + 1)) - 1n
}

/** What is in `a` and not in `b`. */
export function without(a: bigint, b: bigint): bigint {
  return a & ~b
}
