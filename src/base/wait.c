/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "base/wait.h"

#include <errno.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int wait_for_fds(struct pollfd *fds, nfds_t n, int timeout_ms)
{
	return (int)TEMP_FAILURE_RETRY(poll(fds, n, timeout_ms));
}

void wait_for_child(pid_t pid)
{
	(void)TEMP_FAILURE_RETRY(waitpid(pid, NULL, 0));
}

/* Kernels before 5.3 know no pidfd, and one may be more than the limit allows: then look every millisecond. */
bool wait_for_child_ms(pid_t pid, int timeout_ms)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (fd >= 0) {
		wait_for_fds(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, timeout_ms);
		close(fd);
	}
	for (int ms = fd >= 0 ? timeout_ms : 0; ; ms++) {
		if (waitpid(pid, NULL, WNOHANG) != 0)
			return true;
		if (ms >= timeout_ms)
			return false;
		wait_for_fds(NULL, 0, 1);
	}
}
