/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "base/wait.h"

#include <errno.h>
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
