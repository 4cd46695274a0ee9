/* SPDX-License-Identifier: MIT
 *
 * guard: a forked process that runs one command and answers for all that the command starts: when it is over,
 * or when forkpool dies, nothing of it is left. It ends as the command ended.
 */
#ifndef WORKER_GUARD_H
#define WORKER_GUARD_H

#include <stdbool.h>
#include <sys/types.h>

#include "process/spawn.h"

struct guard_spec {
	const char *command;  /* shell text */
	char *const *envp;
	int stdin_fd, stdout_fd, stderr_fd; /* borrowed */
	bool leave;           /* background processes that it leaves may live */
	const struct spawn_origin *origin;
};

/* Start it: the guard's pid, a child to be reaped by the caller; -1 and errno. If the command cannot be
 * started, the guard exits with 126. */
pid_t guard_start(const struct guard_spec *spec);

/* SIGTERM, SIGKILL, SIGSTOP or SIGCONT for the command. */
void guard_signal(pid_t guard, int signo);

#endif
