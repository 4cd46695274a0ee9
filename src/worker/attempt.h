/* SPDX-License-Identifier: MIT
 *
 * attempt: one command, from its start until nothing of it is left. Knows processes and pipes, not the wire.
 *
 * It goes through these states: IDLE, nothing runs; RUNNING, the command's process lives; LEAVING, it is
 * dead, but has left processes behind, which are being ended; OVER, its outcome and the last of its output
 * are there to be taken (then attempt_rest). The end of a process and the end of its output are two facts:
 * OVER waits for the first, and takes from the pipes what is in them then.
 */
#ifndef WORKER_ATTEMPT_H
#define WORKER_ATTEMPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "process/capture.h"
#include "task/outcome.h"
#include "worker/prefork.h"

enum attempt_state {
	ATTEMPT_IDLE,
	ATTEMPT_RUNNING,
	ATTEMPT_LEAVING,
	ATTEMPT_OVER,
};

struct attempt {
	enum attempt_state state;
	bool leave;              /* --leave: what a finished command leaves may live */
	pid_t pid;
	const char *directory;   /* as in its spec */
	uint64_t started_ns;
	uint64_t leave_until_ns; /* of LEAVING: when to go on to the next step */
	bool executed;           /* and not a copy of a template */
	bool told_to_end;        /* by a signal from above: what it leaves is not what --leave means */
	bool killing;            /* everything gets SIGKILL until nothing is left */
	struct outcome outcome;
	struct capture out, err;
	struct buf escaped;      /* names of what could not be ended, for the user; empty: nothing */
	struct buf spared;       /* pids of what finished commands have left: --leave, or it cannot be ended */
	struct buf told;         /* of LEAVING: pids of those that have been asked to end */
	struct buf argv_space;   /* reused from one to the next */
	struct prefork *prefork; /* borrowed, never NULL; its templates are children too, and stay */
};

struct attempt_spec {
	char *words;      /* borrowed until it is over: n_words words, each with a NUL behind it */
	size_t n_words;
	bool shell;       /* one word, for sh -c */
	bool direct;      /* ... that may be split at blanks and executed without a shell */
	bool capture;     /* its output; otherwise it has this process's */
	bool prefork;     /* it may be a copy of a template */
	bool to_err;      /* its standard output goes where its standard error goes */
	char *const *envp;
	const char *path; /* of PATH */
	const char *directory; /* to run it in, absolute, borrowed until it is over; PWD is the caller's to set; NULL: here */
	int stdin_fd;     /* borrowed */
	int *input_wfd;   /* or not NULL: standard input is a pipe, whose other end is put here, the caller's, not blocking */
	int stdout_fd, stderr_fd; /* borrowed; without capture */
};

/* `prefork` is borrowed until attempt_clear. */
void attempt_init(struct attempt *a, struct prefork *prefork);

/* Start it; IDLE before. If it cannot be started it is OVER at once. */
void attempt_start(struct attempt *a, const struct attempt_spec *spec);

/* A signal for its process group; SIGKILL for everything that it has started. */
void attempt_signal(struct attempt *a, int signo);

/* Children may have died: reap them, and see to what is left. */
void attempt_reap(struct attempt *a);

/* LEAVING: go on if it is time. */
void attempt_press(struct attempt *a);

/* OVER to IDLE; what was not taken is forgotten. */
void attempt_rest(struct attempt *a);

/* Kill everything that it ever started, wait until it is gone, and free the memory. */
void attempt_clear(struct attempt *a);

#endif
