// Names for what people look for in a refused call: flags of namespaces, of opening, families of sockets. See clone(2), open(2),
// socket(2), prctl(2).

type Names = Readonly<Record<string, number>>

const CLONE: Names = {
  CLONE_VM: 0x100, CLONE_FS: 0x200, CLONE_FILES: 0x400, CLONE_SIGHAND: 0x800, CLONE_PIDFD: 0x1000, CLONE_PTRACE: 0x2000, CLONE_VFORK: 0x4000, CLONE_PARENT: 0x8000, CLONE_THREAD: 0x10000,
  CLONE_NEWNS: 0x20000, CLONE_SYSVSEM: 0x40000, CLONE_SETTLS: 0x80000, CLONE_PARENT_SETTID: 0x100000, CLONE_CHILD_CLEARTID: 0x200000, CLONE_CHILD_SETTID: 0x1000000, CLONE_NEWCGROUP: 0x2000000,
  CLONE_NEWUTS: 0x4000000, CLONE_NEWIPC: 0x8000000, CLONE_NEWUSER: 0x10000000, CLONE_NEWPID: 0x20000000, CLONE_NEWNET: 0x40000000,
}
const OPEN: Names = { O_WRONLY: 1, O_RDWR: 2, O_CREAT: 0x40, O_EXCL: 0x80, O_NOCTTY: 0x100, O_TRUNC: 0x200, O_APPEND: 0x400, O_NONBLOCK: 0x800, O_CLOEXEC: 0x80000, O_PATH: 0x200000 }
const PROT: Names = { PROT_READ: 1, PROT_WRITE: 2, PROT_EXEC: 4 }
const MOUNT: Names = { MS_RDONLY: 1, MS_NOSUID: 2, MS_NODEV: 4, MS_NOEXEC: 8, MS_REMOUNT: 32, MS_BIND: 4096, MS_MOVE: 8192, MS_REC: 16384, MS_PRIVATE: 0x40000, MS_SLAVE: 0x80000, MS_SHARED: 0x100000 }
const FAMILY: Names = { AF_UNIX: 1, AF_INET: 2, AF_INET6: 10, AF_NETLINK: 16, AF_PACKET: 17, AF_ALG: 38, AF_VSOCK: 40 }

/** By call and argument, the manual's name; `any`: one of them, not several. */
const TABLES: Readonly<Record<string, readonly [Names, any?: true]>> = {
  'clone flags': [CLONE], 'clone clone_flags': [CLONE], 'unshare flags': [CLONE], 'unshare unshare_flags': [CLONE], 'setns nstype': [CLONE], 'setns flags': [CLONE],
  'open flags': [OPEN], 'openat flags': [OPEN], 'mmap prot': [PROT], 'mprotect prot': [PROT], 'mount mountflags': [MOUNT], 'mount flags': [MOUNT],
  'socket domain': [FAMILY, true], 'socket family': [FAMILY, true], 'socketpair domain': [FAMILY, true], 'socketpair family': [FAMILY, true],
}

/** `CLONE_NEWUSER|0x11`; undefined where nothing of it has a name. `value`: hexadecimal. Pure. */
export function flagNames(call: string, argument: string, value: string): string | undefined {
  if (argument === 'dirfd' || argument === 'dfd') return value === '0xffffff9c' ? 'AT_FDCWD' : undefined
  const [names, single] = TABLES[`${call} ${argument}`] ?? []
  if (!names) return undefined
  const number = Number(value)
  if (single) return Object.keys(names).find(name => names[name] === number)
  const found = Object.keys(names).filter(name => (number & (names[name] ?? 0)) === names[name])
  const rest = found.reduce((left, name) => left & ~(names[name] ?? 0), number) >>> 0
  return found.length === 0 ? undefined : [...found, ...(rest === 0 ? [] : [`0x${rest.toString(16)}`])].join('|')
}
