/* SPDX-License-Identifier: MIT
 *
 * verdict: what the run has come to so far, and the lines on stderr that say so.
 */
#ifndef OBSERVE_VERDICT_H
#define OBSERVE_VERDICT_H

#include <stdbool.h>

#include "pool/observer.h"

struct verdict {
	struct observer observer; /* first: events come in through it */
	bool verbose;             /* -t: name each command as it starts */
	bool names_program;       /* one program for all tasks: what hinders one hinders all */
	bool remarked;            /* what any worker may say has been said, or nobody wants to hear it */
	bool failed;              /* a task failed in the end, or a worker says that the run has */
	int condemned;            /* 126 or 127: that program cannot be executed; 0 otherwise */
};

/* `quiet`: without remarks. */
void verdict_open(struct verdict *v, bool verbose, bool quiet, bool names_program);

/* "task 3 (line 7): WHAT: COMMAND" as a warning; `slot` 0: none. */
void verdict_warn(const struct task *t, unsigned slot, const char *what);

#endif
