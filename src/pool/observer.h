/* SPDX-License-Identifier: MIT
 *
 * observer: what happens in the pool, told to whoever wants to know.
 *
 * Observers consume events and never call the pool; what they need of it they say in their struct.
 */
#ifndef POOL_OBSERVER_H
#define POOL_OBSERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "task/outcome.h"
#include "task/task.h"

enum pool_event_kind {
	POOL_ACCEPTED, /* the task has come to the pool; places are without gaps */
	POOL_GIVEN,    /* an attempt, counted already, is about to go to a worker: from now on it may run */
	POOL_STARTED,  /* ... and the worker has nothing else to do first */
	POOL_OUTPUT,   /* a piece of what it wrote; without a task: an initializer */
	POOL_RETURNED, /* what was given has come back unstarted, and counts no more as an attempt; it may have been taken for
	                * started, when nothing was left to start it with */
	POOL_FAILED,   /* the attempt failed and the task will be tried again */
	POOL_FINISHED, /* the task is over; `outcome` is final */
	POOL_DROPPED,  /* the task will not be run: forkpool is stopping */
	POOL_NOTE,     /* a worker has something to say; `task` may be NULL */
};

struct pool_event {
	enum pool_event_kind kind;
	struct task *task;  /* borrowed; task_hold keeps it */
	unsigned slot;      /* from 1; 0 if it was in none */
	unsigned stream;    /* OUTPUT: 1 or 2 */
	const char *bytes;  /* OUTPUT, NOTE: borrowed */
	size_t len;
	bool failure;       /* NOTE: it makes the run fail */
	bool remark;        /* NOTE: other workers may say the same */
	const struct outcome *outcome; /* FAILED, FINISHED, DROPPED: borrowed */
	const char *host;   /* of the worker; borrowed; "" if unknown */
};

struct observer {
	void (*on_event)(struct observer *o, const struct pool_event *e);
	struct observer *next; /* borrowed */

	/* read by the pool after every turn */
	bool full;    /* start nothing more for now */
	bool choked;  /* take no output from the workers, but for that of the task in this place; 0: from none */
	uint64_t only_place;
};

#endif
