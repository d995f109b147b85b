// From just before a launcher is executed until its command runs: several launchers by turns, so that a
// busy machine is busy for all of them. usage: to-exec ROUNDS NAME WORDS... , NAME WORDS... ,
// Each command must end by running `stamp`. Prints per launcher: name, minimum, median (microseconds, in whole: until it is waited for).
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;
enum { MOST = 16 };

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* One run: microseconds until the command ran, and until all was waited for. */
static int run(char **words, double *started, double *ended) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC)) return 1;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
  uint64_t before = now(), stamped;
  pid_t pid;
  if (posix_spawn(&pid, words[0], &actions, 0, words, environ)) return 1;
  close(ends[1]);
  ssize_t n = read(ends[0], &stamped, sizeof stamped);
  int status;
  waitpid(pid, &status, 0);
  *ended = (double)(now() - before) / 1e3;
  *started = (double)(stamped - before) / 1e3;
  close(ends[0]);
  posix_spawn_file_actions_destroy(&actions);
  return n != sizeof stamped || status != 0;
}

int main(int count, char **argv) {
  if (count < 4) return 125;
  int rounds = atoi(argv[1]), launchers = 0;
  char *names[MOST], **words[MOST];
  for (int i = 2; i < count && launchers < MOST; i++) {
    names[launchers] = argv[i];
    words[launchers++] = argv + i + 1;
    while (i < count && strcmp(argv[i], ",")) i++;
    if (i < count) argv[i] = 0;
  }
  double *started = malloc(sizeof *started * (size_t)(launchers * rounds)), *ended = malloc(sizeof *ended * (size_t)(launchers * rounds));
  for (int r = 0; r < rounds; r++)
    for (int l = 0; l < launchers; l++)
      // A peer may fail once in a while on a busy machine; one that keeps failing is not measured as fast.
      for (int tries = 0; run(words[l], started + l * rounds + r, ended + l * rounds + r);)
        if (++tries == 5) {
          fprintf(stderr, "to-exec: %s failed\n", names[l]);
          return 1;
        }
  for (int l = 0; l < launchers; l++) {
    double *s = started + l * rounds, *e = ended + l * rounds;
    qsort(s, (size_t)rounds, sizeof *s, ascending);
    qsort(e, (size_t)rounds, sizeof *e, ascending);
    printf("%s %.1f %.1f %.1f %.1f\n", names[l], s[0], s[rounds / 2], e[0], e[rounds / 2]);
  }
  return 0;
}
