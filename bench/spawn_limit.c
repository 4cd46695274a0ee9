/* SPDX-License-Identifier: MIT
 *
 * spawn_limit: what starting processes costs by itself. TASKS times vfork, exec and wait, shared by
 * LOOPS processes that do nothing else: no input, no output, no bookkeeping. No pool can be faster.
 *
 * usage: spawn_limit TASKS LOOPS PROGRAM [ARGUMENT]...
 */
#include <config.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "spawn_limit: %s: %s\n", what, strerror(errno));
	exit(1);
}

static long number(const char *s)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(s, &end, 10);
	if (errno || end == s || *end || n < 1) {
		fprintf(stderr, "spawn_limit: not a number above 0: %s\n", s);
		exit(2);
	}
	return n;
}

/* Where in PATH `name` is; the caller never frees it. */
static const char *resolve(const char *name)
{
	const char *path = getenv("PATH");
	char *list, *dir, *rest = NULL;
	static char file[4096];

	if (strchr(name, '/'))
		return name;
	list = strdup(path ? path : "/usr/bin:/bin");
	if (!list)
		fail("strdup");
	for (dir = strtok_r(list, ":", &rest); dir; dir = strtok_r(NULL, ":", &rest)) {
		snprintf(file, sizeof(file), "%s/%s", dir, name);
		if (access(file, X_OK) == 0) {
			free(list);
			return file;
		}
	}
	errno = ENOENT;
	fail(name);
}

/* Run it once and wait for it; its wait status. */
static int run(const char *file, char **argv)
{
	int status;
	pid_t pid = vfork();

	if (pid == 0) {
		execve(file, argv, environ);
		_exit(127);
	}
	if (pid < 0)
		fail("vfork");
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			fail("waitpid");
	return status;
}

/* Returns 0, or 1 if any of them failed. */
static int loop(long tasks, const char *file, char **argv)
{
	int failed = 0;

	while (tasks-- > 0)
		failed |= run(file, argv) != 0;
	return failed;
}

int main(int argc, char **argv)
{
	long tasks, loops, i;
	const char *file;
	int status, failed = 0;

	if (argc < 4) {
		fprintf(stderr, "usage: spawn_limit TASKS LOOPS PROGRAM [ARGUMENT]...\n");
		return 2;
	}
	tasks = number(argv[1]);
	loops = number(argv[2]);
	file = resolve(argv[3]);
	for (i = 0; i < loops; i++) {
		pid_t pid = fork();

		if (pid < 0)
			fail("fork");
		if (pid == 0)
			_exit(loop(tasks / loops + (i < tasks % loops), file, argv + 3));
	}
	while (wait(&status) > 0)
		failed |= status != 0;
	if (failed)
		fprintf(stderr, "spawn_limit: a process failed\n");
	return failed;
}
