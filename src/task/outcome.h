/* SPDX-License-Identifier: MIT
 *
 * outcome: how an attempt ended.
 */
#ifndef TASK_OUTCOME_H
#define TASK_OUTCOME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One list gives the enum and the names (FORKPOOL_OUTCOME has the names). */
#define OUTCOMES(X) \
	X(EXITED, "exited")           /* code: its exit status */ \
	X(SIGNALLED, "signalled")     /* code: the signal */ \
	X(TIMED_OUT, "timed out")     /* code: the signal that ended it, 0 if it exited by itself */ \
	X(NOT_STARTED, "not started") /* code: errno of what failed; 0: refused, or its directory cannot be entered */ \
	X(LOST, "lost")               /* its worker died under it; or that's command, code: of which signal, or 0 */ \
	X(TERMINAL, "wanted the terminal") /* stopped by SIGTTIN or SIGTTOU, then killed; code: which */ \
	X(NO_RESOURCES, "no resources")    /* nothing ran for want of processes, fds or memory: try again */

enum outcome_kind {
#define X(name, text) OUTCOME_##name,
	OUTCOMES(X)
#undef X
	OUTCOME_KINDS
};

#define OUTCOME_REASON_MAX 160

struct outcome {
	enum outcome_kind kind;
	int code;
	bool stopped;        /* forkpool itself ended it: halt or signal */
	int64_t pid;         /* of the task's process, 0 if none started */
	uint64_t runtime_ns; /* monotonic, from before fork to reaped */
	uint64_t utime_us, stime_us; /* getrusage(2), the task and what it waited for */
	uint64_t maxrss_kib;
	char reason[OUTCOME_REASON_MAX]; /* of LOST and NOT_STARTED, in words; "": what their codes say */
};

const char *outcome_name(enum outcome_kind kind);

/* Exited with status 0? */
bool outcome_ok(const struct outcome *o);

/* What a shell would have as $?, 0 to 255:
 *
 *   exited               its exit status
 *   signalled            128 and the signal
 *   wanted the terminal  128 and the signal that stopped it, as a shell has it of a job
 *   timed out            124, as timeout(1) has it
 *   not started          127: it was not found; 126: it could not be executed; 125: that was not tried
 *   lost, no resources   125: the fault is forkpool's */
int outcome_status(const struct outcome *o);

/* The signal that ended it, or stopped it; 0: none did. */
int outcome_signal(const struct outcome *o);

/* "exit 3", "killed by SIGSEGV", "timed out after 1.0 s", ... into `text`, cut at `size` - 1. */
void outcome_describe(const struct outcome *o, char *text, size_t size);

#endif
