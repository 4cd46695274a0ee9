/* SPDX-License-Identifier: MIT
 *
 * queue: the tasks that wait for a worker, in the order in which they will get one.
 *
 * New tasks go to its end. Those that come back from a worker go to its front, before all that are new, in the order of
 * their places. Knows nothing of the pool, nor of how many may wait. Life cycle: all zero is an empty queue; it is over
 * when queue_take gives NULL.
 */
#ifndef POOL_QUEUE_H
#define POOL_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "task/task.h"

struct queue {
	struct task *first, *last; /* owned, with their holds; linked by their `next` and `prev` */
	struct task *by_seq;       /* the same as an index, once one of them was wanted; NULL: none */
	size_t count;
	size_t bytes;              /* of their commands, names and directories */
	size_t returned;           /* so many of the first ones had been given to a worker before */
};

/* A new task, behind all others. Takes over the hold. */
void queue_add(struct queue *q, struct task *t);

/* A task that had been taken, before all new ones again. Takes over the hold. */
void queue_return(struct queue *q, struct task *t);

/* The same for all of `back`, which is empty then. */
void queue_return_all(struct queue *q, struct queue *back);

/* The task `seq`, which stays in it; NULL: it does not stand there. */
struct task *queue_find(const struct queue *q, uint64_t seq);

/* The same, but taken out, with its hold. */
struct task *queue_remove(struct queue *q, uint64_t seq);

/* Cut the queue before the task `seq`: that one and all behind it are in `rest` then, as new ones. False: it does not
 * stand there, and `rest` is empty. */
bool queue_cut(struct queue *q, uint64_t seq, struct queue *rest);

/* The first one, with its hold; NULL: none waits. */
struct task *queue_take(struct queue *q);

#endif
