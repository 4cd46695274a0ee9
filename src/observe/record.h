/* SPDX-License-Identifier: MIT
 *
 * record: what one task has written and what of it has not gone out yet.
 *
 * There are two lists. Records of tasks that are not over stand in the one from the oldest to the newest; records that
 * may go out, or some of which may, stand in the other, the queue. A record can be in both; in neither it is when its
 * task is over and its turn has not come.
 * It owns the stored bytes and a hold on its task. It knows nothing of modes and order, nor of where bytes go: which of
 * them may go out, and when, is output's to say.
 *
 * Life cycle: records zeroed but for `store`; record_new, record_add as bytes come, record_finish when its task is
 * over; record_enqueue, record_peek and record_drop until nothing is left, record_dequeue, record_free.
 */
#ifndef OBSERVE_RECORD_H
#define OBSERVE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/spool.h"
#include "task/task.h"

/* Two streams: [0] is standard output, [1] standard error; `s` below says which. */
struct record {
	struct record *next;           /* in the queue */
	struct record *older, *newer;  /* all records of tasks that are not over */
	struct task *task;             /* held; NULL for what is no task's */
	struct spool data[2];
	uint64_t lines[2];             /* line mode: bytes up to the last newline */
	bool done, live, queued;       /* live: it goes out as it comes */
	bool mid_line[2];              /* its last byte that went out was no newline */
};

struct records {
	struct store *store;            /* borrowed; of all their spools */
	struct record *head, *tail;     /* owned; the queue */
	struct record *oldest, *newest; /* owned; of tasks that are not over */
	uint64_t done_bytes;            /* in queued records that are over */
};

/* A record of the task, which it holds and whose `output` it becomes; or of no task (NULL): the caller sets `done`. */
struct record *record_new(struct records *rs, struct task *t);

/* Its task is over: no more will come. */
void record_finish(struct records *rs, struct record *r);

/* Free it. It must be in no list. */
void record_free(struct records *rs, struct record *r);

/* To the end of the queue, if it does not stand in it; and the head out of it. */
void record_enqueue(struct records *rs, struct record *r);
void record_dequeue(struct records *rs);

/* Append a copy of what it wrote. */
void record_add(struct records *rs, struct record *r, int s, const char *bytes, size_t len);

/* Line mode: set `lines` by what was just added. True if a line has ended in it. */
bool record_count_lines(struct record *r, int s, const char *bytes, size_t len);

/* Forget what has been written and has not gone out. */
void record_discard(struct records *rs, struct record *r, int s);

/* The next bytes, taken off the front by record_drop, or, if they are in a file, moved from there to `fd` by
 * record_send: see spool_peek, spool_drop and spool_send. */
ssize_t record_peek(struct records *rs, struct record *r, int s, const char **bytes);
void record_drop(struct records *rs, struct record *r, int s, size_t n);
size_t record_send(struct records *rs, struct record *r, int s, int fd, uint64_t most);

/* Free all that are queued, with what has not gone out. */
void records_clear(struct records *rs);

#endif
