/* Tries acts against the kernel and says what it answered: one line for each act, `ok`, a number, a text, or
 * the name of the error. Acts are separated by the word `+`; each is done by a child of its own, so that one
 * that is killed or changes itself does not disturb the next. Linked statically: it runs in any root, and no
 * library comes between it and the kernel. An act is a system call by its name and arguments (a number, `"text`,
 * or `@`: 4 KiB of zeroes), or one of the few that need more than one call. See syscall(2). */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

struct call { const char *name; long number; };
static const struct call calls[] = {
#define C(name) { #name, SYS_##name }
  C(mount), C(umount2), C(unshare), C(setns), C(clone), C(mknodat), C(fchmodat), C(fchmod), C(openat), C(socket), C(personality), C(ptrace), C(kill), C(bpf), C(keyctl), C(add_key), C(perf_event_open),
  C(userfaultfd), C(init_module), C(kexec_load), C(reboot), C(swapon), C(settimeofday), C(sethostname), C(pivot_root), C(chroot), C(readlinkat), C(setgroups), C(setuid), C(ioctl), C(acct), C(syslog),
  C(open_by_handle_at), C(quotactl), C(shmctl), C(shmget), C(pidfd_open), C(prctl), C(getpid), C(mkdirat), C(chdir), C(fchdir), C(capset), C(symlinkat), C(linkat), C(memfd_create),
#ifdef SYS_chmod
  C(chmod),
#endif
#ifdef SYS_iopl
  C(iopl), C(ioperm),
#endif
#undef C
  /* Newer than the headers of some C libraries; one number on all architectures. */
  { "pidfd_send_signal", 424 }, { "io_uring_setup", 425 }, { "open_tree", 428 }, { "move_mount", 429 }, { "fsopen", 430 }, { "clone3", 435 }, { "pidfd_getfd", 438 }, { "mount_setattr", 442 }, { "fchmodat2", 452 }, { "unknown", 9999 },
};

static char zeroes[4096];

static long value(const char *word) {
  if (word[0] == '"') return (long)(word + 1);
  if (word[0] == '@') return (long)zeroes;
  return (long)strtoull(word, NULL, 0);
}

static int text_of(const char *path, char *into, size_t size) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  ssize_t all = 0, n;
  while ((size_t)all < size - 1 && (n = read(fd, into + all, size - 1 - (size_t)all)) != 0) {
    if (n < 0) return -1;
    all += n;
  }
  into[all] = 0;
  return (int)all;
}

#if defined(__x86_64__)
/* The 32-bit door: what it returns is -errno, below 4 GiB. */
static long by_int80(long number, long a) {
  long result;
  __asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(a) : "memory", "r8", "r9", "r10", "r11");
  if ((int)result < 0) { errno = -(int)result; return -1; }
  return result;
}
#endif

static long by_clone3(unsigned long flags) {
  uint64_t args[11] = { flags, 0, 0, 0, SIGCHLD };
  long pid = syscall(435, args, 64L);
  if (pid == 0) _exit(0);
  return pid < 0 ? -1 : 0;
}

static long by_clone(unsigned long flags) {
  long pid = syscall(SYS_clone, flags | SIGCHLD, 0L, 0L, 0L, 0L);
  if (pid == 0) _exit(0);
  return pid < 0 ? -1 : 0;
}

/* SEIZE, not ATTACH: that would stop it. */
static long seize_child(void) {
  pid_t child = fork();
  if (child == 0) for (;;) pause();
  long result = ptrace(PTRACE_SEIZE, child, 0, 0);
  int error = errno;
  kill(child, SIGKILL);
  errno = error;
  return result;
}

/* Of address 0: EFAULT comes after the question whether it may. */
static long peek(int pid) {
  struct iovec here = { zeroes, 1 }, there = { NULL, 1 };
  return syscall(SYS_process_vm_readv, pid, &here, 1L, &there, 1L, 0L);
}

static long connect_to(struct sockaddr *address, socklen_t length) {
  int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  return fd < 0 ? -1 : connect(fd, address, length);
}

static long connect_abstract(const char *name) {
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  strncpy(address.sun_path + 1, name, sizeof address.sun_path - 2);
  return connect_to((struct sockaddr *)&address, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name)));
}

static long connect_loopback(int port) {
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr = { htonl(INADDR_LOOPBACK) } };
  return connect_to((struct sockaddr *)&address, sizeof address);
}

/* kill(-1, KILL), if this is another pid namespace than the one named: a control must not end the host. 1: a sibling died of it. */
static long kill_all(const char *forbidden) {
  char link[64] = "";
  if (readlink("/proc/self/ns/pid", link, sizeof link - 1) < 0 || strcmp(link, forbidden) == 0) { errno = EDOM; return -1; }
  pid_t sibling = fork();
  if (sibling == 0) for (;;) pause();
  if (kill(-1, SIGKILL) < 0) return -1;
  int status = 0;
  waitpid(sibling, &status, 0);
  return WIFSIGNALED(status);
}

/* How many children can be there at once, at most `most`. */
static long forks(long most) {
  pid_t *all = calloc((size_t)most, sizeof *all);
  long n = 0;
  for (; n < most; n++) {
    all[n] = fork();
    if (all[n] < 0) break;
    if (all[n] == 0) for (;;) pause();
  }
  int error = errno;
  for (long i = 0; i < n; i++) kill(all[i], SIGKILL);
  for (long i = 0; i < n; i++) waitpid(all[i], NULL, 0);
  printf("%ld%s ", n, n < most ? (error == EAGAIN ? " EAGAIN" : " other") : "");
  return 0;
}

/* Every process forks for ever; ends after that time if nothing ends it before. */
static long bomb(long ms) {
  struct timespec begin, now;
  clock_gettime(CLOCK_MONOTONIC, &begin);
  do {
    (void)!fork();
    clock_gettime(CLOCK_MONOTONIC, &now);
  } while ((now.tv_sec - begin.tv_sec) * 1000 + (now.tv_nsec - begin.tv_nsec) / 1000000 < ms);
  return 0;
}

static long hog(long bytes, int shared) {
  char *memory = mmap(NULL, (size_t)bytes, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | (shared ? MAP_SHARED : MAP_PRIVATE), -1, 0);
  if (memory == MAP_FAILED) return -1;
  for (long i = 0; i < bytes; i += 4096) memory[i] = 1;
  return 0;
}

static long fill(const char *path, long bytes) {
  static char block[65536];
  int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return -1;
  for (long i = 0; i < bytes; i += (long)sizeof block) if (write(fd, block, sizeof block) < 0) return -1;
  return 0;
}

static long spin(long ms) {
  struct timespec begin, now;
  clock_gettime(CLOCK_MONOTONIC, &begin);
  do clock_gettime(CLOCK_MONOTONIC, &now); while ((now.tv_sec - begin.tv_sec) * 1000 + (now.tv_nsec - begin.tv_nsec) / 1000000 < ms);
  return 0;
}

static long descriptors(void) {
  for (int fd = 0; fd < 4096; fd++) if (fcntl(fd, F_GETFD) >= 0) printf("%d ", fd);
  return 0;
}

/* 1 if the file has the text, 0 if not. */
static long holds(const char *path, const char *text) {
  static char all[1 << 20];
  int n = text_of(path, all, sizeof all);
  return n < 0 ? -1 : memmem(all, (size_t)n, text, strlen(text)) != NULL;
}

static long status_field(const char *name) {
  static char all[1 << 16];
  if (text_of("/proc/self/status", all, sizeof all) < 0) return -1;
  char *line = strstr(all, name);
  if (!line) { errno = ENOENT; return -1; }
  line += strlen(name) + 1;
  while (*line == ' ' || *line == '\t') line++;
  printf("%.*s ", (int)strcspn(line, "\n"), line);
  return 0;
}

static long put(const char *path, const char *text) {
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  return write(fd, text, strlen(text)) < 0 ? -1 : 0;
}

static long link_of(const char *path) {
  char text[4096] = "";
  if (readlink(path, text, sizeof text - 1) < 0) return -1;
  printf("%s ", text);
  return 0;
}

static void walk(const char *dir, long *found, int depth) {
  DIR *entries = depth > 12 ? NULL : opendir(dir);
  if (!entries) return;
  for (struct dirent *entry; (entry = readdir(entries));) {
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", dir, entry->d_name);
    if (entry->d_type == DT_DIR) { walk(path, found, depth + 1); continue; }
    if (entry->d_type != DT_REG) continue;
    int fd = open(path, O_WRONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) continue;
    close(fd);
    if (++*found <= 5) printf("%s ", path);
  }
  closedir(entries);
}

/* How many files below it can be opened for writing; the first are named. Nothing is written. */
static long writable(const char *dir) {
  long found = 0;
  walk(dir, &found, 0);
  printf("%ld ", found);
  return 0;
}

/* Names in /proc that are numbers. */
static long processes(void) {
  DIR *entries = opendir("/proc");
  if (!entries) return -1;
  long n = 0;
  for (struct dirent *entry; (entry = readdir(entries));) n += entry->d_name[0] >= '0' && entry->d_name[0] <= '9';
  printf("%ld ", n);
  return 0;
}

static long execute(char **words) {
  execv(words[0], words);
  return -1;
}

/* A daemon as daemons are made, holding no descriptor of ours; says its pid here. */
static long daemonise(void) {
  int ends[2];
  if (pipe(ends) < 0) return -1;
  pid_t child = fork();
  if (child < 0) return -1;
  if (child == 0) {
    setsid();
    if (fork() != 0) _exit(0);
    pid_t pid = getpid();
    (void)!write(ends[1], &pid, sizeof pid);
    for (int fd = 0; fd < 64; fd++) close(fd);
    signal(SIGHUP, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    for (;;) pause();
  }
  pid_t pid = 0;
  if (read(ends[0], &pid, sizeof pid) < 0) return -1;
  printf("%d ", pid);
  return 0;
}

/* CAP_SYS_ADMIN as permitted and effective of whoever executes it, see capabilities(7). */
static long file_capability(const char *path) {
  const uint32_t data[5] = { 0x02000001, 1u << 21 };
  return setxattr(path, "security.capability", data, sizeof data, 0);
}

/* Executes a program in a session whose key ring holds a key of that name. */
static long keyed(char **words) {
  if (syscall(SYS_keyctl, 1L, 0L) < 0 || syscall(SYS_add_key, "user", words[0], "x", 1L, -3L) < 0) return -1;
  return execute(words + 1);
}

static long act(int n, char **words) {
  const char *name = words[0];
  const char *first = n > 1 ? words[1] : "", *second = n > 2 ? words[2] : "";
  if (strcmp(name, "fds") == 0) return descriptors();
  if (strcmp(name, "holds") == 0) return holds(first, second);
  if (strcmp(name, "status") == 0) return status_field(first);
  if (strcmp(name, "put") == 0) return put(first, second);
  if (strcmp(name, "link") == 0) return link_of(first);
  if (strcmp(name, "env") == 0) return getenv(first) != NULL;
  if (strcmp(name, "writable") == 0) return writable(first);
  if (strcmp(name, "processes") == 0) return processes();
  if (strcmp(name, "abstract") == 0) return connect_abstract(first);
  if (strcmp(name, "loopback") == 0) return connect_loopback(atoi(first));
  if (strcmp(name, "kill-all") == 0) return kill_all(first);
  if (strcmp(name, "seize-child") == 0) return seize_child();
  if (strcmp(name, "peek") == 0) return peek(atoi(first));
  if (strcmp(name, "by-clone") == 0) return by_clone((unsigned long)value(first));
  if (strcmp(name, "by-clone3") == 0) return by_clone3((unsigned long)value(first));
  if (strcmp(name, "forks") == 0) return forks(value(first));
  if (strcmp(name, "bomb") == 0) return bomb(value(first));
  if (strcmp(name, "hog") == 0) return hog(value(first), strcmp(second, "shared") == 0);
  if (strcmp(name, "fill") == 0) return fill(first, value(second));
  if (strcmp(name, "spin") == 0) return spin(value(first));
  if (strcmp(name, "daemon") == 0) return daemonise();
  if (strcmp(name, "ids") == 0) { printf("%d %d %d ", geteuid(), getegid(), getgroups(0, NULL)); return 0; }
  if (strcmp(name, "umask") == 0) { printf("%03o ", (unsigned)umask(0)); return 0; }
  if (strcmp(name, "rlimit") == 0) {
    struct rlimit limit;
    if (getrlimit((int)value(first), &limit) < 0) return -1;
    printf("%ld %ld ", (long)limit.rlim_cur, (long)limit.rlim_max);
    if (*second) { limit.rlim_cur = limit.rlim_max = (rlim_t)value(second); return setrlimit((int)value(first), &limit); }
    return 0;
  }
  if (strcmp(name, "file-capability") == 0) return file_capability(first);
  if (strcmp(name, "keyed") == 0) { words[n] = NULL; return keyed(words + 1); }
  if (strcmp(name, "exec") == 0) { words[n] = NULL; return execute(words + 1); }
#if defined(__x86_64__)
  if (strcmp(name, "int80") == 0) return by_int80(value(first), value(second));
#endif
  long a[6] = { 0 }, number = -1, more = 0;
  if (strncmp(name, "x32-", 4) == 0) { name += 4; more = 0x40000000; }
  for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) if (strcmp(calls[i].name, name) == 0) number = calls[i].number;
  if (number < 0) { errno = EDOM; return -1; }
  for (int i = 1; i < n && i <= 6; i++) a[i - 1] = value(words[i]);
  return syscall(number | more, a[0], a[1], a[2], a[3], a[4], a[5]);
}

static const char *error_name(int error) {
  static const struct { int number; const char *name; } names[] = {
#define E(name) { name, #name }
    E(EPERM), E(ENOENT), E(ESRCH), E(EIO), E(ENXIO), E(EBADF), E(ECHILD), E(EAGAIN), E(ENOMEM), E(EACCES), E(EFAULT), E(EBUSY), E(EEXIST), E(ENODEV), E(ENOTDIR), E(EISDIR), E(EINVAL), E(ENOTTY), E(ETXTBSY), E(ENOSPC), E(EROFS),
    E(ENOSYS), E(ELOOP), E(EAFNOSUPPORT), E(ECONNREFUSED), E(ENETUNREACH), E(EUSERS), E(EDOM), E(EOPNOTSUPP), E(EDQUOT), E(ENOKEY), E(EMFILE),
#undef E
  };
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) if (names[i].number == error) return names[i].name;
  static char other[16];
  snprintf(other, sizeof other, "E%d", error);
  return other;
}

static void one(int n, char **words) {
  pid_t child = fork();
  if (child == 0) {
    long result = act(n, words);
    if (result == -1) printf("%s\n", error_name(errno));
    else if (result == 0) printf("ok\n");
    else printf("%ld\n", result);
    fflush(stdout);
    _exit(0);
  }
  int status = 0;
  if (child < 0) printf("fork %s\n", error_name(errno));
  else if (waitpid(child, &status, 0) == child && WIFSIGNALED(status)) printf("signal %d\n", WTERMSIG(status));
  fflush(stdout);
}

int main(int argc, char **argv) {
  for (int begin = 1; begin < argc;) {
    int end = begin;
    while (end < argc && strcmp(argv[end], "+") != 0) end++;
    one(end - begin, argv + begin);
    begin = end + 1;
  }
  return 0;
}
