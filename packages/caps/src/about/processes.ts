// Capabilities over processes, their ids and privileges. See capabilities(7), credentials(7).
import type { About } from '../about.ts'

export const PROCESSES: Readonly<Record<string, About>> = {
  CAP_KILL: {
    brief: 'send signals to any process',
    allows: ['signals to processes of other users', 'ioctl KDSIGACCEPT'],
    since: '2.2', calls: ['kill', 'tkill', 'tgkill', 'pidfd_send_signal', 'rt_sigqueueinfo', 'ioctl'], files: [],
    risk: 'services can be ended; nothing can be read or changed by it alone',
    weight: 'medium', needed: 'supervisors and inits of services that run as different users',
  },
  CAP_SETGID: {
    brief: 'become any group',
    allows: ['changing all group ids and the list of groups', 'sending credentials with any gid over a Unix socket', 'writing gid maps of user namespaces'],
    since: '2.2', calls: ['setgid', 'setregid', 'setresgid', 'setfsgid', 'setgroups', 'sendmsg'], files: ['/proc/PID/gid_map'],
    risk: 'groups such as disk, shadow or docker are root by another name',
    weight: 'root', needed: 'login, su, servers that drop to a user, container runtimes',
  },
  CAP_SETUID: {
    brief: 'become any user',
    allows: ['changing all user ids', 'sending credentials with any uid over a Unix socket', 'writing uid maps of user namespaces'],
    since: '2.2', calls: ['setuid', 'setreuid', 'setresuid', 'setfsuid', 'sendmsg', 'keyctl'], files: ['/proc/PID/uid_map'],
    risk: 'user 0 owns the system\'s files; an exec as user 0 gives all that is in the bounding set',
    weight: 'root', needed: 'login, su, servers that drop to a user, container runtimes',
  },
  CAP_SETPCAP: {
    brief: 'change what capabilities a process can have',
    allows: ['dropping from the bounding set', 'making anything of the bounding set inheritable', 'setting and locking securebits'],
    since: '2.2 (in this meaning 2.6.24)', calls: ['prctl (PR_CAPBSET_DROP, PR_SET_SECUREBITS)', 'capset'], files: [],
    risk: 'a process cannot gain by it more than its bounding set, which an exec as root gives anyway',
    weight: 'low', needed: 'whatever drops privileges for good: runtimes, caps itself',
  },
  CAP_SYS_CHROOT: {
    brief: 'change the root directory',
    allows: ['chroot', 'entering mount namespaces (together with CAP_SYS_ADMIN)'],
    since: '2.2', calls: ['chroot', 'setns', 'mount_setattr'], files: [],
    risk: 'a plain chroot can be left again by it; setuid programs can be deceived about /etc',
    weight: 'medium', needed: 'sshd, ftp and mail servers that lock themselves in',
  },
  CAP_SYS_PTRACE: {
    brief: 'look into and steer any process',
    allows: ['tracing processes of others, reading and writing their memory', 'reading what /proc keeps from others: environ, maps, root, fd', 'duplicating their descriptors', 'comparing kernel objects'],
    since: '2.2', calls: ['ptrace', 'process_vm_readv', 'process_vm_writev', 'pidfd_getfd', 'kcmp', 'get_robust_list', 'userfaultfd'],
    files: ['/proc/PID/environ', '/proc/PID/mem', '/proc/PID/maps', '/proc/PID/ns/*'],
    risk: 'any process with more privileges, as long as it is in the same user namespace, does what one wants',
    weight: 'root', needed: 'debuggers, strace of other users\' processes, profilers, ss -p',
  },
  CAP_SYS_NICE: {
    brief: 'raise priorities, choose schedulers and CPUs',
    allows: ['lowering nice values, those of other users too', 'realtime scheduling beyond the limits', 'CPU affinity, I/O class and memory placement of any process'],
    since: '2.2', calls: ['setpriority', 'nice', 'sched_setscheduler', 'sched_setattr', 'sched_setaffinity', 'ioprio_set', 'migrate_pages', 'move_pages', 'mbind'], files: ['/proc/PID/timerslack_ns'],
    risk: 'a realtime process can starve the machine',
    weight: 'medium', needed: 'audio servers, databases that bind to NUMA nodes, realtime control',
  },
  CAP_SYS_RESOURCE: {
    brief: 'exceed limits',
    allows: ['raising hard limits, also of others', 'using space that file systems reserve', 'exceeding quotas, the number of processes, the size of message queues and pipes', 'lowering oom_score_adj'],
    since: '2.2', calls: ['setrlimit', 'prlimit64', 'fcntl (F_SETPIPE_SZ)', 'prctl (PR_SET_MM)', 'ioctl', 'fork', 'mq_open', 'msgctl'], files: ['/proc/PID/oom_score_adj', '/proc/sys/fs/mqueue/*'],
    risk: 'one process can use up memory, disk and process table; limits of cgroups still hold',
    weight: 'medium', needed: 'service managers that raise limits, databases with huge limits',
  },
  CAP_IPC_LOCK: {
    brief: 'lock memory',
    allows: ['locking any amount of memory, past RLIMIT_MEMLOCK', 'huge pages by mmap and shmget'],
    since: '2.2', calls: ['mlock', 'mlock2', 'mlockall', 'mmap (MAP_LOCKED, MAP_HUGETLB)', 'shmget', 'shmctl', 'io_uring_setup'], files: [],
    risk: 'memory that is locked cannot be reclaimed: the machine can run out of it',
    weight: 'medium', needed: 'key agents, databases, DPDK, realtime programs',
  },
  CAP_IPC_OWNER: {
    brief: 'use any System V IPC object',
    allows: ['reading and writing shared memory, semaphores and queues regardless of their mode'],
    since: '2.2', calls: ['shmat', 'shmctl', 'semop', 'semctl', 'msgsnd', 'msgrcv', 'msgctl'], files: [],
    risk: 'programs that keep data in shared memory can be read and confused',
    weight: 'medium', needed: 'hardly anything; ipcs and ipcrm on objects of others',
  },
  CAP_CHECKPOINT_RESTORE: {
    brief: 'save and restore processes',
    allows: ['choosing the pid of a new process', 'writing ns_last_pid', 'reading the links of /proc/PID/map_files of others', 'some PR_SET_MM settings'],
    since: '5.9', calls: ['clone3 (set_tid)', 'prctl (PR_SET_MM)'], files: ['/proc/sys/kernel/ns_last_pid', '/proc/PID/map_files/*'],
    risk: 'pids can be chosen to be mistaken for others\'; before 5.9 all of this needed CAP_SYS_ADMIN',
    weight: 'medium', needed: 'CRIU, migration of containers',
  },
}
