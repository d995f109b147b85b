// Writes core/src/terse/constants/values.rs: the constants that policies speak of, by architecture, from kernel headers. Each is
// evaluated by the compiler against the headers of its machine (see syscall-table.mjs for where those come from), since some differ:
// O_DIRECTORY on Arm, terminal requests on POWER. AF_* and SOCK_* are the C library's; they are the same on all machines here.
//     KERNEL_HEADERS=/tmp/headers node packages/seccomp-filter/scripts/constants.mjs
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'

const root = process.env.KERNEL_HEADERS ?? ''
const wanted = new RegExp(`^(?:${[
  '(?:AF|PF|SOCK|PROT|MAP|MADV|CLONE|O|S_I[A-Z]+|F|FD|PER|PR|AT|SOL|SO|IPPROTO|MSG|SHUT|LOCK|SEEK|SIG[A-Z]+|SA|SI|FUTEX|PTRACE|MS|MNT|RLIMIT|PRIO|SCHED|IOPRIO|MFD|MREMAP|MCL|MLOCK|EPOLL|EPOLL_CTL|EFD|SFD|TFD|IN|GRND|SECCOMP|BPF|KEYCTL|NETLINK|RENAME|RESOLVE|OPEN_TREE|MOVE_MOUNT|FSOPEN|FSMOUNT|P|W|CLOCK|TIMER|ITIMER|POSIX_FADV|FALLOC_FL|XATTR|MEMBARRIER_CMD|LINUX_REBOOT_CMD|ARCH|STATX|SPLICE_F|GETALL|IPC|SHM|SEM|MSG|MPOL|PIDFD|IOCB|RWF|SYNC_FILE_RANGE|UMOUNT|E[A-Z0-9]+)(?:_[A-Z0-9_]+)?',
  'TIO[A-Z0-9]+', 'TC[A-Z0-9]+', 'FI[A-Z0-9]+', 'SIOC[A-Z0-9]+', 'FS_IOC_[A-Z0-9_]+', 'BLK[A-Z0-9]+', 'UFFD[A-Z0-9_]*', 'UNAME26', 'ADDR_[A-Z0-9_]+', 'READ_IMPLIES_EXEC', 'STICKY_TIMEOUTS', 'WHOLE_SECONDS', 'SHORT_INODE', 'MMAP_PAGE_ZERO', 'FDPIC_FUNCPTRS', 'TUNSET[A-Z]+', 'KVM_[A-Z_]+', 'NS_GET_[A-Z]+', 'CAP_[A-Z_]+', 'LOOP_[A-Z_]+',
].join('|')})$`)
const dull = /_(?:H|MAX|MASK_SHIFT|SHIFT|LAST)$|^(?:F_LINUX|SIGSTKSZ|E2BIG_)/

const machines = {
  X86_64: ['x86_64-linux-gnu'], Aarch64: ['aarch64-linux-gnu'], Arm: ['arm-linux-gnueabihf', '-D__ARM_EABI__'],
  Riscv64: ['riscv64-linux-gnu', '-D__riscv_xlen=64'], S390x: ['s390x-linux-gnu', '-D__s390x__'], Ppc64le: ['powerpc64le-linux-gnu', '-D__powerpc64__'],
}
const headers = ['asm/fcntl', 'linux/fcntl', 'asm/mman', 'linux/mman', 'linux/stat', 'linux/sched', 'linux/sched/types', 'linux/prctl', 'linux/personality', 'asm/ioctls',
  'asm/termbits', 'asm/socket', 'asm/sockios', 'linux/sockios', 'asm/errno', 'asm/signal', 'linux/futex', 'linux/ptrace', 'linux/mount', 'linux/resource', 'linux/memfd', 'linux/eventpoll',
  'linux/random', 'linux/seccomp', 'linux/keyctl', 'linux/netlink', 'linux/fs', 'linux/openat2', 'linux/wait', 'linux/time', 'linux/fadvise', 'linux/falloc', 'linux/xattr',
  'linux/reboot', 'linux/timerfd', 'linux/signalfd', 'linux/eventfd', 'linux/inotify', 'linux/ipc', 'linux/mempolicy', 'linux/userfaultfd', 'linux/if_tun', 'linux/nsfs', 'linux/capability', 'linux/loop', 'linux/pidfd']

/** [name, value] of all wanted macros of some headers, by a compiler that knows only those. */
function values(flags, includes, width) {
  const source = includes.map(name => `#if __has_include(<${name}.h>)\n#include <${name}.h>\n#endif\n`).join('')
  const cc = (more, input) => spawnSync('cc', [...flags, width, '-x', 'c', '-w', ...more, '-'], { input, encoding: 'utf8', maxBuffer: 1 << 26 })
  const macros = cc(['-E', '-dM'], source)
  if (macros.status !== 0) throw new Error(macros.stderr.slice(0, 2000))
  let names = [...macros.stdout.matchAll(/^#define (\w+) (.+)$/gm)].map(([, name]) => name).filter(name => wanted.test(name) && !dull.test(name)).concat(enumerated)
  for (;;) {
    // One constant a line, so that the line of an error names the constant.
    const made = cc(['-S', '-o', '-'], `${source}\n#line 1 "constants"\n${names.map(name => `long long v_${name} = (long long)(${name});`).join('\n')}\n`)
    if (made.status === 0) {
      const found = [...made.stdout.matchAll(/^v_(\w+):\n\s+\.(quad|zero|long)\s+(-?\d+)(?:\n\s+\.long\s+(-?\d+))?/gm)]
      return new Map(found.map(([, name, kind, value, high]) => [name, kind === 'zero' ? 0n : kind === 'quad' ? BigInt(value) : BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt.asUintN(32, BigInt(value)))]))
    }
    const bad = new Set([...made.stderr.matchAll(/^constants:(\d+):/gm)].map(([, line]) => Number(line) - 1))
    if (bad.size === 0) throw new Error(made.stderr.slice(0, 2000))
    names = names.filter((_, index) => !bad.has(index))
  }
}

// Enumerations, which no macro names: <linux/personality.h>.
const enumerated = ['PER_LINUX', 'PER_LINUX32', 'PER_LINUX32_3GB', 'PER_BSD', 'PER_SVR4', 'PER_MASK', 'UNAME26', 'ADDR_NO_RANDOMIZE', 'FDPIC_FUNCPTRS', 'MMAP_PAGE_ZERO',
  'ADDR_COMPAT_LAYOUT', 'READ_IMPLIES_EXEC', 'ADDR_LIMIT_32BIT', 'SHORT_INODE', 'WHOLE_SECONDS', 'STICKY_TIMEOUTS', 'ADDR_LIMIT_3GB']

const library = values([], ['sys/socket', 'netinet/in', 'sys/personality', 'sys/mman', 'sys/wait', 'sys/stat', 'fcntl', 'signal', 'sys/epoll', 'sys/shm', 'sys/sem', 'sys/msg', 'sched'], '-m64')
const byMachine = Object.fromEntries(Object.entries(machines).map(([machine, [triplet, ...flags]]) => {
  const include = triplet.startsWith('x86_64') ? ['-I/usr/include/x86_64-linux-gnu', '-I/usr/include'] : [`-I${root}/usr/${triplet}/include`]
  return [machine, values(['-nostdinc', ...include, ...flags], headers, machine === 'Arm' ? '-m32' : '-m64')]
}))

// Personalities are an enum in the kernel's header, AF_* the library's alone; what the headers here are too old for is written out.
const more = { AF_MCTP: 45n, PIDFD_THREAD: 0x80n, CLONE_CLEAR_SIGHAND: 0x100000000n, CLONE_INTO_CGROUP: 0x200000000n, MADV_GUARD_INSTALL: 102n, MADV_GUARD_REMOVE: 103n, MAP_DROPPABLE: 8n }
const common = new Map([...Object.entries(more), ...library])
const all = new Set([...common.keys(), ...Object.values(byMachine).flatMap(map => [...map.keys()])])
const rows = [...all].sort((a, b) => (a < b ? -1 : 1)).map(name => {
  const usual = byMachine.X86_64.get(name) ?? common.get(name) ?? Object.values(byMachine).map(map => map.get(name)).find(value => value !== undefined)
  const others = Object.entries(byMachine).filter(([, map]) => map.has(name) && map.get(name) !== usual).map(([machine, map]) => `(Arch::${machine}, ${map.get(name)})`)
  return `    ("${name}", ${usual}, &[${others.join(', ')}]),`
})
process.stderr.write(`${rows.length} constants, ${rows.filter(row => !row.includes('&[]')).length} that differ between machines\n`)

mkdirSync(new URL('../core/src/terse/constants/', import.meta.url), { recursive: true })
writeFileSync(new URL('../core/src/terse/constants/values.rs', import.meta.url), `// Generated by scripts/constants.mjs; do not edit.
use crate::Arch;

/// Name, value, and the value on machines where it is another.
type Row = (&'static str, i64, &'static [(Arch, i64)]);

/// Sorted by name.
#[rustfmt::skip]
pub(super) static VALUES: &[Row] = &[
${rows.join('\n')}
];
`)
