// What several tools ask of the host, read once: release, architecture, capabilities, ids, sysctls.
// Everything here looks at /proc and never changes anything. See proc(5).
import { readFileSync } from 'node:fs'

const once = <T>(read: () => T): (() => T) => {
  let value: { readonly of: T } | undefined
  return () => (value ??= { of: read() }).of
}

/** `uname -m`. */
export function hostArch(): string {
  const { arch } = process
  return arch === 'x64' ? 'x86_64' : arch === 'arm64' ? 'aarch64' : arch
}

/** `6.18.1-rc2` as its first two numbers. */
export const kernelRelease = once((): readonly [major: number, minor: number] => {
  const [, major = '0', minor = '0'] = /^(\d+)\.(\d+)/.exec(sysctl('kernel.osrelease') ?? '') ?? []
  return [Number(major), Number(minor)]
})

/** Highest capability of the kernel. */
export const lastCap = once((): number => Number(sysctl('kernel.cap_last_cap') ?? 40))

/** A sysctl's value, trimmed; undefined where this kernel has none of that name or it cannot be read. */
export function sysctl(name: string): string | undefined {
  return readText(`/proc/sys/${name.replaceAll('.', '/')}`)
}

/** A file's text, trimmed; undefined where it cannot be read. */
export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return undefined
  }
}

export interface Ids {
  readonly real: number
  readonly effective: number
  readonly saved: number
  readonly fs: number
}
export type CapabilitySet = 'inheritable' | 'permitted' | 'effective' | 'bounding' | 'ambient'

/** `/proc/self/status`, as far as tools look at it. */
export interface SelfStatus {
  readonly uid: Ids
  readonly gid: Ids
  readonly groups: readonly number[]
  /** Bit N is capability N. */
  readonly capabilities: Readonly<Record<CapabilitySet, bigint>>
  readonly noNewPrivs: boolean
  /** 0: none, 1: strict, 2: filter. */
  readonly seccomp: 0 | 1 | 2
}

/** How this process stands. */
export const selfStatus = once((): SelfStatus => parseStatus(readFileSync('/proc/self/status', 'utf8')))

/** Parses `/proc/PID/status`. */
export function parseStatus(text: string): SelfStatus {
  const field = (name: string): string => new RegExp(`^${name}:[ \t]*(.*)$`, 'm').exec(text)?.[1]?.trim() ?? ''
  const ids = (name: string): Ids => {
    const [real = 0, effective = 0, saved = 0, fs = 0] = field(name).split(/\s+/).map(Number)
    return { real, effective, saved, fs }
  }
  const set = (name: string): bigint => BigInt(`0x${field(name) || '0'}`)
  return {
    uid: ids('Uid'),
    gid: ids('Gid'),
    groups: field('Groups').split(/\s+/).filter(Boolean).map(Number),
    capabilities: { inheritable: set('CapInh'), permitted: set('CapPrm'), effective: set('CapEff'), bounding: set('CapBnd'), ambient: set('CapAmb') },
    noNewPrivs: field('NoNewPrivs') === '1',
    seccomp: Number(field('Seccomp') || '0') as 0 | 1 | 2,
  }
}

/** Number of a capability that tools of this house ask for often. See capabilities(7). */
export const CAP = { CHOWN: 0, DAC_OVERRIDE: 1, SETGID: 6, SETUID: 7, SETPCAP: 8, NET_ADMIN: 12, SYS_CHROOT: 18, SYS_ADMIN: 21, SYS_RESOURCE: 24, SETFCAP: 31 } as const

/** Whether a capability is effective in this process's user namespace. */
export function hasCapability(name: keyof typeof CAP): boolean {
  return ((selfStatus().capabilities.effective >> BigInt(CAP[name])) & 1n) === 1n
}

export interface IdMapEntry {
  readonly inside: number
  readonly outside: number
  readonly count: number
}

/** `/proc/self/uid_map`. */
export const uidMap = once((): readonly IdMapEntry[] => parseIdMap(readText('/proc/self/uid_map') ?? ''))
/** `/proc/self/gid_map`. */
export const gidMap = once((): readonly IdMapEntry[] => parseIdMap(readText('/proc/self/gid_map') ?? ''))

export function parseIdMap(text: string): IdMapEntry[] {
  return text.split('\n').filter(Boolean).map(line => {
    const [inside = 0, outside = 0, count = 0] = line.trim().split(/\s+/).map(Number)
    return { inside, outside, count }
  })
}
