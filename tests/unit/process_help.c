/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "process_help.h"

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fdio.h"

int open_fds_of(pid_t pid)
{
	int n = 0;
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
	DIR *fds = opendir(path);
	ck_assert_ptr_nonnull(fds);
	for (struct dirent *e; (e = readdir(fds)); )
		n += e->d_name[0] != '.';
	closedir(fds);
	return n;
}

int open_fds(void)
{
	return open_fds_of(getpid()) - 1; /* its own */
}

int free_fd(int skip)
{
	int low[64], n = 0;
	do
		low[n] = fcntl(0, F_DUPFD_CLOEXEC, 0);
	while (n++ < skip);
	int fd = low[n - 1];
	while (n > 0)
		close(low[--n]);
	return fd;
}

bool becomes_readable(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	return TEMP_FAILURE_RETRY(poll(&p, 1, WAIT_MS)) > 0;
}

const char *read_text(int fd)
{
	static char text[8192];
	size_t len = 0;
	ssize_t n;
	do {
		ck_assert_msg(becomes_readable(fd), "nothing comes, not even the end");
		n = fdio_read(fd, text + len, sizeof text - 1 - len);
		ck_assert_int_ge(n, 0);
		len += (size_t)n;
		ck_assert_uint_lt(len, sizeof text - 1);
	} while (n > 0);
	text[len] = '\0';
	return text;
}

int status_of(pid_t pid)
{
	int status;
	pid_t got = (pid_t)TEMP_FAILURE_RETRY(waitpid(pid, &status, 0));
	ck_assert(pid < 0 ? got > 0 : got == pid);
	return status;
}

bool is_childless(void)
{
	return waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD;
}

void assert_child(int (*run)(void))
{
	pid_t pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		_exit(run());
	ck_assert_int_eq(status_of(pid), 0);
}

bool is_under_valgrind(void)
{
	const char *preload = getenv("LD_PRELOAD");
	return preload && strstr(preload, "vgpreload");
}

static char dir[] = "/tmp/forkpool-unit-XXXXXX";

void make_dir(void)
{
	memcpy(dir + sizeof dir - 7, "XXXXXX", 7);
	ck_assert_ptr_nonnull(mkdtemp(dir));
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void remove_dir(void)
{
	nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

const char *in_dir(const char *name)
{
	static char paths[4][sizeof dir + NAME_MAX + 1];
	static unsigned next;
	char *path = paths[next++ % ARRAY_LEN(paths)];
	snprintf(path, sizeof paths[0], "%s/%s", dir, name);
	return path;
}

const char *write_file(const char *name, const char *text, mode_t mode)
{
	const char *path = in_dir(name);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fdio_write_all(fd, text, strlen(text)), 0);
	ck_assert_int_eq(fchmod(fd, mode), 0);
	close(fd);
	return path;
}
