/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "base/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/strnum.h"

/* The pid in the file: 0 if it is empty, -1 if it holds anything else. */
static pid_t read_pid(int fd)
{
	char text[24];
	uint64_t pid = 0;
	ssize_t n = TEMP_FAILURE_RETRY(pread(fd, text, sizeof text - 1, 0));
	if (n <= 0)
		return n < 0 ? -1 : 0;
	if (text[n - 1] != '\n')
		return -1;
	text[n - 1] = '\0';
	return strnum_u64(text, 1, INT_MAX, &pid) == 0 ? (pid_t)pid : -1;
}

/* For people only: where it cannot be written, the lock holds all the same. */
static void write_pid(int fd)
{
	char text[24];
	int n = snprintf(text, sizeof text, "%d\n", (int)getpid());
	bool done = ftruncate(fd, 0) == 0 && TEMP_FAILURE_RETRY(pwrite(fd, text, (size_t)n, 0)) == n;
	(void)done;
}

static int lock(int fd, pid_t *holder)
{
	struct stat st;
	if (fstat(fd, &st) < 0)
		return -1;
	if (!S_ISREG(st.st_mode)) {
		errno = EINVAL;
		return -1;
	}
	int r = TEMP_FAILURE_RETRY(flock(fd, LOCK_EX | LOCK_NB));
	int error = errno;
	pid_t pid = read_pid(fd);
	*holder = pid > 0 ? pid : 0;
	if (r == 0 && pid >= 0)
		write_pid(fd);
	errno = error;
	return r;
}

int lock_take(const char *path, pid_t *holder)
{
	/* without blocking: it may be anything, a FIFO for one */
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);
	*holder = 0;
	if (fd < 0 || lock(fd, holder) == 0)
		return fd;
	int error = errno;
	close(fd);
	errno = error;
	return -1;
}

void lock_free(int fd)
{
	if (fd < 0)
		return;
	bool struck_out = read_pid(fd) == getpid() && ftruncate(fd, 0) == 0;
	(void)struck_out;
	close(fd);
}
