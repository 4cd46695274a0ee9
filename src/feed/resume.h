/* SPDX-License-Identifier: MIT
 *
 * resume: what a job log says has been done, and what is left to do.
 *
 * A task is known by its text and occurrence (task/known.h). Records with equal Seq and command are attempts of one
 * task, the last one counts. The text is read again from the file to compare.
 *
 * Life cycle: resume_open reads the whole log; resume_take once for each task of the input, or resume_next until
 * there is none; resume_close. It never writes.
 */
#ifndef FEED_RESUME_H
#define FEED_RESUME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "task/known.h"

enum resume_state {
	RESUME_NEW,        /* the log does not know it */
	RESUME_UNFINISHED, /* its record is torn */
	RESUME_FAILED,
	RESUME_SUCCEEDED,
};

struct resume {
	int fd;                       /* borrowed */
	struct known known;           /* its tasks, with enum resume_state; `at`: where the last record begins. While the log is
				       * read, its records */
	uint64_t last_seq;            /* the highest of the log */
	off_t end;                    /* behind its last whole record; what follows is torn */
	bool torn;
	size_t next;                  /* resume_next: where it stands */
	bool changed;                 /* ... which is no longer in the file */
	bool by_seq;                  /* ... for which the entries have been sorted anew */
	struct buf window;            /* a part of the file */
	off_t window_at;
};

/* Read the log at `fd`, written with up to `attempts` attempts a task: a failed task at its very end with fewer is
 * one whose record was torn between two of them. -1 with *why a message to free that names the line, if it is
 * no job log or damaged. */
int resume_open(struct resume *r, int fd, unsigned attempts, char **why);
void resume_close(struct resume *r);

/* What became of the next task with this text; sets *seq unless it is new. Counts as one occurrence. */
enum resume_state resume_take(struct resume *r, const char *command, size_t len, uint64_t *seq);

/* The next failed or unfinished task of the log, in the order of Seq: its text, borrowed until the next call, with
 * newlines as such. False when there are no more, or the file has been changed meanwhile. */
bool resume_next(struct resume *r, const char **command, size_t *len, uint64_t *seq);

#endif
