// Capabilities over clocks, terminals, accounting, auditing and security modules. See capabilities(7).
import type { About } from '../about.ts'

export const SYSTEM: Readonly<Record<string, About>> = {
  CAP_SYS_PACCT: {
    brief: 'switch process accounting',
    allows: ['turning BSD process accounting on and off'],
    since: '2.2', calls: ['acct'], files: ['/proc/sys/kernel/acct'],
    risk: 'what others run is written to a file of one\'s choice, or no longer written',
    weight: 'low', needed: 'accton',
  },
  CAP_SYS_TIME: {
    brief: 'set the clock',
    allows: ['setting and steering the system\'s clock', 'setting the hardware clock'],
    since: '2.2', calls: ['settimeofday', 'clock_settime', 'clock_adjtime', 'adjtimex', 'stime', 'ioctl (RTC_SET_TIME)'], files: ['/dev/rtc'],
    risk: 'the clock is that of the whole machine: certificates, logs and locks rest on it',
    weight: 'medium', needed: 'NTP and PTP daemons, date -s, hwclock',
  },
  CAP_SYS_TTY_CONFIG: {
    brief: 'configure virtual terminals',
    allows: ['vhangup', 'privileged ioctls of virtual terminals: keyboard map, fonts, switching'],
    since: '2.2', calls: ['vhangup', 'ioctl (KDSKBENT, VT_…)'], files: ['/dev/tty*'],
    risk: 'input of the console can be remapped, and others be hung up',
    weight: 'low', needed: 'getty, login, display servers, kbd',
  },
  CAP_AUDIT_WRITE: {
    brief: 'write to the audit log',
    allows: ['sending records from user space'],
    since: '2.6.11', calls: ['sendmsg (NETLINK_AUDIT)'], files: [],
    risk: 'the log can be filled with false records',
    weight: 'low', needed: 'login, sudo, sshd, passwd, D-Bus',
  },
  CAP_AUDIT_CONTROL: {
    brief: 'configure auditing',
    allows: ['turning auditing on and off, changing its rules', 'setting the login uid'],
    since: '2.6.11', calls: ['sendmsg (NETLINK_AUDIT)'], files: ['/proc/PID/loginuid', '/proc/PID/sessionid'],
    risk: 'traces can be switched off',
    weight: 'medium', needed: 'auditd, auditctl, login through PAM',
  },
  CAP_AUDIT_READ: {
    brief: 'read the audit log as it comes',
    allows: ['joining the multicast group of the audit log'],
    since: '3.16', calls: ['bind (NETLINK_AUDIT)'], files: [],
    risk: 'what happens on the system, with names and paths, becomes readable',
    weight: 'medium', needed: 'journald, monitoring agents',
  },
  CAP_MAC_OVERRIDE: {
    brief: 'be exempt from mandatory access control',
    allows: ['going past the rules of Smack; other modules hardly ask'],
    since: '2.6.25', calls: [], files: [],
    risk: 'on a Smack system its policy does not bind the process',
    weight: 'high', needed: 'system services on Smack systems',
  },
  CAP_MAC_ADMIN: {
    brief: 'configure mandatory access control',
    allows: ['loading policies of Smack and AppArmor', 'SELinux labels that the policy does not know'],
    since: '2.6.25', calls: ['setxattr', 'write'], files: ['/sys/kernel/security/apparmor/*', '/sys/fs/smackfs/*'],
    risk: 'the policy itself can be replaced',
    weight: 'high', needed: 'apparmor_parser, LXC with nested profiles',
  },
  CAP_WAKE_ALARM: {
    brief: 'wake the machine up',
    allows: ['timers on the ALARM clocks, which end a suspend'],
    since: '3.0', calls: ['timer_create', 'timerfd_create', 'timerfd_settime', 'clock_nanosleep'], files: [],
    risk: 'the battery',
    weight: 'low', needed: 'alarm clocks, backup that wakes a machine',
  },
  CAP_BLOCK_SUSPEND: {
    brief: 'keep the machine awake',
    allows: ['wake locks', 'EPOLLWAKEUP'],
    since: '3.5', calls: ['epoll_ctl (EPOLLWAKEUP)'], files: ['/sys/power/wake_lock'],
    risk: 'the battery',
    weight: 'low', needed: 'media players, power management',
  },
}
