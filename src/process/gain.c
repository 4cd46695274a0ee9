/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "process/gain.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fdio.h"

#define EXEC_NS (1 * NS_PER_SEC)
enum { TEXT_MAX = 4096 };

/* -1: it cannot be read. 0: it is empty, or the process is dead, which kernels tell in either way. */
static ssize_t read_of(pid_t pid, const char *what, void *text)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, what);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ESRCH ? 0 : -1;
	ssize_t n = fdio_read(fd, text, TEXT_MAX);
	fdio_close(&fd);
	return n;
}

static bool look_up(const unsigned long *vector, size_t n, unsigned long type, unsigned long *value)
{
	for (size_t i = 0; i + 1 < n && vector[i] != AT_NULL; i += 2)
		if (vector[i] == type) {
			*value = vector[i + 1];
			return true;
		}
	return false;
}

/* 1 or 0; -1: it cannot be known. A child of vfork(2) goes on beside us a moment before it has memory of its own, and the
 * vector there is still empty then. */
static int is_secure(pid_t pid)
{
	unsigned long vector[TEXT_MAX / sizeof(unsigned long)], random, secure;
	uint64_t until = clock_ns() + EXEC_NS;
	do {
		ssize_t len = read_of(pid, "auxv", vector);
		size_t n = len < 0 ? 0 : (size_t)len / sizeof *vector;
		if (len <= 0)
			return (int)len;
		if (look_up(vector, n, AT_SECURE, &secure) && look_up(vector, n, AT_RANDOM, &random) && random != getauxval(AT_RANDOM))
			return secure != 0;
		sched_yield();
	} while (clock_ns() < until);
	return -1;
}

bool gain_has(pid_t pid)
{
	char own[TEXT_MAX], its[TEXT_MAX];
	if (is_secure(pid) != 0)
		return true;
	ssize_t n = read_of(getpid(), "attr/current", own);
	return n != read_of(pid, "attr/current", its) || (n > 0 && memcmp(own, its, (size_t)n) != 0);
}
