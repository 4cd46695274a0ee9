/* SPDX-License-Identifier: MIT
 *
 * backlog: the tasks that a worker has been sent and has not started, first come first served. Pure.
 *
 * What their commands are made of stands end to end in one buffer, so that neither their number nor the length of one
 * that is gone costs anything. Life cycle: all zero is an empty one; backlog_clear frees it.
 */
#ifndef WORKER_BACKLOG_H
#define WORKER_BACKLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "proto/msg.h"

/* A task as it was sent, but for its strings. */
struct assignment {
	uint64_t seq; /* 0: the initializer */
	uint32_t attempt, slot, n_words;
	uint8_t flags;
	size_t len;           /* of the words, all NULs included */
	size_t directory_len; /* of the directory, its NUL included; 0: the worker's own */
};

struct backlog {
	struct buf assignments, strings; /* owned; of all, in their order */
	size_t count;
};

/* Append the task of a TASK message, copied. False: it is none that keeps to the protocol. */
bool backlog_add(struct backlog *b, const struct msg *m);

/* The first one, which is there: its words replace what is in `strings`, and behind them its directory, if it has one. */
struct assignment backlog_take(struct backlog *b, struct buf *strings);

/* Forget task `seq` and all behind it; all there are, if it is gone before them. The first of them, 0 if there are
 * none. */
uint64_t backlog_cut(struct backlog *b, uint64_t seq);

void backlog_clear(struct backlog *b);

#endif
