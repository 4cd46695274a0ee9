/* SPDX-License-Identifier: MIT
 *
 * spawn: start one command, in a process group of its own, with nothing of forkpool's but its
 * standard fds. Says why that failed, and prints nothing.
 *
 * Life cycle: spawn_init once in the process that spawns (after every fork of it: the page that a
 * child reports on is not shared between parents), then spawn as often as wanted.
 */
#ifndef PROCESS_SPAWN_H
#define PROCESS_SPAWN_H

#include <stdbool.h>
#include <sys/resource.h>
#include <sys/types.h>

/* What forkpool was started with and changed for itself; every command gets it back. */
struct spawn_origin {
	bool sigchld_ignored;
	bool nofile_raised;
	struct rlimit nofile;
};

struct spawn_request {
	const char *file; /* to execute as it is; NULL: argv[0], looked up */
	/* argv[0] is looked up in PATH as execvp(3) does. argv[-1] must be writable: a script without
	 * "#!" is run as `sh argv[0] ...`. */
	char **argv;
	char *const *fallback_argv; /* tried as it is if argv cannot be executed; or NULL */
	char *const *envp;
	const char *path;           /* what PATH says */
	const char *directory;      /* to enter before all this is looked up; NULL: none */
	int stdin_fd, stdout_fd, stderr_fd; /* borrowed; 0, 1 and 2 stay as they are */
};

struct spawn_result {
	pid_t pid; /* > 0: it runs; -1: it does not */
	int error; /* errno of what failed then */
	bool outside; /* and that was to enter the directory */
};

/* -1 and errno if the page cannot be had. `origin` is borrowed for good. */
int spawn_init(const struct spawn_origin *origin);

/* From now on every command gets a niceness that is so much higher than this process's, within -20 to 19; also those of
 * processes that this one forks later. -1 and errno (EACCES) if it must not be that low. */
int spawn_nice(int increment);

/* In a child, before exec: give back what `origin` says was changed. -1 and errno. Async-signal-safe. */
int spawn_restore(const struct spawn_origin *origin);

/* The child has ended: what failed after spawn returned, error 0 if it was executed. Only where vfork does not wait
 * (valgrind) is it ever anything else. */
struct spawn_result spawn_late_result(void);

/* Does this errno say that there is too little of something now: processes, memory, fds? */
bool spawn_is_shortage(int error);

/* Start it. The child is killed when the calling process dies. All signals must be blocked by the caller;
 * the child has none blocked. A child that failed before exec has been reaped. */
struct spawn_result spawn(const struct spawn_request *request);

#endif
