// Capabilities over files. See capabilities(7), path_resolution(7).
import type { About } from '../about.ts'

export const FILES: Readonly<Record<string, About>> = {
  CAP_CHOWN: {
    brief: 'give files to any user and group',
    allows: ['changing owner and group of any file, where a user may only hand own files to groups of its own'],
    since: '2.2', calls: ['chown', 'fchown', 'lchown', 'fchownat'], files: [],
    risk: 'who may take a file over may then read and change it: /etc/shadow first',
    weight: 'root', needed: 'package managers, tar as root, containers that prepare volumes for a service',
  },
  CAP_DAC_OVERRIDE: {
    brief: 'read, write and search regardless of permission bits',
    allows: ['any access to files and directories that mode bits and access lists forbid', 'executing a file of which at least one execute bit is set'],
    since: '2.2', calls: ['open', 'openat', 'execve', 'access', 'mkdir', 'unlink', 'rename', 'link'], files: [],
    risk: 'every file of the system that is mounted can be changed, those that decide who is root too',
    weight: 'root', needed: 'root processes that work in directories of other users; often a sign of a wrong owner',
  },
  CAP_DAC_READ_SEARCH: {
    brief: 'read files and search directories regardless of permission bits',
    allows: ['reading any file and listing any directory', 'opening files by handle, past directories that are not reachable by name', 'linking a file by descriptor'],
    since: '2.2', calls: ['open', 'openat', 'open_by_handle_at', 'linkat'], files: [],
    risk: 'all secrets of the system are readable; open_by_handle_at reaches files outside of a container\'s root',
    weight: 'high', needed: 'backup programs, indexers, file servers in user space',
  },
  CAP_FOWNER: {
    brief: 'act as the owner of any file',
    allows: ['changing mode, times, access lists and flags of files of others', 'deleting from sticky directories', 'O_NOATIME on any file'],
    since: '2.2', calls: ['chmod', 'fchmod', 'fchmodat', 'utimensat', 'setxattr', 'unlink', 'rename', 'fcntl', 'ioctl'], files: [],
    risk: 'the mode of any file can be opened up, and the file then changed',
    weight: 'root', needed: 'package managers, file synchronisation, tar as root',
  },
  CAP_FSETID: {
    brief: 'keep setuid and setgid bits when a file changes',
    allows: ['writing to a file without losing its setuid and setgid bits', 'setting the setgid bit for a group that one is not in'],
    since: '2.2', calls: ['chmod', 'write', 'chown', 'truncate'], files: [],
    risk: 'a setuid program that is writable can be replaced by another without losing the bit',
    weight: 'medium', needed: 'package managers that install setuid and setgid programs',
  },
  CAP_LINUX_IMMUTABLE: {
    brief: 'change the immutable and append-only flags',
    allows: ['setting and clearing the flags i and a of chattr(1)'],
    since: '2.2', calls: ['ioctl (FS_IOC_SETFLAGS)', 'file_setattr'], files: [],
    risk: 'logs that are append-only can be rewritten, files be made undeletable',
    weight: 'medium', needed: 'chattr, tools that protect logs',
  },
  CAP_LEASE: {
    brief: 'take leases on files of others',
    allows: ['being told, and making the other wait, when somebody opens a file that one does not own'],
    since: '2.4', calls: ['fcntl (F_SETLEASE)'], files: ['/proc/sys/fs/lease-break-time'],
    risk: 'others wait for up to 45 seconds when they open the file',
    weight: 'low', needed: 'file servers such as Samba',
  },
  CAP_MKNOD: {
    brief: 'make device nodes',
    allows: ['creating character and block devices, but in the initial user namespace only'],
    since: '2.4', calls: ['mknod', 'mknodat'], files: [],
    risk: 'the disk can be opened past every permission, unless a devices cgroup or a nodev mount forbids it',
    weight: 'high', needed: 'udev, building root file systems; Docker leaves it in by default',
  },
  CAP_SETFCAP: {
    brief: 'give files capabilities',
    allows: ['writing the attribute security.capability', 'mapping user 0 of the parent into a new user namespace (since 5.12)'],
    since: '2.6.24', calls: ['setxattr', 'removexattr'], files: ['/proc/PID/uid_map'],
    risk: 'a program can be given any capability of the namespace, and run by anybody',
    weight: 'high', needed: 'package managers, setcap, building images',
  },
}
