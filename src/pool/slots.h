/* SPDX-License-Identifier: MIT
 *
 * slots: what pool.c and link.c share: the records of slots and of links to workers. Nobody else's.
 */
#ifndef POOL_SLOTS_H
#define POOL_SLOTS_H

#include "pool/pool.h"
#include "proto/channel.h"

/* A worker, as seen from here. It outlives its place in the slot when it is replaced. */
struct link {
	struct pool *pool;
	struct link *next, *prev;
	struct slot *slot;      /* NULL: on its way out */
	struct channel channel;
	struct watch readable, writable;
	pid_t pid;
	bool ready;             /* it has said READY */
	bool paused;            /* its output is not taken for now */
	uint64_t given;         /* tasks */
	char *host;             /* owned */
};

struct slot {
	struct sched_slot sched; /* first: sched hands back pointers to it */
	struct pool *pool;
	unsigned number;        /* from 1 */
	struct link *link;
	struct task *current, *ahead; /* owned holds */
	struct timer timer;     /* to TERM, then to KILL */
	uint64_t began_ns;      /* the current attempt, by loop_now; 0: none, or it has not begun */
	uint64_t limit_ns;      /* by which it was told to end */
	bool timed_out;         /* the current attempt has been told to end, for its time is up */
	bool stopped;           /* ... because forkpool stops */
};

/* link.c */

/* A new worker for `slot`. -1 and errno. */
int link_open(struct slot *slot);

/* No more tasks for it: it ends when it has read that, and is reaped then. */
void link_retire(struct link *link);

void link_send(struct link *link, const struct msg *m);

/* Write what is queued and watch for room if it does not all go. */
void link_flush(struct link *link);

/* Take its output, or leave it where it is. */
void link_pause(struct link *link, bool paused);

/* Kill it if it lives, reap it, free it. */
void link_close(struct link *link);

/* pool.c */

/* Tell the observers; slot and host are filled in. */
void pool_emit_for(const struct slot *slot, struct pool_event e);

/* A task that was given to a worker and has not been started waits again, first of all. */
void pool_give_back(struct pool *p, struct task *t);

/* A task whose attempt has failed waits for the next one: its time, then its turn, first of all. */
void pool_try_again(struct pool *p, struct task *t);

/* The pool cannot go on; the first reason counts. `why` is taken over. */
void pool_fail(struct pool *p, char *why);

/* limit.c */

/* The slot's current task begins now, as far as can be known here. */
void pool_begin_current(struct slot *slot);

/* An attempt has succeeded. */
void pool_note_runtime(struct pool *p, uint64_t runtime_ns);

/* End what it runs, as hard as the pool's `stop` says. */
void pool_stop_slot(struct slot *slot);

/* There are not enough processes, fds or memory (`error`) for more than what is busy now: wait with the rest. */
void pool_do_with_less(struct pool *p, int error);

/* answer.c: what the messages of a worker lead to */

void pool_on_ready(struct slot *slot);
void pool_on_output(struct slot *slot, const struct msg *m);
void pool_on_done(struct slot *slot, const struct msg *m);
void pool_on_started(struct slot *slot);
void pool_on_revoked(struct slot *slot);
void pool_on_note(struct slot *slot, struct bytes text);

/* It cannot serve, and says why. */
void pool_on_failed(struct slot *slot, struct bytes reason);

/* The worker is gone: what it ran is lost. */
void pool_on_death(struct slot *slot, bool was_ready);

#endif
