/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "agent.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/report.h"
#include "worker/worker.h"

/* Nothing that a task prints or reads may touch the channel: it moves away from 0 and 1. */
int agent_run(const struct spawn_origin *origin)
{
	int rfd = fcntl(0, F_DUPFD_CLOEXEC, 3);
	int wfd = fcntl(1, F_DUPFD_CLOEXEC, 3);
	int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (rfd < 0 || wfd < 0 || null_fd < 0 || dup2(null_fd, 0) < 0 || dup2(2, 1) < 0)
		die_sys(EXIT_FORKPOOL, "--agent: cannot serve on standard input and output");
	close(null_fd);
	return worker_serve(rfd, wfd, getppid(), origin, -1);
}
