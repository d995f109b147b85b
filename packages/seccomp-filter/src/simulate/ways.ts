// The ways into the kernel, as the second implementation knows them: what seccomp_data.arch says, how a register
// lies in memory, and what profiles call them. Written from linux/audit.h and the runtime-spec, not taken from
// the compiler: a mistake there must not be repeated here.

export interface Way {
  /** As the terse form and `--arch` name it. */
  readonly name: string
  /** As OCI profiles name it. */
  readonly oci: string
  /** As Docker's `includes.arches` names it (Go's words). */
  readonly docker: string
  /** `uname -m` of the kernel that has this way in. */
  readonly machine: string
  /** `AUDIT_ARCH_*`. */
  readonly audit: number
  /** Registers are 32 bits wide. Not so for x32. */
  readonly narrow: boolean
  /** The upper half of a 64-bit argument comes first in memory. */
  readonly bigEndian: boolean
}

const way = (name: string, oci: string, docker: string, machine: string, audit: number, more: Partial<Way> = {}): Way => ({ name, oci: `SCMP_ARCH_${oci}`, docker, machine, audit, narrow: false, bigEndian: false, ...more })

export const ways: readonly Way[] = [
  way('x86_64', 'X86_64', 'amd64', 'x86_64', 0xc000003e),
  way('x86', 'X86', 'x86', 'x86_64', 0x40000003, { narrow: true }),
  way('x32', 'X32', 'x32', 'x86_64', 0xc000003e),
  way('aarch64', 'AARCH64', 'arm64', 'aarch64', 0xc00000b7),
  way('arm', 'ARM', 'arm', 'aarch64', 0x40000028, { narrow: true }),
  way('riscv64', 'RISCV64', 'riscv64', 'riscv64', 0xc00000f3),
  way('s390x', 'S390X', 's390x', 's390x', 0x80000016, { bigEndian: true }),
  way('ppc64le', 'PPC64LE', 'ppc64le', 'ppc64le', 0xc0000015),
  way('loongarch64', 'LOONGARCH64', 'loong64', 'loongarch64', 0xc0000102),
]

/** Set in the number of each x32 call; seccomp_data.arch is that of x86-64. */
export const X32_BIT = 0x40000000

/** What a tracer writes over a number to skip the call. */
export const SKIP = 0xffffffff

/** By the terse form's or OCI's name. */
export function wayNamed(name: string): Way | undefined {
  return ways.find(each => each.name === name || each.oci === name)
}

/** The own way of a kernel, from `uname -m`. */
export function nativeOf(machine: string): Way | undefined {
  return ways.find(each => each.name === machine)
}
