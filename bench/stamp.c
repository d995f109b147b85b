// The command of the start-up measurement: writes the moment at which it began, nanoseconds of
// CLOCK_MONOTONIC, 8 bytes, to standard output.
#include <stdint.h>
#include <time.h>
#include <unistd.h>

int main(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  uint64_t nanoseconds = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
  return write(1, &nanoseconds, sizeof nanoseconds) != sizeof nanoseconds;
}
