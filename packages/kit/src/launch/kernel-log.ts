// Which call a filter killed a process for. wait(2) does not tell; the kernel's log does where a record of the
// death (audit type 1326) is in it and may be read: root, or kernel.dmesg_restrict=0; no audit daemon that took it. kmsg(4)
import { closeSync, constants, openSync, readlinkSync, readSync } from 'node:fs'

export interface KilledFor {
  /** Its number in `arch`. */
  readonly number: number
  /** As the tables of seccomp-filter name it: `x86_64`, `x32`, `aarch64`; undefined for one that is not known. */
  readonly arch: string | undefined
}

/** AUDIT_ARCH_* of linux/audit.h. */
const ARCHES: Readonly<Record<string, string>> = {
  c000003e: 'x86_64', 40000003: 'x86', c00000b7: 'aarch64', 40000028: 'arm', c00000f3: 'riscv64', 80000016: 's390x', c0000015: 'ppc64le', c0000102: 'loongarch64',
}
const X32 = 0x4000_0000
/** Inode of the first pid namespace: the log names processes by their pids there. linux/proc_ns.h PROC_PID_INIT_INO */
const FIRST_PIDS = 'pid:[4026531836]'
/** Most records of the log that are read. */
const RECORDS = 20_000

/** Of the process `pid` that ended by SIGSYS after `since`, milliseconds of the epoch; undefined where the log does not tell or may not be read. */
export function killedFor(pid: number, since: number): KilledFor | undefined {
  try {
    if (readlinkSync('/proc/self/ns/pid') !== FIRST_PIDS) return undefined
    const fd = openSync('/dev/kmsg', constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      return lastOf(pid, since, recordsOf(fd))
    } finally {
      closeSync(fd)
    }
  } catch {
    return undefined
  }
}

/** The newest record that fits; pids come again. Pure. */
export function lastOf(pid: number, since: number, records: Iterable<string>): KilledFor | undefined {
  let last: KilledFor | undefined
  for (const record of records) {
    // What the process chose (comm, exe) is quoted or in hexadecimal, and stands behind its pid.
    const found = /;audit: type=1326 audit\((\d+\.\d+):\d+\): (?:\w+=[\w:.-]+ )*?pid=(\d+)(?: subj=\S+)? comm=.* sig=31 arch=([0-9a-f]+) syscall=(\d+) /.exec(record)
    // The kernel's coarse clock may be a tick behind.
    if (!found || Number(found[2]) !== pid || Number(found[1]) * 1000 < since - 20) continue
    last = callOf(found[3] ?? '', Number(found[4]))
  }
  return last
}

function callOf(arch: string, number: number): KilledFor {
  const name = ARCHES[arch]
  return name === 'x86_64' && number >= X32 ? { number: number - X32, arch: 'x32' } : { number, arch: name }
}

/** A read gives one record; EPIPE: the next one was overwritten meanwhile; EAGAIN: there are no more. */
function* recordsOf(fd: number): Generator<string> {
  const buffer = Buffer.alloc(8192)
  for (let i = 0; i < RECORDS; i++) {
    try {
      yield buffer.toString('latin1', 0, readSync(fd, buffer))
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'EAGAIN') return
      if (code !== 'EPIPE') throw error
    }
  }
}
