/* SPDX-License-Identifier: MIT
 *
 * environment: what a command finds in its environment: this process's own, what is added, and for a task
 * FORKPOOL_SEQ, _SLOT and _ATTEMPT, and PWD if it has a directory of its own. Made once; these four are written in place
 * from task to task.
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
	struct buf pwd;  /* owned; PWD of the last that had a directory of its own */
	char **pwd_entry; /* where in `entries` PWD is, or would be: behind the last of them */
	char *own_pwd;   /* what is there for all others; NULL: nothing */
};

/* `added`: `len` bytes of NAME=VALUE, each with a NUL behind it; they replace entries of the same name. */
void environment_init(struct environment *e, const char *added, size_t len);
void environment_clear(struct environment *e);

/* The entries for one attempt, borrowed until the next call. `seq` 0: without the three numbers. `directory`: what PWD
 * says, which shells and others trust; NULL: what it says here. */
char **environment_for(struct environment *e, uint64_t seq, uint32_t slot, uint32_t attempt, const char *directory);

/* PATH, or what the system searches without one. */
const char *environment_path(const struct environment *e);

#endif
