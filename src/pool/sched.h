/* SPDX-License-Identifier: MIT
 *
 * sched: who gets what next. Pure: it keeps the slots in lists by what can be done with them, and
 * answers one question; every answer costs the same however many slots there are.
 *
 * The rules, in order: a waiting task goes to an idle worker; else to a new worker, while there are fewer
 * than wanted; else it is sent ahead to a busy worker, where that is allowed and there are no more workers than wanted:
 * to one that has none ahead, else to those that have room by turns. When nothing waits and a worker idles, what was sent
 * ahead elsewhere is called back, first from where there is most and where it has waited longest.
 */
#ifndef POOL_SCHED_H
#define POOL_SCHED_H

#include <stdbool.h>
#include <stddef.h>

#include "pool/slot.h"

/* One place for a worker as sched sees it; part of the pool's own record. */
struct sched_slot {
	enum slot_state state;
	struct slot_load load;
	bool no_more; /* takes no task beyond what it has: it is about to be replaced, or not listened to */
	struct sched_slot *prev, *next;
};

struct sched_list {
	struct sched_slot *first, *last;
	size_t count;
};

struct sched {
	struct sched_list in[SLOT_STATE_COUNT];
	size_t workers; /* slots that are not EMPTY */
};

enum sched_verb {
	SCHED_WAIT,   /* nothing to do until something happens */
	SCHED_ASSIGN, /* give a waiting task to `slot`, idle or busy */
	SCHED_ATTACH, /* a new worker is wanted */
	SCHED_CALL_BACK, /* some of what was sent ahead to `slot` */
};

struct sched_question {
	size_t waiting; /* tasks */
	size_t wanted;  /* workers, at most */
	bool ahead;     /* may a task be sent ahead? */
	bool call_back; /* may one be called back? */
};

struct sched_answer {
	enum sched_verb verb;
	struct sched_slot *slot;
};

/* Enter a slot, EMPTY. */
void sched_add(struct sched *s, struct sched_slot *slot);

/* Let `event` happen to the slot, whose load is what it is after it; an impossible one is a bug. */
void sched_event(struct sched *s, struct sched_slot *slot, enum slot_event event);

struct sched_answer sched_ask(const struct sched *s, const struct sched_question *q);

#endif
