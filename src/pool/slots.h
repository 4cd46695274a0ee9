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
	struct link *next_posted; /* ... of those with something to write */
	bool posted;
	struct channel channel;
	struct watch readable, writable;
	pid_t pid;
	bool ready;             /* it has said READY */
	bool lingers;           /* on its way out, while its worker command ends */
	bool paused;            /* its output is not taken for now */
	uint64_t given;         /* tasks */
	char *host;             /* owned */
};

struct slot {
	struct sched_slot sched; /* first: sched hands back pointers to it */
	struct pool *pool;
	unsigned number;        /* from 1 */
	struct link *link;
	struct task *current;   /* owned hold */
	struct queue ahead;     /* what was sent besides; it is run in this order */
	uint64_t called;        /* the one of them from which on they are called back, until the answer; 0: none */
	bool doubt;             /* `current` is one of those: has it started, or does it come back? */
	struct timer timer;     /* to TERM, then to KILL */
	uint64_t began_ns;      /* the current attempt, if there may be a limit, by loop_now; 0: none, not begun, or told to end */
	uint64_t limit_ns;      /* by which it was told to end */
	bool held;              /* the current task's output is not taken for now (pool_hold) */
	bool timed_out;         /* the current attempt has been told to end, for its time is up */
	bool stopped;           /* ... because forkpool stops */
};

/* link.c */

/* A new worker for `slot`. -1 and errno. */
int link_open(struct slot *slot);

/* No more tasks for it: it ends when it has read that, and is reaped then. */
void link_retire(struct link *link);

/* Queue a message; it is written by link_flush, or with what else comes in this turn (link_post) at its end. */
void link_send(struct link *link, const struct msg *m);
void link_post(struct link *link, const struct msg *m);

/* Write what is queued and watch for room if it does not all go. */
void link_flush(struct link *link);
void link_flush_posted(struct pool *p);

/* Take its output, or leave it where it is. */
void link_pause(struct link *link, bool paused);

/* Kill it if it lives, reap it, free it. */
void link_close(struct link *link);

/* dispatch.c */

/* Let it happen to the slot, whose tasks are already what they are after it. */
void pool_slot_event(struct slot *slot, enum slot_event event);

/* May it be given more tasks, or has the worker had its share, or is not listened to? */
void pool_note_share(struct slot *slot);

/* Give it the task, with its hold. */
void pool_assign(struct slot *slot, struct task *t);

/* Is nothing to be started? */
bool pool_starts_nothing(const struct pool *p);

/* Ask for half of what was sent ahead to the slot and has not been started. The slot is LOADED or FULL. */
void pool_call_back(struct slot *slot);

/* ... for what is not to be started there, if there is any: all of it if nothing is to be started, there are too many
 * workers or this one is not to be listened to, else what was killed and all behind that. Where a call is under way, its
 * answer leads to the next. */
void pool_call_unwanted_back(struct slot *slot);

/* ... from every slot. */
void pool_call_all_unwanted_back(struct pool *p);

/* An attempt has ended: how long do they take now, and how many may be sent ahead then? A few milliseconds' work: enough
 * for a worker while the parent waits for its turn on a CPU, and nothing that somebody else would wait for. */
void pool_note_pace(struct pool *p, uint64_t runtime_ns);
size_t pool_room_ahead(const struct pool *p);

/* pool.c */

/* Tell the observers; for a slot, its number and host are filled in. */
void pool_emit(const struct pool *p, const struct pool_event *e);
void pool_emit_for(const struct slot *slot, struct pool_event e);

/* The task will not be run, since the pool stops. Takes over the hold. */
void pool_drop(struct pool *p, struct task *t);

/* The task is over and has not been started, for this reason ("": as the task says). Takes over the hold. */
void pool_finish_unstarted(struct pool *p, struct task *t, const char *reason);

/* The same, for somebody does not want it any more. */
void pool_finish_killed(struct pool *p, struct task *t);

/* Take the output of what it runs, or leave it where it is, as is wanted now. */
void pool_pause_output(struct link *l);

/* Tasks that were given to a worker and have not been started wait again, first of all; but not those that were killed. */
void pool_give_back(struct pool *p, struct queue *tasks);

/* A task whose attempt has failed waits for the next one: its time, then its turn, first of all. */
void pool_try_again(struct pool *p, struct task *t);

/* The pool cannot go on; the first reason counts. `why` is taken over. */
void pool_fail(struct pool *p, char *why);

/* limit.c */

/* The slot's current task begins now, as far as can be known here. */
void pool_begin_current(struct slot *slot);

/* An attempt has succeeded. */
void pool_note_runtime(struct pool *p, uint64_t runtime_ns);

/* Has its current task been told to end? Then its output is taken, whoever wants it or not: the end is behind it. */
bool pool_is_ending(const struct slot *slot);

/* End what it runs, as hard as the pool's `stop` says. */
void pool_stop_slot(struct slot *slot);

/* End its current task for good, when it has begun; harder if it has been told before. */
void pool_kill_current(struct slot *slot);

/* There are not enough processes, fds or memory (`error`) for more than what is busy now: wait with the rest. `failed` is the
 * slot that could not start its task; NULL: no worker could be started. */
void pool_do_with_less(struct pool *p, const struct slot *failed, int error);

/* answer.c: what the messages of a worker lead to */

void pool_on_ready(struct slot *slot);
void pool_on_output(struct slot *slot, const struct msg *m);
void pool_on_done(struct slot *slot, const struct msg *m);
void pool_on_started(struct slot *slot, uint64_t seq);
void pool_on_revoked(struct slot *slot, uint64_t seq);

/* `slot` NULL: of a worker that was told to go. */
void pool_on_note(struct pool *p, struct slot *slot, const struct msg *m);
void pool_on_last_output(struct pool *p, const struct msg *m);

/* The attempt is over: the task is finished, or waits for the next one. Takes over the hold. `slot` NULL: it was in none. */
void pool_settle(struct pool *p, const struct slot *slot, struct task *t, struct outcome *o);

/* It cannot serve, and says why. */
void pool_on_failed(struct slot *slot, struct bytes reason);

/* The worker is gone: what it ran is lost. */
void pool_on_death(struct slot *slot, bool was_ready);

#endif
