/* SPDX-License-Identifier: MIT
 *
 * environment: what a command finds in its environment: this process's own, what is added, and for a task
 * FORKPOOL_SEQ, _SLOT and _ATTEMPT. Made once; the three numbers are written in place from task to task.
 */
#ifndef PROCESS_ENVIRONMENT_H
#define PROCESS_ENVIRONMENT_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct environment {
	char **entries;  /* owned array; strings borrowed from environ and `added` */
	char *added;     /* owned */
	const char *path; /* borrowed */
	char seq[40], slot[40], attempt[40];
};

/* `added`: `len` bytes of NAME=VALUE, each with a NUL behind it; they replace entries of the same name. */
void environment_init(struct environment *e, const char *added, size_t len);
void environment_clear(struct environment *e);

/* The entries for one attempt, borrowed until the next call. `seq` 0: without the three numbers. */
char **environment_for(struct environment *e, uint64_t seq, uint32_t slot, uint32_t attempt);

/* PATH, or what the system searches without one. */
const char *environment_path(const struct environment *e);

#endif
