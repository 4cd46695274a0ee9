/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "process/fds.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

/* No fd from here on was open when forkpool was started. Below it, ours are those that are
 * close-on-exec: what came through an exec cannot be. */
static int own_from = 256;

void fds_init(void)
{
	DIR *fds = opendir("/proc/self/fd");
	if (!fds)
		return;
	own_from = 3;
	for (struct dirent *e; (e = readdir(fds)); ) {
		int fd = atoi(e->d_name);
		if (fd >= own_from && fd != dirfd(fds))
			own_from = fd + 1;
	}
	closedir(fds);
}

static void close_all(int from, int to)
{
	if (from > to)
		return;
#ifdef HAVE_CLOSE_RANGE
	if (close_range((unsigned)from, (unsigned)to, 0) == 0)
		return;
#endif
	int end = (int)sysconf(_SC_OPEN_MAX);
	for (int fd = from; fd <= to && fd < end; fd++)
		close(fd);
}

/* The lowest of `keep` at or above `fd`, INT_MAX if there is none. */
static int next_kept(const int *keep, int n, int fd)
{
	int next = INT_MAX;
	for (int i = 0; i < n; i++)
		if (keep[i] >= fd && keep[i] < next)
			next = keep[i];
	return next;
}

/* Another worker's pipe that stays open here would never come to its end. */
void fds_close_others(const int *keep, int n)
{
	for (int fd = 3; fd < own_from; fd++) {
		int flags = fcntl(fd, F_GETFD);
		if (flags >= 0 && flags & FD_CLOEXEC && next_kept(keep, n, fd) != fd)
			close(fd);
	}
	int from = own_from;
	for (int kept; (kept = next_kept(keep, n, from)) != INT_MAX; from = kept + 1)
		close_all(from, kept - 1);
	close_all(from, INT_MAX);
}
