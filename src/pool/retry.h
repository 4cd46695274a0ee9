/* SPDX-License-Identifier: MIT
 *
 * retry: tasks that failed and wait until it is time for their next attempt.
 *
 * How long that is, is pure arithmetic (retry_wait_ns): exponential backoff with "equal jitter", half of it fixed and
 * half at random, so that tasks that failed together do not come back together, and none comes back at once.
 * Knows timers and tasks, not the pool. Life cycle: retry_open; retry_hold; to give up early retry_take until NULL.
 */
#ifndef POOL_RETRY_H
#define POOL_RETRY_H

#include <stddef.h>
#include <stdint.h>

#include "base/loop.h"
#include "task/task.h"

/* The wait grows to this, or stays what it is if it is longer from the start. */
#define RETRY_WAIT_MAX_NS (UINT64_C(86400) * 1000000000)

struct retry_policy {
	uint64_t delay_ns; /* before the second attempt; 0: no wait at all */
	double factor;     /* by which each wait is longer than the one before it; at least 1 */
};

/* The wait after the attempt of this number, from 1. `random` is from [0, 1): the wait is that part of its upper
 * half. */
uint64_t retry_wait_ns(const struct retry_policy *policy, unsigned attempt, double random);

struct retry_entry;

struct retry {
	struct retry_policy policy;
	struct loop *loop;          /* borrowed */
	struct retry_entry *first;  /* owned, with the holds on their tasks */
	size_t count;
	unsigned short random[3];   /* erand48(3) */
	void (*again)(void *arg, struct task *t); /* its time has come; takes over the hold */
	void *arg;
};

/* Fills policy, loop, again and arg from `init`. */
void retry_open(struct retry *r, const struct retry *init);

/* Keep the task, whose attempt has failed, for its wait. Takes over the hold. */
void retry_hold(struct retry *r, struct task *t);

/* The task `seq`, with its hold; NULL: it does not wait here. */
struct task *retry_remove(struct retry *r, uint64_t seq);

/* Any one that waits, with its hold; NULL: none does. */
struct task *retry_take(struct retry *r);

#endif
