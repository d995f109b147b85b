// What a filter costs, beside libseccomp's: making it, handing it to the kernel, and a call under it.
//   filter compile ROUNDS RULES OUT   libseccomp: rules to a tree (CTL_OPTIMIZE 2), the program to OUT; prints the median in ns
//   filter install ROUNDS A B         by turns, each in a child of its own: seccomp(2) for the programs; prints two medians in ns
//   filter call ROUNDS NONE A B       by turns, in children: ns a call of getppid, personality(~0) and reboot under nothing, A and B
// A program is a file of struct sock_filter. RULES: "default ACTION", "rule ACTION CALL [ARG OP VALUE VALUE]…", one a line.
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CALLS = 20000, KINDS = 3 };

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double median(double *values, int n)
{
	qsort(values, n, sizeof *values, compare);
	return values[n / 2];
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static enum scmp_compare operator(const char *name)
{
	static const char *names[] = {"!=", "<", "<=", "==", ">=", ">", "&"};
	static const enum scmp_compare all[] = {SCMP_CMP_NE, SCMP_CMP_LT, SCMP_CMP_LE, SCMP_CMP_EQ, SCMP_CMP_GE, SCMP_CMP_GT, SCMP_CMP_MASKED_EQ};
	for (int i = 0; i < 7; i++)
		if (!strcmp(names[i], name))
			return all[i];
	exit(2);
}

// The actions as numbers, as the kernel and libseccomp both have them.
static double compile_once(const char *text, int out)
{
	char *copy = strdup(text), *line, *lines = copy;
	double start = now();
	scmp_filter_ctx filter = NULL;
	while ((line = strsep(&lines, "\n")) && *line) {
		char *kind = strsep(&line, " ");
		uint32_t action = strtoul(strsep(&line, " "), NULL, 0);
		if (!strcmp(kind, "default")) {
			filter = seccomp_init(action);
			seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
			seccomp_arch_add(filter, SCMP_ARCH_X86);
			seccomp_arch_add(filter, SCMP_ARCH_X32);
			continue;
		}
		int number = seccomp_syscall_resolve_name(strsep(&line, " "));
		struct scmp_arg_cmp tests[6];
		unsigned n = 0;
		for (char *word; line && (word = strsep(&line, " ")) && *word; n++) {
			tests[n].arg = atoi(word);
			tests[n].op = operator(strsep(&line, " "));
			tests[n].datum_a = strtoull(strsep(&line, " "), NULL, 0);
			tests[n].datum_b = strtoull(strsep(&line, " "), NULL, 0);
		}
		if (number != __NR_SCMP_ERROR)
			seccomp_rule_add_array(filter, action, number, n, tests);
	}
	if (lseek(out, 0, SEEK_SET) || seccomp_export_bpf(filter, out))
		die("seccomp_export_bpf");
	double end = now();
	seccomp_release(filter);
	free(copy);
	return end - start;
}

static struct sock_fprog program(const char *path)
{
	struct sock_fprog made = {0};
	FILE *file = strcmp(path, "-") ? fopen(path, "r") : NULL;
	if (!file)
		return made;
	made.filter = malloc(4096 * sizeof *made.filter);
	made.len = fread(made.filter, sizeof *made.filter, 4096, file);
	fclose(file);
	return made;
}

static double install(struct sock_fprog made)
{
	if (!made.len)
		return 0;
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	double start = now();
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &made))
		die("seccomp");
	return now() - start;
}

static double per_call(int kind)
{
	double start = now();
	for (int i = 0; i < CALLS; i++) {
		if (kind == 0)
			syscall(SYS_getppid);
		else if (kind == 1)
			syscall(SYS_personality, 0xffffffff);
		else
			syscall(SYS_reboot, 0, 0, 0, 0);
	}
	return (now() - start) / CALLS;
}

int main(int argc, char **argv)
{
	int rounds = atoi(argv[2]), count = argc - 3;
	if (!strcmp(argv[1], "compile")) {
		static char text[1 << 20];
		FILE *file = fopen(argv[3], "r");
		if (!file || !fread(text, 1, sizeof text - 1, file))
			die(argv[3]);
		int out = open(argv[4], O_RDWR | O_CREAT | O_TRUNC, 0600);
		double *times = calloc(rounds, sizeof *times);
		for (int i = 0; i < rounds; i++)
			times[i] = compile_once(text, out);
		printf("%.0f\n", median(times, rounds));
		return 0;
	}
	int calls = !strcmp(argv[1], "call"), kinds = calls ? KINDS : 1;
	double *shared = mmap(NULL, sizeof(double) * rounds * count * kinds, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (int round = 0; round < rounds; round++)
		for (int i = 0; i < count; i++) {
			pid_t child = fork();
			if (child == 0) {
				double took = install(program(argv[3 + i]));
				for (int kind = 0; kind < kinds; kind++)
					shared[(i * kinds + kind) * rounds + round] = calls ? per_call(kind) : took;
				_exit(0);
			}
			int status;
			if (waitpid(child, &status, 0) != child || status)
				die("child");
		}
	for (int i = 0; i < count * kinds; i++)
		printf("%.1f\n", median(shared + i * rounds, rounds));
	return 0;
}
