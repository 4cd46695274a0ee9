/* SPDX-License-Identifier: MIT
 *
 * shortage: how many workers there is room for, as learnt from what could not be started. Pure: its owner tells it
 * what happened and when, and keeps the timer.
 *
 * What is busy when something fails has found room, so that many workers stay. More are tried after a pause; if that
 * fails too, the next pause is twice as long, if not, half as long. Where not even one task can be started there is
 * a rest: nothing is, until the pause is over or a worker has gone, which leaves room.
 */
#ifndef POOL_SHORTAGE_H
#define POOL_SHORTAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"

#define SHORTAGE_PAUSE_NS (300 * NS_PER_MS) /* the first pause */
#define SHORTAGE_PAUSE_MAX_NS (8 * SHORTAGE_PAUSE_NS)

struct shortage {
	size_t cap;        /* workers at most; 0: there is no shortage */
	bool resting;      /* start nothing */
	bool tried;        /* what failed before, and has not failed since */
	int error;         /* errno of what failed last */
	uint64_t pause_ns; /* until more is tried */
	uint64_t idle_ns;  /* the pauses that have passed since anything ran */
};

/* Something could not be started, for `error`, while `busy` workers had a task: wait for pause_ns. */
void shortage_met(struct shortage *s, int error, size_t busy);

/* A worker is gone: what it took is free. */
void shortage_eased(struct shortage *s);

/* The pause is over: more may be tried than the `workers` of now. True if another pause follows; false if the
 * shortage is over, because as many as are `wanted` have been tried and nothing has failed. */
bool shortage_retry(struct shortage *s, size_t workers, size_t wanted);

/* What can be done about an errno of a shortage. */
const char *shortage_remedy(int error);

#endif
