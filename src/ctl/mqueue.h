/* SPDX-License-Identifier: MIT
 *
 * mqueue: message queues with names, and who waits at them. Pure: no fds, no clock, no JSON.
 *
 * Messages go first in, first out. Who gets one has it as a delivery, until it is acknowledged or given back; given back it
 * is the first again, in its old place among others that are. A delivery still counts as in the queue for its room, so that
 * what is given back always fits. A queue that is closed has come to its end when nothing is in it, no delivery either: until
 * then a message may come back for those that wait to get.
 *
 * Those who wait are served in the order in which they came: at each queue those that get, and those that put; and where only
 * memory is wanting, those that put to any queue, so that small messages do not overtake a large one for ever. Queues take
 * of the same memory, and none is made while others wait for it. Every function serves whoever can be served then, by
 * `served`, from which none of these functions may be called but mqueue_cancel. What the messages of those who wait may take
 * is for the caller to bound.
 *
 * Life cycle: mqueues_init, mqueue_create ..., mqueue_delete, mqueues_clear.
 */
#ifndef CTL_MQUEUE_H
#define CTL_MQUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/heap.h"

#define MQUEUE_NAME_MAX 255

/* What a message costs beside its bytes, and a queue beside its name. */
#define MESSAGE_OVERHEAD 64
#define MQUEUE_OVERHEAD 256

struct mqueue;

struct message {
	struct heap_item turn; /* in its queue; zeroed: it is a delivery, or not put yet */
	struct mqueue *queue;  /* borrowed; NULL: not put yet */
	uint64_t number;       /* from 1, over all queues, in the order in which they were put; 0: not put yet */
	size_t len;
	char bytes[];
};

/* How putting or getting came out. */
enum mqueue_answer {
	MQUEUE_DONE,
	MQUEUE_WAIT,      /* no room, no message: not now. The waiter stands in line then, if there is one */
	MQUEUE_END,       /* closed: nothing can be put, or nothing will ever be left to get */
	MQUEUE_TOO_LARGE, /* larger than what the queues leave for messages */
	MQUEUE_GONE,      /* the queue was deleted meanwhile */
};

/* One who waits; lives in its owner's struct. Zeroed it stands nowhere. */
struct mqueue_waiter {
	struct heap_item turn;
	struct mqueue *queue;    /* borrowed; NULL: it stands nowhere */
	struct message *message; /* owned; what it wants to put; NULL: it wants to get */
	void *owner;             /* borrowed */
};

struct mqueues {
	struct mqueue *queues;   /* owned; by name, in the order in which they were made */
	size_t bytes_max;        /* of queues and messages together */
	size_t bytes;            /* of all messages in queues, deliveries included, with MESSAGE_OVERHEAD for each */
	size_t queue_bytes;      /* of the queues, with MQUEUE_OVERHEAD for each */
	uint64_t last_number;    /* of a message */
	uint64_t last_arrival;   /* of one who waits */
	struct heap line;        /* queues that have room for one who waits to put, by when the first one came */
	bool serving;            /* that line is being served */
	/* The waiter stands nowhere any more: its `answer` is DONE, END, TOO_LARGE or GONE. `m`: what it has got, a delivery now (borrowed),
	 * or what it has put (borrowed; it is in the queue); NULL otherwise, and what it wanted to put is freed. */
	void (*served)(void *arg, struct mqueue_waiter *w, enum mqueue_answer answer, struct message *m);
	void *arg;               /* borrowed */
};

struct mqueue_state {
	const char *name;    /* borrowed until the queue is deleted */
	uint64_t maxsize;    /* 0: no limit */
	uint64_t size;       /* messages that can be got */
	bool full, closed;   /* full: who puts, however little, has to wait: `maxsize` messages are in it, deliveries included,
	                      * or there is no memory, or others wait */
};

/* Zeroes `qs` but for `served` and `arg`, which are the caller's. */
void mqueues_init(struct mqueues *qs, size_t bytes_max);

/* Free all queues with their messages. Nobody waits any more, and all deliveries have been acknowledged or given back. */
void mqueues_clear(struct mqueues *qs);

/* NULL and errno: EEXIST; EINVAL for a name that is empty, longer than MQUEUE_NAME_MAX or holds control bytes; ENOSPC: there
 * is no memory, or others wait for it. */
struct mqueue *mqueue_create(struct mqueues *qs, const char *name, uint64_t maxsize);

/* One that was there when an earlier run ended, whatever room there is. */
struct mqueue *mqueue_restore_queue(struct mqueues *qs, const char *name, uint64_t maxsize);
struct mqueue *mqueue_find(const struct mqueues *qs, const char *name);

/* The one that was made after `q`; with NULL, the first of all. NULL: there is none. */
struct mqueue *mqueue_next(const struct mqueues *qs, const struct mqueue *q);
size_t mqueue_count(const struct mqueues *qs);

/* No more puts; those that wait to put get END, and so do those that wait to get if nothing is in it, nor delivered. */
void mqueue_close(struct mqueues *qs, struct mqueue *q);

/* Free it with its messages; all that wait get GONE. Its deliveries live until they are acknowledged or given back, which
 * frees them. */
void mqueue_delete(struct mqueues *qs, struct mqueue *q);

struct mqueue_state mqueue_look(const struct mqueues *qs, const struct mqueue *q);

/* A message that is in no queue yet; a copy of the bytes. */
struct message *message_new(const void *bytes, size_t len);
void message_free(struct message *m);

/* Put it, unless others wait to put: then, as when there is no room, WAIT. Takes over the message on DONE, when it
 * is in the queue or delivered already, and on WAIT with a waiter `w` (not NULL), when it is the waiter's; it is the caller's
 * otherwise. */
enum mqueue_answer mqueue_put(struct mqueues *qs, struct mqueue *q, struct message *m, struct mqueue_waiter *w);

/* Put a message that was in the queue when an earlier run ended, with its number, whatever room there is. */
void mqueue_restore(struct mqueues *qs, struct mqueue *q, struct message *m, uint64_t number);

/* Get the first one. On DONE *m is a delivery, borrowed until one of the next two. */
enum mqueue_answer mqueue_get(struct mqueues *qs, struct mqueue *q, struct mqueue_waiter *w, struct message **m);

/* The delivery has arrived: it is freed. */
void mqueue_acknowledge(struct mqueues *qs, struct message *delivery);

/* It has not: it can be got again, before all that were put after it. */
void mqueue_give_back(struct mqueues *qs, struct message *delivery);

/* It waits no more, and what it wanted to put is freed. Nothing if it stands nowhere. */
void mqueue_cancel(struct mqueues *qs, struct mqueue_waiter *w);

#endif
