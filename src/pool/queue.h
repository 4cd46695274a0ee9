/* SPDX-License-Identifier: MIT
 *
 * queue: the tasks that wait for a worker, in the order in which they will get one.
 *
 * New tasks go to its end. One that comes back from a worker goes to its front, before all that are new. Knows nothing
 * of the pool, nor of how many may wait. Life cycle: all zero is an empty queue; it is over when queue_take gives NULL.
 */
#ifndef POOL_QUEUE_H
#define POOL_QUEUE_H

#include <stddef.h>

#include "task/task.h"

struct queue {
	struct task *first, *last; /* owned, with their holds; linked by their `next` */
	size_t count;
	size_t returned;           /* so many of the first ones had been given to a worker before */
};

/* A new task, behind all others. Takes over the hold. */
void queue_add(struct queue *q, struct task *t);

/* A task that had been taken, first of all again. Takes over the hold. */
void queue_return(struct queue *q, struct task *t);

/* The first one, with its hold; NULL: none waits. */
struct task *queue_take(struct queue *q);

#endif
