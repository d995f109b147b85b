// What syscall-table.mjs cannot read on the machine where it runs: calls newer than the headers, prototypes that the running
// kernel was built without, and the names that the manual gives to arguments.

const pc = ['x86_64', 'x32']

/** Numbers above those of Debian's headers, with the first kernel. The same on every architecture unless `only`. */
export const newer = {
  cachestat: { number: 451, since: '6.5' }, fchmodat2: { number: 452, since: '6.6' }, map_shadow_stack: { number: 453, since: '6.6' },
  futex_wake: { number: 454, since: '6.7' }, futex_wait: { number: 455, since: '6.7' }, futex_requeue: { number: 456, since: '6.7' },
  statmount: { number: 457, since: '6.8' }, listmount: { number: 458, since: '6.8' }, lsm_get_self_attr: { number: 459, since: '6.8' },
  lsm_set_self_attr: { number: 460, since: '6.8' }, lsm_list_modules: { number: 461, since: '6.8' }, mseal: { number: 462, since: '6.10' },
  setxattrat: { number: 463, since: '6.13' }, getxattrat: { number: 464, since: '6.13' }, listxattrat: { number: 465, since: '6.13' },
  removexattrat: { number: 466, since: '6.13' }, open_tree_attr: { number: 467, since: '6.15' }, file_getattr: { number: 468, since: '6.17' },
  file_setattr: { number: 469, since: '6.17' }, listns: { number: 470, since: '6.19' }, rseq_slice_yield: { number: 471, since: '7.0' },
  uretprobe: { number: 335, since: '6.11', only: pc }, uprobe: { number: 336, since: '6.18', only: pc },
  riscv_hwprobe: { number: 258, since: '6.4', only: ['riscv64'] },
}

/** Where the prototype in the kernel has another name than the call. */
export const prototypes = {
  stat: 'newstat', lstat: 'newlstat', fstat: 'newfstat', uname: 'newuname', umount2: 'umount', sendfile: 'sendfile64',
  _sysctl: 'sysctl', umount: 'oldumount', fadvise64_64: 'fadvise64_64', mmap2: 'mmap_pgoff', _llseek: 'llseek', _newselect: 'select',
  oldstat: 'stat', oldlstat: 'lstat', oldfstat: 'fstat', olduname: 'uname', sync_file_range2: 'sync_file_range2', pread64: 'pread64',
}

const fadvise = ['int fd', 'loff_t offset', 'loff_t len', 'int advice']
const none = []

/** Prototypes of calls that a PC's kernel does not have, or need not have; as in the kernel's source. */
export const missing = {
  kexec_file_load: ['int kernel_fd', 'int initrd_fd', 'unsigned long cmdline_len', 'char *cmdline_ptr', 'unsigned long flags'],
  kexec_load: ['unsigned long entry', 'unsigned long nr_segments', 'struct kexec_segment *segments', 'unsigned long flags'],
  userfaultfd: ['int flags'], delete_module: ['char *name_user', 'unsigned int flags'], init_module: ['void *umod', 'unsigned long len', 'char *uargs'],
  finit_module: ['int fd', 'char *uargs', 'int flags'], map_shadow_stack: ['unsigned long addr', 'unsigned long size', 'unsigned int flags'],
  listns: ['void *req', 'u64 *ns_ids', 'size_t nr_ns_ids', 'unsigned int flags'], rseq_slice_yield: none,
  memfd_secret: ['unsigned int flags'], lookup_dcookie: ['u64 cookie64', 'char *buf', 'size_t len'],
  modify_ldt: ['int func', 'void *ptr', 'unsigned long bytecount'], arch_prctl: ['int option', 'unsigned long arg1'],
  iopl: ['unsigned int level'], ioperm: ['unsigned long from', 'unsigned long num', 'int turn_on'],
  clone: ['unsigned long clone_flags', 'unsigned long newsp', 'int *parent_tidptr', 'int *child_tidptr', 'unsigned long tls'],
  fork: none, vfork: none, rt_sigreturn: none, sigreturn: none, uretprobe: none, uprobe: none,
  vm86: ['unsigned long cmd', 'unsigned long arg'], vm86old: ['void *user_vm86'],
  set_thread_area: ['void *u_info'], get_thread_area: ['void *u_info'],
  mmap2: ['unsigned long addr', 'unsigned long len', 'unsigned long prot', 'unsigned long flags', 'unsigned long fd', 'unsigned long pgoff'],
  socketcall: ['int call', 'unsigned long *args'], ipc: ['unsigned int call', 'int first', 'unsigned long second', 'unsigned long third', 'void *ptr', 'long fifth'],
  _sysctl: ['void *args'], sysfs: ['int option', 'unsigned long arg1', 'unsigned long arg2'], uselib: ['const char *library'],
  fadvise64: ['int fd', 'loff_t offset', 'size_t len', 'int advice'], fadvise64_64: fadvise,
  arm_fadvise64_64: ['int fd', 'int advice', 'loff_t offset', 'loff_t len'],
  arm_sync_file_range: ['int fd', 'unsigned int flags', 'loff_t offset', 'loff_t nbytes'], sync_file_range2: ['int fd', 'unsigned int flags', 'loff_t offset', 'loff_t nbytes'],
  truncate64: ['const char *path', 'loff_t length'], ftruncate64: ['unsigned int fd', 'loff_t length'],
  fcntl64: ['unsigned int fd', 'unsigned int cmd', 'unsigned long arg'], sigaction: ['int sig', 'const void *act', 'void *oact'],
  sigsuspend: ['int unused1', 'int unused2', 'unsigned long mask'], readdir: ['unsigned int fd', 'void *dirent', 'unsigned int count'],
  breakpoint: none, cacheflush: ['unsigned long start', 'unsigned long end', 'int flags'], usr26: none, usr32: none, set_tls: ['unsigned long tls'], get_tls: none,
  pciconfig_iobase: ['long which', 'unsigned long bus', 'unsigned long devfn'],
  pciconfig_read: ['unsigned long bus', 'unsigned long dfn', 'unsigned long off', 'unsigned long len', 'void *buf'],
  pciconfig_write: ['unsigned long bus', 'unsigned long dfn', 'unsigned long off', 'unsigned long len', 'void *buf'],
  riscv_flush_icache: ['unsigned long start', 'unsigned long end', 'unsigned long flags'],
  riscv_hwprobe: ['void *pairs', 'size_t pair_count', 'size_t cpusetsize', 'unsigned long *cpus', 'unsigned int flags'],
  _llseek: ['unsigned int fd', 'unsigned long offset_high', 'unsigned long offset_low', 'loff_t *result', 'unsigned int whence'],
  send: ['int fd', 'void *buff', 'size_t len', 'unsigned int flags'], recv: ['int fd', 'void *ubuf', 'size_t size', 'unsigned int flags'],
  fstatat64: ['int dfd', 'const char *filename', 'void *statbuf', 'int flag'], waitpid: ['pid_t pid', 'int *stat_addr', 'int options'],
  signal: ['int sig', 'void *handler'], sigpending: ['void *uset'], sigprocmask: ['int how', 'void *nset', 'void *oset'], nice: ['int increment'],
  stime: ['void *tptr'], ugetrlimit: ['unsigned int resource', 'void *rlim'], oldstat: ['const char *filename', 'void *statbuf'],
  oldlstat: ['const char *filename', 'void *statbuf'], oldfstat: ['unsigned int fd', 'void *statbuf'], olduname: ['void *name'], oldolduname: ['void *name'],
  rtas: ['void *uargs'], spu_create: ['const char *name', 'unsigned int flags', 'umode_t mode', 'int neighbor_fd'], spu_run: ['int fd', 'u32 *unpc', 'u32 *ustatus'],
  subpage_prot: ['unsigned long addr', 'unsigned long len', 'u32 *map'], swapcontext: ['void *old_ctx', 'void *new_ctx', 'long ctx_size'],
  switch_endian: none, sys_debug_setcontext: ['void *ctx', 'int ndbg', 'void *dbg'], multiplexer: none,
  s390_runtime_instr: ['int command', 'int signum'], s390_pci_mmio_write: ['unsigned long mmio_addr', 'const void *user_buffer', 'size_t length'],
  s390_pci_mmio_read: ['unsigned long mmio_addr', 'void *user_buffer', 'size_t length'],
  s390_guarded_storage: ['int command', 'void *gs_cb'], s390_sthyi: ['unsigned long function_code', 'void *buffer', 'u64 *return_code', 'unsigned long flags'],
}

/** Versions that syscalls(2) has under another name, or not at all. */
export const since32 = {
  _llseek: '1.2', _newselect: '2.0', _sysctl: '2.0', mmap2: '2.4', umount2: '2.2', newfstatat: '2.6.16', fstatat64: '2.6.16', fadvise64_64: '2.6',
  arm_sync_file_range: '2.6.22', arm_fadvise64_64: '2.6', epoll_ctl_old: '2.6', epoll_wait_old: '2.6',
  futex_waitv: '5.16', mount_setattr: '5.12', process_mrelease: '5.15', set_mempolicy_home_node: '5.17', pread64: '2.2', pwrite64: '2.2',
  breakpoint: '2.0', cacheflush: '2.0', usr26: '2.0', usr32: '2.0', set_tls: '2.6', get_tls: '4.15', sync_file_range2: '2.6.22',
}

/** What the manual calls an argument, where the prototype has another word; both are understood. By place. */
export const aliases = {
  socket: [['domain'], ['type'], ['protocol']], socketpair: [['domain'], ['type'], ['protocol'], ['sv']],
  bind: [['sockfd'], ['addr'], ['addrlen']], connect: [['sockfd'], ['addr'], ['addrlen']], listen: [['sockfd'], ['backlog']],
  accept: [['sockfd'], ['addr'], ['addrlen']], accept4: [['sockfd'], ['addr'], ['addrlen'], ['flags']], shutdown: [['sockfd'], ['how']],
  setsockopt: [['sockfd'], ['level'], ['optname'], ['optval'], ['optlen']], getsockopt: [['sockfd'], ['level'], ['optname'], ['optval'], ['optlen']],
  sendto: [['sockfd'], ['buf'], ['len'], ['flags'], ['dest_addr'], ['addrlen']], recvfrom: [['sockfd'], ['buf'], ['len'], ['flags'], ['src_addr'], ['addrlen']],
  sendmsg: [['sockfd'], [], ['flags']], recvmsg: [['sockfd'], [], ['flags']],
  open: [['pathname', 'path']], openat: [['dirfd'], ['pathname', 'path']], openat2: [['dirfd'], ['pathname', 'path']], creat: [['pathname', 'path'], ['mode']],
  chmod: [['pathname', 'path'], ['mode']], fchmod: [[], ['mode']], fchmodat: [['dirfd'], ['pathname', 'path'], ['mode']],
  fchmodat2: [['dirfd'], ['pathname', 'path'], ['mode'], ['flags']], mknod: [['pathname', 'path'], ['mode'], ['dev']], mknodat: [['dirfd'], ['pathname', 'path'], ['mode'], ['dev']],
  mkdir: [['pathname', 'path'], ['mode']], mkdirat: [['dirfd'], ['pathname', 'path'], ['mode']], clone: [['flags'], ['stack'], ['parent_tid'], ['child_tid'], ['tls']],
  unshare: [['flags']], setns: [[], ['nstype']], mmap: [[], ['length'], [], [], [], ['offset']], mmap2: [[], ['length'], [], [], [], ['pgoffset']],
  mprotect: [['addr'], ['len']], munmap: [[], ['length']], madvise: [['addr'], ['length'], ['advice']], ioctl: [[], ['request', 'op'], ['argp']],
  fcntl: [[], ['cmd', 'op'], ['arg']], fcntl64: [[], ['cmd', 'op'], ['arg']], prctl: [['op'], [], [], [], []],
  personality: [['persona']], ptrace: [['request', 'op'], ['pid'], ['addr'], ['data']], kill: [[], ['signal']], tkill: [['tid'], ['signal']], tgkill: [[], ['tid'], ['signal']],
  futex: [[], ['futex_op'], ['val'], ['timeout'], ['uaddr2'], ['val3']], mount: [['source'], ['target'], ['filesystemtype'], ['mountflags'], []],
  umount2: [['target'], ['flags']], seccomp: [['operation'], ['flags'], ['args']], bpf: [['cmd'], ['attr'], ['size']], keyctl: [['operation']],
  setresuid: [['ruid'], ['euid'], ['suid']], setresgid: [['rgid'], ['egid'], ['sgid']], pidfd_send_signal: [['pidfd'], ['signal']],
}
